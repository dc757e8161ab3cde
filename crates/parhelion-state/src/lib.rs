//! parhelion-state
