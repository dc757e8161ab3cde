//! The table of operations: route, location, what runs it, what stands behind it.
//!
//! To add one: its location in `wire/locations.rs`, a row in its part of the
//! table (`operations/`), its file in `ops/`, error variants if new.

use crate::{
    error::{Error, Result},
    store::AzureDevOpsStore,
    tenant::Tenant,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{OperationInfo, Standing};
use parhelion_state::{Operation, Query, Tx, View};
use std::{future::Future, pin::Pin};

/// An operation, its way in and its way out.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Name, route, documentation, standing.
    pub info: OperationInfo,
    /// The id of its location.
    pub location: &'static str,
    /// Whether the project may be left out of the path.
    pub project_optional: bool,
    /// The status of a successful answer.
    pub status: u16,
    /// What runs it.
    pub run: Run,
}

/// What runs an operation.
#[derive(Clone, Copy)]
pub enum Run {
    /// Reads one instant.
    Read(fn(&AzureDevOpsStore, &ApiRequest, &View<'_>) -> Result<Reply>),
    /// Writes.
    Write(fn(&mut AzureDevOpsStore, &ApiRequest, &mut Tx<'_>) -> Result<Reply>),
    /// Works outside the state first or afterwards (git).
    Work(fn(Tenant, ApiRequest) -> Working),
    /// The public webhook endpoint, which has a way of its own (`wire/webhook.rs`).
    Webhook,
}

/// Work under way.
pub type Working = Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Run::Read(_) => "Read",
            Run::Write(_) => "Write",
            Run::Work(_) => "Work",
            Run::Webhook => "Webhook",
        })
    }
}

impl Row {
    /// The HTTP method.
    pub fn method(&self) -> &'static str {
        self.info.route.split_once(' ').map_or("", |(m, _)| m)
    }
    /// The path's template.
    pub fn path(&self) -> &'static str {
        self.info.route.split_once(' ').map_or("", |(_, p)| p)
    }
}

/// An operation's input, read from a call.
pub trait Input: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it cannot be read.
    fn read(request: &ApiRequest) -> Result<Self>;
}

fn reads<Q>(store: &AzureDevOpsStore, request: &ApiRequest, view: &View<'_>) -> Result<Reply>
where
    Q: Query<Store = AzureDevOpsStore, Output = Reply, Error = Error, Input: Input>,
{
    Q::run(store, Q::Input::read(request)?, view)
}

fn writes<O>(store: &mut AzureDevOpsStore, request: &ApiRequest, tx: &mut Tx<'_>) -> Result<Reply>
where
    O: Operation<Store = AzureDevOpsStore, Output = Reply, Error = Error, Input: Input>,
{
    O::run(store, O::Input::read(request)?, tx)
}

/// An operation that works outside the state.
pub trait Work {
    /// The API's name for it.
    const NAME: &'static str;
    /// What it takes.
    type Input: Input + Send + 'static;
    /// Runs it.
    fn run(tenant: &Tenant, input: Self::Input) -> impl Future<Output = Result<Reply>> + Send;
}

fn works<W: Work + 'static>(tenant: Tenant, request: ApiRequest) -> Working {
    Box::pin(async move {
        let input = W::Input::read(&request)?;
        drop(request);
        W::run(&tenant, input).await
    })
}

/// The vendor's page of an operation.
macro_rules! doc {
    ($page:literal) => {
        concat!(
            "https://learn.microsoft.com/en-us/rest/api/azure/devops/",
            $page,
            "?view=azure-devops-rest-7.1"
        )
    };
}

mod checks;
mod definitions;
mod endpoints;
mod git;
mod hooks;
mod library;
mod organization;
mod runs;

const fn row(
    name: &'static str,
    route: &'static str,
    location: &'static str,
    doc: &'static str,
    status: u16,
    run: Run,
) -> Row {
    let info = OperationInfo { name, route, doc, standing: Standing::Real };
    Row { info, location, project_optional: false, status, run }
}
const fn simulated(row: Row) -> Row {
    Row { info: OperationInfo { standing: Standing::Simulated, ..row.info }, ..row }
}
// OBSERVED: calls of the clients may leave the project out, of git when the repository is named by its id, and of a
// build's stages.
const fn anywhere(row: Row) -> Row {
    Row { project_optional: true, ..row }
}
/// The rows in their parts, in the order in which routes are tried.
const PARTS: &[&[Row]] = &[
    organization::ROWS,
    endpoints::ROWS,
    definitions::ROWS,
    // What stands below `pipelines` comes before a pipeline of that name.
    checks::ROWS,
    runs::ROWS,
    git::ROWS,
    library::ROWS,
    hooks::ROWS,
];

const COUNT: usize = {
    let (mut count, mut part) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

static TABLE: [Row; COUNT] = {
    let mut table = [organization::ROWS[0]; COUNT];
    let (mut at, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut i = 0;
        while i < PARTS[part].len() {
            table[at] = PARTS[part][i];
            (at, i) = (at + 1, i + 1);
        }
        part += 1;
    }
    table
};

/// All operations.
pub static ROWS: &[Row] = &TABLE;

/// Their facts, for coverage and documentation.
pub static INFOS: [OperationInfo; COUNT] = {
    let mut infos = [TABLE[0].info; COUNT];
    let mut i = 1;
    while i < COUNT {
        infos[i] = TABLE[i].info;
        i += 1;
    }
    infos
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::locations;

    /// A location's template with area and resource put in, as a client would.
    fn filled(location: &locations::Location) -> Vec<String> {
        let template = format!("{{organization}}/{}", location.template);
        let put = |s: &str| match s {
            "{area}" => location.area.to_lowercase(),
            "{resource}" => location.resource.to_lowercase(),
            s => s.to_lowercase(),
        };
        template.split('/').map(put).collect()
    }

    #[test]
    fn every_route_is_its_published_location() {
        for row in ROWS {
            let whole = filled(locations::by_id(row.location).unwrap());
            let route: Vec<String> = row.path()[1..].split('/').map(str::to_lowercase).collect();
            // The variables at the template's end are optional.
            let left_out = whole.get(route.len()..).unwrap_or_default();
            let optional = left_out.iter().all(|s| s.starts_with('{'));
            assert!(whole.starts_with(&route) && optional, "{}: {route:?} {whole:?}", row.info.name);
        }
    }

    #[test]
    fn every_location_has_an_operation() {
        for location in locations::LOCATIONS {
            assert!(ROWS.iter().any(|r| r.location == location.id), "{}", location.template);
        }
    }

    #[test]
    fn no_two_rows_answer_the_same() {
        let mut seen = std::collections::BTreeSet::new();
        for row in ROWS {
            assert!(seen.insert(row.info.route.to_lowercase()), "{}", row.info.route);
        }
    }
}
