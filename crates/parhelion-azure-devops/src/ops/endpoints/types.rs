//! Types of service endpoints.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/serviceendpoint/types/list

use crate::{
    domain::endpoint_types::{TYPES, show},
    error::{Error, Result},
    operations::Input,
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};

/// Which of them.
pub struct Wanted {
    kind: Option<String>,
    scheme: Option<String>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let text = |name| request.query.get(name).map(str::to_owned);
        Ok(Wanted { kind: text("type"), scheme: text("scheme") })
    }
}

/// Types_List.
pub struct Types;

impl Query for Types {
    const NAME: &'static str = "Types_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(_: &AzureDevOpsStore, wanted: Wanted, _: &View<'_>) -> Result<Reply> {
        let is =
            |asked: &Option<String>, text: &str| asked.as_ref().is_none_or(|a| a.eq_ignore_ascii_case(text));
        let found = TYPES
            .iter()
            .filter(|t| is(&wanted.kind, t.name) && t.schemes.iter().any(|s| is(&wanted.scheme, s.name)));
        Ok(Reply::list(found.map(show).collect()))
    }
}
