//! The cross-surface tests; one binary, one link.
