//! parhelion-codepipeline

mod domain;
mod shapes;
mod wire;
