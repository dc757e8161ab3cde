//! The cross-surface tests; one binary, one link. Every test has a server of its own, and all run in parallel.

#[cfg(test)]
mod azure_at_once;
#[cfg(test)]
mod azure_git;
#[cfg(test)]
mod azure_rows;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod classify;
#[cfg(test)]
mod codepipeline;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod control;
#[cfg(test)]
mod house;
#[cfg(test)]
mod kudu;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod service_hooks;
