//! parhelion-codepipeline
