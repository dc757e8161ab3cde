//! parhelion-azure-pipelines
