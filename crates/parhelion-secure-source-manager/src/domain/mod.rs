//! Rules that more than one operation needs.

pub mod comments;
pub mod delivery;
pub mod fields;
pub mod filter;
pub mod identity;
pub mod lro;
pub mod mask;
pub mod names;
pub mod pages;
pub mod payload;
pub mod pulls;
pub mod push;
pub mod rules;
pub mod templates;
pub mod urls;
