//! parhelion-codepipeline

mod domain;
mod error;
mod shapes;
mod store;
mod wire;
