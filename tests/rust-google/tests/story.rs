//! A day with Google's own client for Rust: an instance, a repository, pages, refusals, and the end of it.
//!
//! `PARHELION_BIN` names the binary.

use google_cloud_gax::paginator::ItemPaginator;
use google_cloud_lro::Poller;
use google_cloud_securesourcemanager_v1::client::SecureSourceManager;
use google_cloud_securesourcemanager_v1::model::{Instance, Repository};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const PLACE: &str = "projects/my-project/locations/us-central1";

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts one on a free port; its first line is its URL.
fn server() -> (Server, String) {
    let binary = std::env::var("PARHELION_BIN").expect("PARHELION_BIN names the binary");
    let mut command = Command::new(binary);
    command.args(["--listen", "127.0.0.1:0", "--seed", "7", "--log", "off"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary");
    let output = child.stdout.take().expect("its output");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).expect("its first line");
    (Server(child), line.trim().to_owned())
}

#[tokio::test]
async fn a_repository_comes_and_goes() {
    rustls::crypto::ring::default_provider().install_default().expect("the first to install one");
    let (_server, url) = server();
    let nobody = google_cloud_auth::credentials::anonymous::Builder::new().build();
    let client = SecureSourceManager::builder().with_endpoint(url).with_credentials(nobody);
    let client = client.build().await.expect("a client");

    let instance = client.create_instance().set_parent(PLACE).set_instance_id("house").set_instance(Instance::new());
    let instance = instance.poller().until_done().await.expect("an instance");
    assert_eq!(instance.name, format!("{PLACE}/instances/house"));

    let create = |id: &str| {
        let repository = Repository::new().set_instance(&instance.name);
        client.create_repository().set_parent(PLACE).set_repository_id(id).set_repository(repository)
    };
    let mut made = Vec::new();
    for id in ["site", "tools", "attic"] {
        made.push(create(id).poller().until_done().await.expect("a repository"));
    }
    let got = client.get_repository().set_name(&made[0].name).send().await.expect("the repository");
    assert_eq!(got, made[0]);
    assert!(got.uris.as_ref().is_some_and(|uris| uris.git_https.ends_with("/site.git")), "{got:?}");

    let mut listed = Vec::new();
    let mut items = client.list_repositories().set_parent(PLACE).set_page_size(2).by_item();
    while let Some(item) = items.next().await {
        listed.push(item.expect("an item").name);
    }
    listed.sort();
    let mut names: Vec<String> = made.iter().map(|repository| repository.name.clone()).collect();
    names.sort();
    assert_eq!(listed, names, "three items on two pages");

    let refused = create("no").poller().until_done().await.expect_err("an id of two letters");
    let status = refused.status().expect("a status");
    assert_eq!((status.code.name(), refused.http_status_code()), ("INVALID_ARGUMENT", Some(400)));
    assert!(!status.details.is_empty(), "the field is named: {status:?}");
    let unknown = client.get_repository().set_name(format!("{PLACE}/repositories/none")).send().await;
    assert_eq!(unknown.expect_err("nothing there").http_status_code(), Some(404));

    for repository in &made {
        client.delete_repository().set_name(&repository.name).poller().until_done().await.expect("it goes");
    }
    let gone = client.get_repository().set_name(&made[0].name).send().await;
    assert_eq!(gone.expect_err("it is gone").status().expect("a status").code.name(), "NOT_FOUND");
}
