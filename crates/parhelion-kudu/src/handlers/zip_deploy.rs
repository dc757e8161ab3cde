//! `zipdeploy`, `wardeploy` and OneDeploy's `publish`.

use super::pushing::{Wanted, package_uri};
use super::{Answer, Ask};
use crate::domain::layout::{self, Artifact};
use crate::domain::package::Package;
use crate::error::{Error, Fault, Refusal};
use crate::store::{Content, FIRST_PAGE, FIRST_PAGE_CONTENT, KuduStore, Layout, Push, WWWROOT};
use crate::wire::answer::json;
use crate::wire::body as bodies;
use crate::wire::package::Shape;
use crate::wire::query::Query;
use parhelion_http::Body;
use serde_json::json as object;

/// The settings that let a site run from a package, and from which address.
const RUN_FROM: [&str; 3] = ["WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_RUN_FROM_ZIP", "WEBSITE_USE_ZIP"];

impl Wanted {
    /// What the query of `zipdeploy` and `wardeploy` says.
    fn of(query: &Query, deployer: &str, receiving: &str, layout: Layout) -> Result<Wanted, Refusal> {
        let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
        let or =
            |name: &str, usual: &str| query.get(name).filter(|t| !t.is_empty()).unwrap_or(usual).to_owned();
        let tracked = query.flag("trackDeploymentProgress")?;
        let push = Push {
            receiving: receiving.to_owned(),
            author: text("author"),
            author_email: text("authorEmail"),
            deployer: Some(or("deployer", deployer)),
            message: or("message", "Created via a push deployment"),
            commit: None,
            dashed_id: tracked,
            layout,
        };
        Ok(Wanted { push, shape: Shape::ZIP, is_async: query.flag("isAsync")?, tracked })
    }
}

/// `POST zipdeploy` and `PUT zipdeploy`.
pub async fn zip_deploy(ask: Ask, body: Body) -> Answer {
    let layout = Layout::Sync { clean: ask.query.flag("clean")?, below: None };
    let mut wanted = Wanted::of(&ask.query, "ZipDeploy", "Deploying from pushed zip file", layout)?;
    wanted.shape.keep_zip = match ask.runs_from() {
        RunsFrom::Files => false,
        RunsFrom::Package => true,
        RunsFrom::Address => {
            crate::wire::spool::discard(body).await?;
            return Err(Error::RunFromUrl.into());
        }
    };
    ask.push(wanted, body).await
}

/// `POST zipdeploy/validate`: what would be said of a package at an address.
pub async fn validate(ask: Ask, body: Body) -> Answer {
    let bytes = bodies::whole(body).await?;
    if !bytes.is_empty()
        && let Err(Error::PackageUri { given }) = package_uri(&bytes)
    {
        let what = if given.is_empty() { "empty" } else { "not valid" };
        return Ok(json(
            400,
            &object!({"result": format!("ZipDeploy Validation ERROR: Package URI is {what}")}),
        ));
    }
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    let settings = &version.store.settings;
    let said = RUN_FROM.iter().any(|name| settings.filled(name).is_some())
        || settings.flag("SCM_DO_BUILD_DURING_DEPLOYMENT");
    let result = match said {
        true => "",
        false => {
            "ZipDeploy Validation WARNING: It is recommended to set app setting WEBSITE_RUN_FROM_PACKAGE = 1 unless you \
             are targeting one of the following scenarios: \r\n1. Using portal editing. \r\n2. Running post deployment \
             scripts. \r\n3. Need write permission in wwwroot. \r\n4. Using custom handler with special requirements. \
             \r\nNOTE: If you decide to update app setting WEBSITE_RUN_FROM_PACKAGE = 1, you will have to re-deploy your \
             code."
        }
    };
    Ok(json(200, &object!({ "result": result })))
}

/// `POST wardeploy`: a war is unpacked into a folder of `webapps`, which holds nothing else afterwards.
pub async fn war_deploy(ask: Ask, body: Body) -> Answer {
    let name = ask.query.get("name").map(str::trim).filter(|name| !name.is_empty()).unwrap_or("ROOT");
    let webapps = format!("{WWWROOT}webapps");
    let root = layout::under(&webapps, name).filter(|root| {
        // CHOICE: the real service would write wherever the name leads.
        root.strip_prefix(&webapps).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
    });
    let Some(root) = root else { return Err(Refusal::BadQuery.into()) };
    let layout = Layout::Place { root, clean: true, one_deploy: false };
    let wanted = Wanted::of(&ask.query, "WarDeploy", "Deploying from pushed war file", layout)?;
    ask.push(wanted, body).await
}

