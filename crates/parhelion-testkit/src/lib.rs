//! parhelion-testkit
