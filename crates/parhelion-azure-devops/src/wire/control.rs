//! The surface's own control calls, below `/_parhelion/surfaces/azure-devops/` (control.md 10): what the portal would
//! show of incoming webhooks.

use super::{Wire, request::Query};
use crate::{
    error::Error,
    ops::webhooks::{self, Received},
    store::{AzureDevOpsStore, Organization, WebhookDelivery},
};
use http::Method;
use parhelion_http::{Head, Named, Request, Response, answer};
use parhelion_state::World;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Items in a page when the client does not say, and at most.
const PAGE: usize = 100;
const MAX_PAGE: usize = 1_000;

/// Why a control call was refused: an RFC 9457 problem.
struct Problem {
    status: u16,
    title: &'static str,
    detail: String,
}

impl Problem {
    fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        Problem { status, title, detail: detail.into() }
    }
}

impl Wire {
    /// Answers a control call; its path begins after the surface's name.
    pub async fn control(&self, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let head = Head::of(&parts).clone();
        let done = self
            .controlled(&parts.method, parts.uri.path(), parts.uri.query().unwrap_or_default(), &head)
            .await;
        let (mut response, operation) = match done {
            Ok((status, body, operation)) => {
                (answer(status, "application/json", body.to_string()), operation)
            }
            Err(p) => {
                let body = json!({ "type": "about:blank", "title": p.title, "status": p.status, "detail": p.detail });
                (answer(p.status, "application/problem+json", body.to_string()), "")
            }
        };
        response.extensions_mut().insert(Named { operation: operation.into(), tenant: String::new() });
        response
    }

    async fn controlled(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        head: &Head,
    ) -> Result<(u16, Value, &'static str), Problem> {
        let decode = |s: &str| percent_decode_str(s).decode_utf8_lossy().into_owned();
        let segments: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(decode).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (organization, rest) = segments
            .split_first()
            .ok_or_else(|| Problem::new(404, "Not found", "The path names no organization."))?;
        let query = Parameters::read(query);
        match (method.as_str(), rest) {
            ("GET", ["webhook-deliveries"]) => {
                query.only(&["name", "pipeline_id", "limit", "after"])?;
                let (name, pipeline) = (query.text("name"), query.number("pipeline_id")?);
                let page = self.read(organization, head, |store| {
                    query.page(webhooks::deliveries(store, name, pipeline), webhooks::delivery)
                })?;
                Ok((200, page?, "webhook-deliveries"))
            }
            ("GET", ["trigger-issues"]) => {
                query.only(&["pipeline_id", "limit", "after"])?;
                let pipeline = query.number("pipeline_id")?;
                let page = self.read(organization, head, |store| {
                    query.page(webhooks::issues(store, pipeline), webhooks::trigger_issue)
                })?;
                Ok((200, page?, "trigger-issues"))
            }
            ("POST", ["webhook-deliveries", id, "redeliver"]) => {
                query.only(&[])?;
                self.redeliver(organization, id, head).await.map(|record| (201, record, "redeliver"))
            }
            (_, ["webhook-deliveries" | "trigger-issues"] | ["webhook-deliveries", _, "redeliver"]) => {
                Err(Problem::new(
                    405,
                    "Method not allowed",
                    format!("{method} is not one of this path's methods."),
                ))
            }
            _ => Err(Problem::new(
                404,
                "Not found",
                "azure-devops has webhook-deliveries, trigger-issues and webhook-deliveries/{id}/redeliver below an organization.",
            )),
        }
    }

    fn found(&self, organization: &str, head: &Head) -> Result<(Arc<World>, Organization), Problem> {
        let unknown =
            || Problem::new(404, "Not found", format!("The organization {organization} does not exist."));
        let world = self.worlds.find(&head.world).ok_or_else(unknown)?;
        let key: Organization = organization.parse().map_err(|_| unknown())?;
        if self.exists(&world, &key) { Ok((world, key)) } else { Err(unknown()) }
    }

    fn read<T>(
        &self,
        organization: &str,
        head: &Head,
        f: impl FnOnce(&AzureDevOpsStore) -> T,
    ) -> Result<T, Problem> {
        let (world, key) = self.found(organization, head)?;
        Ok(world.shelf::<AzureDevOpsStore>().read(&key, &head.call(), |store, _| f(store)))
    }

    fn record(
        &self,
        organization: &str,
        id: &Uuid,
        head: &Head,
    ) -> Result<Option<Arc<WebhookDelivery>>, Problem> {
        // The newest is the likeliest.
        self.read(organization, head, |store| store.deliveries.values().rev().find(|d| d.id == *id).cloned())
    }

    /// The same bytes and headers once more, as a new delivery.
    async fn redeliver(&self, organization: &str, id: &str, head: &Head) -> Result<Value, Problem> {
        let (world, key) = self.found(organization, head)?;
        let unknown = || Problem::new(404, "Not found", format!("There is no webhook delivery {id}."));
        let wanted = Uuid::parse_str(id).map_err(|_| unknown())?;
        let first = self.record(organization, &wanted, head)?.ok_or_else(unknown)?;
        if first.status == 413 {
            return Err(Problem::new(409, "Conflict", "The body of that delivery was too large to be kept."));
        }
        let received = Received {
            name: first.name.clone(),
            headers: first.headers.clone(),
            body: Some(first.body.0.clone()),
            redelivery_of: Some(first.id),
        };
        match webhooks::receive(&self.tenant(world, key, head.call()), received).await {
            Ok(taken) => self
                .record(organization, &taken.id, head)?
                .ok_or_else(unknown)
                .map(|d| webhooks::delivery(&d)),
            Err(error @ Error::WebhookUnknown { .. }) => {
                Err(Problem::new(409, "Conflict", error.to_string()))
            }
            Err(error) => Err(Problem::new(error.status(), "Not delivered", error.to_string())),
        }
    }
}

/// A control call's query: members that it does not know are refused by name.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(query: &str) -> Self {
        let names =
            query.split('&').filter(|p| !p.is_empty()).map(|p| p.split('=').next().unwrap_or_default());
        let values = Query::read(query);
        Parameters(names.map(|n| (n.to_owned(), values.get(n).unwrap_or_default().to_owned())).collect())
    }
    fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let other = self.0.iter().find(|(name, _)| !known.contains(&name.as_str()));
        other.map_or(Ok(()), |(name, _)| {
            Err(Problem::new(
                400,
                "Unknown query member",
                format!("This call knows no query member \"{name}\"."),
            ))
        })
    }
    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let bad =
            || Problem::new(400, "Bad query member", format!("\"{name}\" is not a number in its range."));
        self.text(name).map(|v| v.parse().map_err(|_| bad())).transpose()
    }
    /// `{"items":[…],"next":"…"}`: only what is on the page is made into JSON.
    fn page<'s, T: 's>(
        &self,
        items: impl Iterator<Item = (u64, &'s T)>,
        show: fn(&T) -> Value,
    ) -> Result<Value, Problem> {
        let limit = self.number("limit")?.unwrap_or(PAGE).clamp(1, MAX_PAGE);
        let after: u64 = self.number("after")?.unwrap_or(0);
        let mut rest = items.filter(|(n, _)| *n > after);
        let page: Vec<(u64, &T)> = rest.by_ref().take(limit).collect();
        let next = rest.next().and(page.last().map(|(n, _)| n.to_string()));
        let items: Vec<Value> = page.into_iter().map(|(_, item)| show(item)).collect();
        Ok(match next {
            Some(next) => json!({ "items": items, "next": next }),
            None => json!({ "items": items }),
        })
    }
}