/// `POST publish` and `PUT publish`: OneDeploy. Author, message and deployer of the query are ignored.
pub async fn one_deploy(ask: Ask, body: Body) -> Answer {
    let query = &ask.query;
    let flag = |name: &str| query.get(name).filter(|text| !text.trim().is_empty()).map(|_| query.flag(name));
    let artifact = Artifact {
        kind: query.get("type").unwrap_or_default().trim().to_owned(),
        path: query.get("path").unwrap_or_default().to_owned(),
        clean: flag("clean").transpose()?,
    };
    query.flag("restart")?;
    let tracked = query.flag("trackDeploymentProgress")?;
    let push = |layout| Push {
        receiving: "OneDeploy".to_owned(),
        author: String::new(),
        author_email: String::new(),
        deployer: Some("OneDeploy".to_owned()),
        message: "OneDeploy".to_owned(),
        commit: None,
        dashed_id: tracked,
        layout,
    };
    let is_async = query.flag("async")?;
    if artifact.kind.is_empty() && query.flag("reset")? {
        crate::wire::spool::discard(body).await?;
        let root = WWWROOT.trim_end_matches('/').to_owned();
        let push = push(Layout::Place { root, clean: true, one_deploy: true });
        let page = Content::new(bytes::Bytes::from_static(FIRST_PAGE_CONTENT.as_bytes()));
        let (bytes, file) = (page.size(), (page.hash(), page));
        let package = Package { files: [(FIRST_PAGE.to_owned(), file)].into(), bytes, zip: None };
        return ask.push_package(Wanted { push, shape: Shape::ZIP, is_async, tracked }, Ok(package)).await;
    }
    let checked = ask.stack_takes(&artifact.kind).and_then(|()| layout::of(&artifact));
    let destination = match checked {
        Ok(destination) => destination,
        Err(why) => {
            crate::wire::spool::discard(body).await?;
            ask.note("deployment.refused", &format!("site:{}", ask.site), &format!("refused: {why}"));
            return Err(Fault::from(Error::Artifact(why)));
        }
    };
    let shape = Shape { unpack: destination.unpack, at: destination.at, keep_zip: false };
    ask.push(Wanted { push: push(destination.layout), shape, is_async, tracked }, body).await
}

/// What a site runs from.
enum RunsFrom {
    Files,
    Package,
    Address,
}

impl Ask {
    fn runs_from(&self) -> RunsFrom {
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let said = RUN_FROM.iter().find_map(|name| version.store.settings.filled(name));
        match said {
            Some(text) if text.to_ascii_lowercase().starts_with("http") => RunsFrom::Address,
            Some("1") => RunsFrom::Package,
            _ => RunsFrom::Files,
        }
    }

    /// Whether the site's stack takes a type of artifact; why not.
    fn stack_takes(&self, kind: &str) -> Result<(), String> {
        let (shown, stacks): (_, &[&str]) = match kind.to_ascii_lowercase().as_str() {
            "war" => ("War", &["TOMCAT", "JBOSSEAP"]),
            "jar" => ("Jar", &["JAVA"]),
            "ear" => ("Ear", &["JBOSSEAP"]),
            _ => return Ok(()),
        };
        if self.query.flag("ignoreStack").unwrap_or(false) {
            return Ok(());
        }
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let stack = version.store.settings.filled("WEBSITE_STACK").unwrap_or_default();
        // CHOICE: a stack that nobody set takes everything, unless that is asked for.
        if stack.is_empty() && !self.settings.strict_stack
            || stacks.iter().any(|known| known.eq_ignore_ascii_case(stack))
        {
            return Ok(());
        }
        let wanted = stacks.join(" or ");
        Err(format!(
            "Artifact type = '{shown}' cannot be deployed to stack = '{stack}'. Site should be configured to run with \
             stack = {wanted}"
        ))
    }
}
