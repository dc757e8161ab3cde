//! Query strings of the control API: every member is known by name, or the call is refused.

use crate::units;
use parhelion_http::Problem;
use percent_encoding::percent_decode_str;
use std::str::FromStr;
use std::time::Duration;

/// The members of a query string, decoded.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

/// A 400 that says what is wrong.
pub fn refused(detail: impl Into<String>) -> Problem {
    Problem::new(400, "Bad request", detail)
}

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// When it has a member that is not among `known`, one twice, or bytes that are no UTF-8.
    pub fn parse(query: Option<&str>, known: &[&str]) -> Result<Query, Problem> {
        let mut members: Vec<(String, String)> = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(refused(format!("unknown query member \"{name}\"; known here: {known}")));
            }
            if members.iter().any(|(there, _)| *there == name) {
                return Err(refused(format!("query member \"{name}\" stands twice")));
            }
            members.push((name, value));
        }
        Ok(Query(members))
    }
    /// A member, if it is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(there, _)| there == name)
            .map(|(_, value)| value.as_str())
            .filter(|v| !v.is_empty())
    }
    /// Whether `member` is absent or equals the value.
    pub fn admits(&self, member: &str, value: &str) -> bool {
        self.get(member).is_none_or(|wanted| wanted == value)
    }
    /// Whether `tenant` is absent or names this one. Clouds that let a tenant be written in any case keep it in one.
    pub fn admits_tenant(&self, tenant: &str) -> bool {
        self.get("tenant").is_none_or(|wanted| wanted.eq_ignore_ascii_case(tenant))
    }
    /// A member read as a number or the like.
    pub fn read<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let read = |text: &str| text.parse().map_err(|_| refused(format!("{name}={text} cannot be read")));
        self.get(name).map(read).transpose()
    }
    /// `limit`: 1 to 1 000, 100 when not given.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.read::<usize>("limit")? {
            None => Ok(100),
            Some(n @ 1..=1000) => Ok(n),
            Some(n) => Err(refused(format!("limit={n} is out of range: 1 to 1000"))),
        }
    }
    /// A real time to wait; `None` when not given.
    pub fn wait(&self, name: &str) -> Result<Option<Duration>, Problem> {
        self.get(name).map(units::wait).transpose().map_err(refused)
    }
}

/// Percent-decoded, `+` being a space.
fn decoded(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(Into::into).map_err(|_| refused("the query string is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_double_members_are_refused_by_name() {
        let said = |q| Query::parse(Some(q), &["a", "limit"]).unwrap_err().into_response().status();
        assert_eq!(
            (said("b=1"), said("a=1&a=2"), said("a=%ff")),
            (400.try_into().unwrap(), 400.try_into().unwrap(), 400.try_into().unwrap())
        );
        let query = Query::parse(Some("a=x%2Fy+z&limit=7"), &["a", "limit"]).unwrap();
        assert_eq!((query.get("a"), query.limit().unwrap()), (Some("x/y z"), 7));
        assert!(Query::parse(Some("limit=0"), &["limit"]).unwrap().limit().is_err());
    }
}
