//! What house.md 4 claims, tried on two toy stores that mail each other.

mod claims;
mod edges;
mod random;
mod script;
mod toys;
