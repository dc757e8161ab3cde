//! What house.md 4 claims, tried on two toy stores that mail each other.

mod claims;
mod random;
mod toys;
