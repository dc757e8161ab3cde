//! The body that hooks of `PostDeployment` get, in its three forms.

use super::text::indented;
use super::time::iso;
use crate::settings::PayloadForm;
use crate::store::{DeployStatus, Deployment, Site};
use parhelion_core::Timestamp;
use serde_json::{Map, Value};

/// The event of a finished deployment.
pub const EVENT: &str = "PostDeployment";

/// A deployment as its hooks are told of it. Members that are null or their type's default are left out; an
/// empty string is neither.
///
/// Docs: the wiki page "Web hooks", 2014 (three names in snake_case) and 2017 (all in camelCase).
pub fn body(site: &Site, id: &str, deployment: &Deployment, form: PayloadForm, host_name: &str) -> String {
    let d = deployment;
    let times = (iso(d.start), d.end.map(iso));
    let mut body = Members(Map::new());
    if form == PayloadForm::Wiki {
        body.text("id", id);
        body.text("status", status_name(d.status));
        body.text("author_email", &d.author_email);
        body.text("author", &d.author);
        body.text("message", &d.message);
        // The page shows all eight: here nothing is left out.
        body.text("deployer", d.deployer.as_deref().unwrap_or_default());
        body.text("start_time", &times.0);
        body.text("end_time", times.1.as_deref().unwrap_or_default());
        return body.into_text();
    }
    body.text("id", id);
    if d.status != DeployStatus::Pending {
        body.text("status", status_name(d.status));
    }
    body.text("statusText", &d.status_text);
    body.text("authorEmail", &d.author_email);
    body.text("author", &d.author);
    body.text("message", &d.message);
    body.text("progress", &d.progress);
    body.some("deployer", d.deployer.clone());
    body.text("receivedTime", &iso(d.received));
    body.text("startTime", &times.0);
    body.some("endTime", times.1.clone());
    body.some("lastSuccessEndTime", d.last_success_end.map(|at: Timestamp| iso(at)));
    body.set("complete", d.complete);
    body.set("isTemporary", d.is_temp);
    body.set("isReadOnly", d.is_readonly);
    body.text("siteName", site.as_str());
    body.text("hostName", host_name);
    body.text("projectType", &d.project_type);
    body.text("vsProjectId", "");
    if form == PayloadForm::Both {
        body.text("author_email", &d.author_email);
        body.text("start_time", &times.0);
        body.some("end_time", times.1);
    }
    body.into_text()
}

/// The status as hooks name it.
fn status_name(status: DeployStatus) -> &'static str {
    match status {
        DeployStatus::Pending => "pending",
        DeployStatus::Building => "building",
        DeployStatus::Failed => "failed",
        DeployStatus::Success => "success",
    }
}

struct Members(Map<String, Value>);
impl Members {
    fn text(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.into());
    }
    fn some(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }
    fn set(&mut self, name: &str, value: bool) {
        if value {
            self.0.insert(name.to_owned(), value.into());
        }
    }
    fn into_text(self) -> String {
        indented(&Value::Object(self.0).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::parse;
    use expect_test::{Expect, expect};

    fn check(form: PayloadForm, change: impl FnOnce(&mut Deployment), expected: Expect) {
        let at = |text| parse(text).unwrap();
        let mut deployment = Deployment {
            order: 1,
            status: DeployStatus::Success,
            status_text: String::new(),
            author_email: "someone@example.com".into(),
            author: "Some One".into(),
            deployer: Some("ZipDeploy".into()),
            message: "My fix".into(),
            progress: String::new(),
            received: at("2013-06-06T01:24:15Z"),
            start: at("2013-06-06T01:24:16.5873293Z"),
            end: Some(at("2013-06-06T01:24:17.63342Z")),
            last_success_end: Some(at("2013-06-06T01:24:17.63342Z")),
            complete: true,
            is_temp: false,
            is_readonly: true,
            project_type: "BASIC".into(),
        };
        change(&mut deployment);
        let site: Site = "Site".parse().unwrap();
        let text = body(&site, "cd5bee71", &deployment, form, "site.scm.azurewebsites.net");
        assert!(text.contains("\r\n  \"") && !text.replace("\r\n", "").contains('\n'));
        expected.assert_eq(&text.replace("\r\n", "\n"));
    }

    #[test]
    fn both_forms_in_one() {
        check(
            PayloadForm::Both,
            |_| {},
            expect![[r#"
                {
                  "id": "cd5bee71",
                  "status": "success",
                  "statusText": "",
                  "authorEmail": "someone@example.com",
                  "author": "Some One",
                  "message": "My fix",
                  "progress": "",
                  "deployer": "ZipDeploy",
                  "receivedTime": "2013-06-06T01:24:15Z",
                  "startTime": "2013-06-06T01:24:16.5873293Z",
                  "endTime": "2013-06-06T01:24:17.63342Z",
                  "lastSuccessEndTime": "2013-06-06T01:24:17.63342Z",
                  "complete": true,
                  "isReadOnly": true,
                  "siteName": "site",
                  "hostName": "site.scm.azurewebsites.net",
                  "projectType": "BASIC",
                  "vsProjectId": "",
                  "author_email": "someone@example.com",
                  "start_time": "2013-06-06T01:24:16.5873293Z",
                  "end_time": "2013-06-06T01:24:17.63342Z"
                }"#]],
        );
    }

    #[test]
    fn defaults_are_left_out() {
        check(
            PayloadForm::Kudu,
            |d| {
                d.status = DeployStatus::Failed;
                d.last_success_end = None;
                d.deployer = None;
                d.is_readonly = false;
            },
            expect![[r#"
                {
                  "id": "cd5bee71",
                  "status": "failed",
                  "statusText": "",
                  "authorEmail": "someone@example.com",
                  "author": "Some One",
                  "message": "My fix",
                  "progress": "",
                  "receivedTime": "2013-06-06T01:24:15Z",
                  "startTime": "2013-06-06T01:24:16.5873293Z",
                  "endTime": "2013-06-06T01:24:17.63342Z",
                  "complete": true,
                  "siteName": "site",
                  "hostName": "site.scm.azurewebsites.net",
                  "projectType": "BASIC",
                  "vsProjectId": ""
                }"#]],
        );
    }

    #[test]
    fn the_page_of_2014_has_eight_members() {
        check(
            PayloadForm::Wiki,
            |_| {},
            expect![[r#"
                {
                  "id": "cd5bee71",
                  "status": "success",
                  "author_email": "someone@example.com",
                  "author": "Some One",
                  "message": "My fix",
                  "deployer": "ZipDeploy",
                  "start_time": "2013-06-06T01:24:16.5873293Z",
                  "end_time": "2013-06-06T01:24:17.63342Z"
                }"#]],
        );
    }
}
