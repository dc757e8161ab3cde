//! parhelion-control
