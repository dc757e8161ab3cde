//! A partition: what bucket names are one space in.

use crate::domain::place::Place;
use parhelion_core::TenantKey;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// `aws`, `aws-cn` or `aws-us-gov`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Partition {
    /// All regions but those of the others.
    Aws,
    /// China.
    China,
    /// The government of the United States.
    UsGov,
}

/// A text that is no partition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a partition is aws, aws-cn or aws-us-gov")]
pub struct NoPartition;

impl Partition {
    const ALL: [Partition; 3] = [Partition::Aws, Partition::China, Partition::UsGov];

    /// As ARNs begin.
    pub fn name(self) -> &'static str {
        match self {
            Partition::Aws => "aws",
            Partition::China => "aws-cn",
            Partition::UsGov => "aws-us-gov",
        }
    }
    /// The partition that a place lies in.
    pub fn of(place: &Place) -> Partition {
        Self::ALL.into_iter().find(|p| p.name() == place.partition()).unwrap_or(Partition::Aws)
    }
}

impl FromStr for Partition {
    type Err = NoPartition;
    fn from_str(text: &str) -> Result<Self, NoPartition> {
        Self::ALL.into_iter().find(|partition| partition.name() == text).ok_or(NoPartition)
    }
}
impl TryFrom<String> for Partition {
    type Error = NoPartition;
    fn try_from(text: String) -> Result<Self, NoPartition> {
        text.parse()
    }
}
impl From<Partition> for String {
    fn from(partition: Partition) -> String {
        partition.name().to_owned()
    }
}
impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
impl TenantKey for Partition {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_read_as_they_are_written() {
        let place = Place::new("123456789012", "us-gov-west-1").unwrap();
        let partition = Partition::of(&place);
        assert_eq!(partition.to_string().parse(), Ok(partition));
        assert_eq!(Partition::of(&Place::default()).to_string(), "aws");
        for bad in ["", "aws-x", "123456789012/us-east-1"] {
            assert_eq!(bad.parse::<Partition>(), Err(NoPartition));
        }
    }
}
