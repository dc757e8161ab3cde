//! parhelion-kudu
