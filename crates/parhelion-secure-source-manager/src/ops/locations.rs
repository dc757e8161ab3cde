//! Locations, a mixin that all services of the cloud share.

use crate::{
    domain::{names, pages::page},
    error::Error,
    proto::location::{GetLocationRequest, ListLocationsRequest, ListLocationsResponse, Location},
    store::SsmStore,
};
use parhelion_state::{Query, View};
use std::collections::BTreeMap;

/// CHOICE: a handful of regions; names of others are accepted all the same.
const LOCATIONS: [&str; 12] = [
    "asia-east1",
    "asia-northeast1",
    "australia-southeast1",
    "europe-west1",
    "europe-west2",
    "europe-west4",
    "me-central2",
    "me-west1",
    "northamerica-northeast1",
    "us-central1",
    "us-east1",
    "us-west1",
];

fn location(project: &str, id: &str) -> Location {
    Location {
        name: format!("projects/{project}/locations/{id}"),
        location_id: id.to_owned(),
        display_name: id.to_owned(),
        labels: BTreeMap::from([("cloud.googleapis.com/region".to_owned(), id.to_owned())]),
        metadata: None,
    }
}

/// Lists the locations of a project.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations/list
pub struct ListLocations;
impl Query for ListLocations {
    const NAME: &'static str = "ListLocations";
    type Store = SsmStore;
    type Input = ListLocationsRequest;
    type Output = ListLocationsResponse;
    type Error = Error;

    fn run(_: &SsmStore, input: ListLocationsRequest, _: &View<'_>) -> Result<ListLocationsResponse, Error> {
        let project = match input.name.strip_prefix("projects/") {
            Some(project) if names::valid_project(project) => project,
            _ => return Err(Error::field("name", "must have the form projects/*.")),
        };
        if !input.filter.is_empty() {
            return Err(Error::field("filter", "is not supported."));
        }
        let all = LOCATIONS.iter().map(|id| location(project, id)).collect();
        let question = ["locations", &input.name];
        let (locations, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListLocationsResponse { locations, next_page_token })
    }
}

/// Tells of one location.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations/get
pub struct GetLocation;
impl Query for GetLocation {
    const NAME: &'static str = "GetLocation";
    type Store = SsmStore;
    type Input = GetLocationRequest;
    type Output = Location;
    type Error = Error;

    fn run(_: &SsmStore, input: GetLocationRequest, _: &View<'_>) -> Result<Location, Error> {
        let place = names::Place::parse("name", &input.name)?;
        if LOCATIONS.contains(&place.location.as_str()) {
            Ok(location(&place.project, &place.location))
        } else {
            Err(Error::NotFound(input.name))
        }
    }
}
