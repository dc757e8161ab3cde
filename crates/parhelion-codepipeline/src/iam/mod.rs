//! IAM and STS, as far as suites need them that create a pipeline's role first: five calls on roles, one on the
//! caller, in AWS's Query protocol (a form in, XML out).
//!
//! Roles are kept per account, whatever the region, in a store of their own ([`store`]); CreatePipeline and
//! UpdatePipeline look at it through [`roles`]. Requests are told apart by the service that they are signed for.
//! Start reading at [`ops`] (the table).

mod answer;
mod error;
mod form;
mod ops;
pub mod roles;
pub mod store;

use crate::auth::Gate;
use crate::domain::place::Place;
use crate::wire::sigv4::{Claim, verify};
use http::request::Parts;
use parhelion_core::{Call, OperationInfo, limits, text::prefix};
use parhelion_http::{Head, Named, Request, Response, read_body};
use parhelion_state::World;

use error::Error;
use form::Form;

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Identity and Access Management.
    Iam,
    /// Security Token Service.
    Sts,
}

impl Service {
    /// The service that a request is signed for, when it is one of these.
    pub fn of(parts: &Parts) -> Option<Service> {
        match Claim::of(parts).service()? {
            "iam" => Some(Service::Iam),
            "sts" => Some(Service::Sts),
            _ => None,
        }
    }
    /// Its name among the services whose signatures are verified.
    fn signed(self) -> verify::Service {
        match self {
            Service::Iam => verify::Service::Iam,
            Service::Sts => verify::Service::Sts,
        }
    }
    /// The version of its API.
    fn version(self) -> &'static str {
        match self {
            Service::Iam => "2010-05-08",
            Service::Sts => "2011-06-15",
        }
    }
}

/// The tables of both without their functions: for coverage.
pub fn infos() -> impl Iterator<Item = OperationInfo> {
    ops::TABLE.iter().map(|row| row.info)
}

/// Answers a call of either service.
pub async fn serve(request: Request, service: Service, gate: Gate<'_>) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts);
    let place = Claim::of(&parts).place();
    let call = Call { caller: place.caller_arn(), ..head.call() };
    let form = match read_body(body, limits::BODY_BYTES).await {
        Ok(bytes) => match gate.admit(&parts, service.signed(), &bytes) {
            Ok(_) => Form::read(parts.uri.query().unwrap_or(""), &bytes),
            Err(denied) => Err(Error::denied(&denied)),
        },
        Err(error) => Err(error.into()),
    };
    let action = form.as_ref().ok().and_then(|form| form.get("Action")).unwrap_or("").to_owned();
    let world = gate.worlds.find(&head.world);
    let done = match (&form, &world) {
        (Ok(form), Some(world)) => run(world, service, &action, form, &place, &call),
        (Err(error), _) => Err(error.clone()),
        // The world was opened for this request.
        (_, None) => Err(Error::internal()),
    };
    let mut response = match done {
        Ok(result) => answer::success(service, &action, result, &head.request_id),
        Err(error) => {
            if let Some(world) = &world {
                let why = format!("{}: {}", error.code, error.why.as_deref().unwrap_or(&error.message));
                crate::note_refusal(world, prefix(&action, 100), &place, &call, why);
            }
            answer::problem(service, &error, &head.request_id)
        }
    };
    let operation = prefix(&action, 100).to_owned().into();
    response.extensions_mut().insert(Named { operation, tenant: place.to_string() });
    response
}

/// The result of a call as the XML within its `…Result` element; `None` where there is no such element.
fn run(
    world: &World,
    service: Service,
    action: &str,
    form: &Form,
    place: &Place,
    call: &Call,
) -> Result<Option<String>, Error> {
    let row = ops::TABLE.iter().find(|row| row.service == service && row.info.name == action);
    let Some(row) = row else {
        return Err(Error::unknown_action(action, form.get("Version").unwrap_or(service.version())));
    };
    let input = form.input(row.input)?;
    (row.run)(world, place, call, input)
}

#[cfg(test)]
mod tests;
