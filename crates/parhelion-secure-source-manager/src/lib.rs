//! parhelion-secure-source-manager
