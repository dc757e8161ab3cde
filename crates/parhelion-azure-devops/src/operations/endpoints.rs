//! Service endpoints.

use super::{
    Run::{Read, Write},
    *,
};
use crate::{ops::endpoints, wire::locations::id};

/// Service endpoints.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(endpoints::Create::NAME, "POST /{organization}/_apis/serviceendpoint/endpoints", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/create"), 200, Write(writes::<endpoints::Create>)),
    row(endpoints::CreateInProject::NAME, "POST /{organization}/{project}/_apis/serviceendpoint/endpoints", id::PROJECT_ENDPOINTS,
        doc!("serviceendpoint/endpoints/create"), 200, Write(writes::<endpoints::CreateInProject>)),
    row(endpoints::List::NAME, "GET /{organization}/{project}/_apis/serviceendpoint/endpoints", id::PROJECT_ENDPOINTS,
        doc!("serviceendpoint/endpoints/get-service-endpoints"), 200, Read(reads::<endpoints::List>)),
    row(endpoints::Get::NAME, "GET /{organization}/{project}/_apis/serviceendpoint/endpoints/{endpointId}", id::PROJECT_ENDPOINTS,
        doc!("serviceendpoint/endpoints/get"), 200, Read(reads::<endpoints::Get>)),
    row(endpoints::Update::NAME, "PUT /{organization}/_apis/serviceendpoint/endpoints/{endpointId}", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/update-service-endpoint"), 200, Write(writes::<endpoints::Update>)),
    row(endpoints::UpdateMany::NAME, "PUT /{organization}/_apis/serviceendpoint/endpoints", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/update-service-endpoints"), 200, Write(writes::<endpoints::UpdateMany>)),
    row(endpoints::Share::NAME, "PATCH /{organization}/_apis/serviceendpoint/endpoints/{endpointId}", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/share-service-endpoint"), 204, Write(writes::<endpoints::Share>)),
    row(endpoints::Delete::NAME, "DELETE /{organization}/_apis/serviceendpoint/endpoints/{endpointId}", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/delete"), 204, Write(writes::<endpoints::Delete>)),
    row(endpoints::Types::NAME, "GET /{organization}/_apis/serviceendpoint/types", id::ENDPOINT_TYPES,
        doc!("serviceendpoint/types/list"), 200, Read(reads::<endpoints::Types>)),
    row(endpoints::History::NAME, "GET /{organization}/{project}/_apis/serviceendpoint/{endpointId}/executionhistory", id::ENDPOINT_HISTORY,
        doc!("serviceendpoint/executionhistory/list"), 200, Read(reads::<endpoints::History>)),
];
