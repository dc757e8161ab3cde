//! parhelion
