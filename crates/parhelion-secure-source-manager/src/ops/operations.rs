//! Long-running operations, a mixin that all services of the cloud share.

use crate::{
    domain::{lro, names::Name, names::Place, pages::page},
    error::Error,
    proto::longrunning::{
        CancelOperationRequest, DeleteOperationRequest, GetOperationRequest, ListOperationsRequest,
        ListOperationsResponse, Operation as Message,
    },
    store::SsmStore,
};
use parhelion_state::{Operation, Query, Tx, View};

const COLLECTION: &str = "operations";

/// Lists the operations of a location by name; names begin with the time.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.operations/list
pub struct ListOperations;
impl Query for ListOperations {
    const NAME: &'static str = "ListOperations";
    type Store = SsmStore;
    type Input = ListOperationsRequest;
    type Output = ListOperationsResponse;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: ListOperationsRequest,
        _: &View<'_>,
    ) -> Result<ListOperationsResponse, Error> {
        let place = Place::parse("name", &input.name)?;
        // CHOICE: the one filter.
        let wanted = match input.filter.replace(' ', "").as_str() {
            "" => None,
            "done=true" => Some(true),
            "done=false" => Some(false),
            _ => return Err(Error::field("filter", "must be done=true or done=false.")),
        };
        let of = store.operations.iter().filter(|((location, _), record)| {
            *location == place.location && wanted.is_none_or(|done| done == record.wait.is_none())
        });
        let all = of.map(|(key, record)| lro::to_message(key, record)).collect();
        let question = [COLLECTION, &place.to_string(), &input.filter];
        let (operations, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListOperationsResponse { operations, next_page_token, unreachable: Vec::new() })
    }
}

/// Tells of one operation.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.operations/get
pub struct GetOperation;
impl Query for GetOperation {
    const NAME: &'static str = "GetOperation";
    type Store = SsmStore;
    type Input = GetOperationRequest;
    type Output = Message;
    type Error = Error;

    fn run(store: &SsmStore, input: GetOperationRequest, _: &View<'_>) -> Result<Message, Error> {
        let key = Name::parse("name", &input.name, COLLECTION)?.key();
        let record = store.operations.get(&key).ok_or(Error::NotFound(input.name))?;
        Ok(lro::to_message(&key, record))
    }
}

/// Asks an operation to stop: a done one stays as it is.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.operations/cancel
pub struct CancelOperation;
impl Operation for CancelOperation {
    const NAME: &'static str = "CancelOperation";
    type Store = SsmStore;
    type Input = CancelOperationRequest;
    type Output = ();
    type Error = Error;

    fn run(store: &mut SsmStore, input: CancelOperationRequest, tx: &mut Tx<'_>) -> Result<(), Error> {
        let key = Name::parse("name", &input.name, COLLECTION)?.key();
        if lro::cancel(store, &key, tx) { Ok(()) } else { Err(Error::NotFound(input.name)) }
    }
}

/// Forgets an operation.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.operations/delete
pub struct DeleteOperation;
impl Operation for DeleteOperation {
    const NAME: &'static str = "DeleteOperation";
    type Store = SsmStore;
    type Input = DeleteOperationRequest;
    type Output = ();
    type Error = Error;

    fn run(store: &mut SsmStore, input: DeleteOperationRequest, _: &mut Tx<'_>) -> Result<(), Error> {
        let key = Name::parse("name", &input.name, COLLECTION)?.key();
        // CHOICE: one that is under way is not forgotten; nobody could end it any more.
        if store.open_operations.contains_key(&key) {
            return Err(Error::state(input.name, "The operation is not done; cancel it first."));
        }
        store.operations.remove(&key).ok_or(Error::NotFound(input.name))?;
        let number = store.operation_order.iter().find(|(_, k)| ***k == key).map(|(n, _)| *n);
        if let Some(number) = number {
            store.operation_order.remove(&number);
        }
        Ok(())
    }
}
