//! parhelion-azure-devops
