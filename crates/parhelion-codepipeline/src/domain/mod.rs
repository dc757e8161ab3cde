//! Rules that more than one operation needs.

pub mod place;
