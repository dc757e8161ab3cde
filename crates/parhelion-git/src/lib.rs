//! parhelion-git
