//! parhelion-delivery
