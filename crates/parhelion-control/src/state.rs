//! Looking at state and emptying it (control.md 4).

use crate::ask::{Answer, Ask, done, ok, unknown};
use crate::query::refused;
use parhelion_core::Event;
use parhelion_state::Scope;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What part of the world a call is about: all, a surface, or a tenant of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    surface: Option<String>,
    tenant: Option<String>,
}

impl Part {
    pub fn scope(&self, ask: &Ask) -> Result<Scope<'_>, parhelion_http::Problem> {
        if let Some(surface) = &self.surface {
            ask.known_surface(surface)?;
            // A tenant that does not exist is empty already; what can be none is a slip of the pen.
            if let Some(tenant) = &self.tenant
                && ask.world.tenant_named(surface, tenant).is_none()
            {
                return Err(refused(format!("\"{tenant}\" is no name of a tenant of {surface}")));
            }
        }
        match (&self.surface, &self.tenant) {
            (None, None) => Ok(Scope::World),
            (Some(surface), None) => Ok(Scope::Surface(surface)),
            (Some(surface), Some(tenant)) => Ok(Scope::Tenant(surface, tenant)),
            (None, Some(_)) => Err(refused("\"tenant\" without its \"surface\"")),
        }
    }
    /// For the journal.
    pub fn event(&self, kind: &'static str, fact: &str) -> Event {
        let mut event = Event::new(kind, "world:state");
        let mut what = "the whole world".to_owned();
        if let Some(surface) = &self.surface {
            what = format!("surface {surface}");
            event = event.with("surface", surface.clone());
        }
        if let Some(tenant) = &self.tenant {
            what = format!("{what}, tenant {tenant}");
            event = event.with("tenant", tenant.clone());
        }
        event.fact(format!("{what} {fact}"))
    }
}

pub async fn reset(ask: Ask) -> Answer {
    let part: Part = ask.json()?;
    let scope = part.scope(&ask)?;
    ask.world.reset(scope);
    if scope == Scope::World {
        ask.desk.sinks.lock().clear();
    }
    ask.journal(part.event("control.reset", "was emptied"));
    done()
}

pub async fn list(ask: Ask) -> Answer {
    let tenants = |surface: &'static str| {
        let tenants = ask.world.tenants(surface).into_iter();
        let counted = tenants.map(|tenant| {
            let counts: Map<String, Value> = ask
                .world
                .counts(surface, &tenant)
                .into_iter()
                .map(|(table, n)| (table.to_owned(), n.into()))
                .collect();
            (tenant, Value::Object(counts))
        });
        (surface.to_owned(), Value::Object(counted.collect()))
    };
    ok(&ask.world.surfaces().into_iter().map(tenants).collect::<Map<_, _>>())
}

pub async fn get(ask: Ask) -> Answer {
    let (surface, tenant) = (ask.param(0), ask.param(1));
    ask.known_surface(surface)?;
    let secrets = ask.query.read::<bool>("secrets")?.unwrap_or(false);
    let dump = ask.world.dump(surface, tenant, secrets).ok_or_else(|| unknown("tenant", tenant))?;
    ok(&dump)
}
