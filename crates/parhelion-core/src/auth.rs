//! Whether credentials are verified.

use std::str::FromStr;

/// What becomes of a request's credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// They are read, to know the tenant, and not verified; a request without any is served.
    #[default]
    Permissive,
    /// They must be there and be right.
    Strict,
}

impl FromStr for Auth {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "permissive" => Ok(Auth::Permissive),
            "strict" => Ok(Auth::Strict),
            _ => Err("it is to be permissive or strict".to_owned()),
        }
    }
}
