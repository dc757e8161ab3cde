//! The publish profile of a site: what deployment tools read user and password from.

use super::Ask;
use crate::domain::record_files::escaped;
use crate::ops::site::password::GetPassword;
use crate::store::KuduStore;
use parhelion_http::{Response, answer, problem};
use parhelion_state::Operation;

/// `<publishData>` with a profile for Web Deploy and one for deployments by zip.
pub fn get(ask: &Ask) -> Response {
    if ask.is_full() {
        return problem(503, "Unavailable", "there are as many sites in this world as it may have");
    }
    let shelf = ask.world.shelf::<KuduStore>();
    let password = match shelf.write(&ask.site, &ask.call, |store, tx| GetPassword::run(store, (), tx)) {
        Ok(done) => done.value,
        Err(never) => match never {},
    };
    let site = ask.site.as_str();
    let profile = |name: &str, method: &str, more: &str| {
        format!(
            "<publishProfile profileName=\"{site} - {name}\" publishMethod=\"{method}\" publishUrl=\"{}\"{more} \
             userName=\"${site}\" userPWD=\"{}\" destinationAppUrl=\"{}\" SQLServerDBConnectionString=\"\" \
             mySQLDBConnectionString=\"\" hostingProviderForumLink=\"\" controlPanelLink=\"\" \
             webSystem=\"WebSites\"><databases /></publishProfile>",
            escaped(&scm_host(&ask.call.base, site)),
            escaped(&password),
            escaped(&format!("{}/kudu/{site}", ask.call.base)),
        )
    };
    let web = profile("Web Deploy", "MSDeploy", &format!(" msdeploySite=\"{site}\""));
    let zip = profile("Zip Deploy", "ZipDeploy", "");
    answer(200, "application/xml", format!("<publishData>{web}{zip}</publishData>"))
}

/// The site's own host, at the port that was asked: a profile holds no path that could name the site.
fn scm_host(base: &str, site: &str) -> String {
    let authority =
        base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
    let port = port.unwrap_or(if base.starts_with("https:") { "443" } else { "80" });
    format!("{site}.scm.localhost:{port}")
}
