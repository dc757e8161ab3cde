//! One operation, one place: by resource, since most are a few lines.

pub mod create_repository;
pub mod hooks;
pub mod instances;
pub mod locations;
pub mod operations;
pub mod repositories;

use crate::{operations::Scoped, proto};

/// Requests and the field that names what they are about.
macro_rules! scoped {
    ($($request:path => $($field:ident).+;)+) => {
        $(impl Scoped for $request {
            fn scope(&self) -> &str {
                &self.$($field).+
            }
        })+
    };
}

scoped! {
    proto::v1::ListInstancesRequest => parent;
    proto::v1::GetInstanceRequest => name;
    proto::v1::CreateInstanceRequest => parent;
    proto::v1::DeleteInstanceRequest => name;
    proto::v1::ListRepositoriesRequest => parent;
    proto::v1::GetRepositoryRequest => name;
    proto::v1::CreateRepositoryRequest => parent;
    proto::v1::DeleteRepositoryRequest => name;
    proto::v1::ListHooksRequest => parent;
    proto::v1::GetHookRequest => name;
    proto::v1::CreateHookRequest => parent;
    proto::v1::DeleteHookRequest => name;
    proto::longrunning::ListOperationsRequest => name;
    proto::longrunning::GetOperationRequest => name;
    proto::longrunning::CancelOperationRequest => name;
    proto::longrunning::DeleteOperationRequest => name;
    proto::location::ListLocationsRequest => name;
    proto::location::GetLocationRequest => name;
}

impl Scoped for proto::v1::UpdateRepositoryRequest {
    fn scope(&self) -> &str {
        self.repository.as_ref().map_or("", |r| &r.name)
    }
}
impl Scoped for proto::v1::UpdateHookRequest {
    fn scope(&self) -> &str {
        self.hook.as_ref().map_or("", |h| &h.name)
    }
}
