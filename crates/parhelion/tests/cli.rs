//! The program itself: its first line, its exit codes, its signals, what it says when it does not start.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program, with no settings of the machine's.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parhelion"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARHELION_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads all of a pipe, line by line, as it comes.
fn lines(pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A program that runs.
struct Running {
    id: u32,
    ended: mpsc::Receiver<ExitStatus>,
    out: mpsc::Receiver<String>,
    err: mpsc::Receiver<String>,
}

impl Running {
    fn start(command: &mut Command) -> Running {
        let mut child: Child = command.spawn().expect("the program starts");
        let out = lines(child.stdout.take().expect("a pipe"));
        let err = lines(child.stderr.take().expect("a pipe"));
        let (id, (sender, ended)) = (child.id(), mpsc::channel());
        std::thread::spawn(move || sender.send(child.wait().expect("it can be waited for")));
        Running { id, ended, out, err }
    }
    /// A server on a free port, and its URL.
    fn server(arguments: &[&str]) -> (Running, String) {
        let running =
            Running::start(program().args(["--listen", "127.0.0.1:0", "--seed", "7"]).args(arguments));
        let url = running.out.recv_timeout(PATIENCE).expect("a first line");
        (running, url)
    }
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id.to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }
    fn code(&self) -> Option<i32> {
        self.ended.recv_timeout(PATIENCE).expect("it ends").code()
    }
    /// All lines of standard error, after its end.
    fn said(&self) -> Vec<String> {
        self.err.iter().collect()
    }
}

/// A run that ends by itself: code, standard output, lines of standard error.
fn run(command: &mut Command) -> (Option<i32>, String, Vec<String>) {
    let running = Running::start(command);
    let code = running.code();
    let out: Vec<String> = running.out.iter().collect();
    (code, out.join("\n"), running.said())
}

/// GET over a connection of its own; the whole answer.
fn get(url: &str, path: &str) -> String {
    let address = url.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// It does not start: exit code 2, nothing on standard output, one line that says all of this.
#[track_caller]
fn refuses(command: &mut Command, says: &[&str]) {
    let (code, out, err) = run(command);
    assert_eq!((code, out.as_str(), err.len()), (Some(2), "", 1), "{err:#?}");
    assert!(err[0].starts_with("parhelion: "), "{err:?}");
    for part in says {
        assert!(err[0].contains(part), "{part}: {err:?}");
    }
}

#[test]
fn the_first_line_is_the_url_alone_and_a_banner_follows() {
    let (server, url) = Running::server(&[]);
    assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with('/') && !url.contains(' '), "{url}");
    let answer = get(&url, "/_parhelion/info");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"seed\":7,"), "{answer}");
    server.signal("TERM");
    assert_eq!(server.code(), Some(0));
    let banner: Vec<String> = server.out.iter().collect();
    assert!(banner.len() <= 10, "{banner:#?}");
    let banner = banner.join("\n");
    for part in ["seed 7", "/_parhelion/", "/kudu/", &url] {
        assert!(banner.contains(part), "{part}: {banner}");
    }
}

#[test]
fn a_request_is_one_line_of_log() {
    let (server, url) = Running::server(&[]);
    let answer = get(&url, "/kudu/site/api/hooks?secret=1");
    let id = answer.lines().find_map(|line| line.strip_prefix("x-parhelion-request-id: ")).expect("an id");
    server.signal("TERM");
    assert_eq!(server.code(), Some(0));
    let log = server.said();
    let about: Vec<&String> = log.iter().filter(|line| line.contains(id)).collect();
    assert_eq!(about.len(), 1, "{log:#?}");
    for part in ["surface=\"kudu\"", "operation=ListHooks", "tenant=\"site\"", "status=200", "duration_us="] {
        assert!(about[0].contains(part), "{part}: {}", about[0]);
    }
    assert!(!about[0].contains("secret=1"), "queries carry secrets: {}", about[0]);
}

#[test]
fn both_signals_end_it_in_order() {
    for signal in ["TERM", "INT"] {
        let (server, url) = Running::server(&["--log", "info"]);
        assert!(get(&url, "/_parhelion/health").contains("\"ok\""));
        server.signal(signal);
        assert_eq!(server.code(), Some(0), "{signal}");
        let log = server.said().join("\n");
        assert!(log.contains(&format!("SIG{signal}")) && log.contains("stopped"), "{log}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (server, url) = Running::server(&[]);
    // A request that is not finished holds the stop up.
    let mut half = TcpStream::connect(url.strip_prefix("http://").expect("a URL")).expect("it listens");
    let head = "POST /kudu/s/api/hooks HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    half.write_all(head.as_bytes()).expect("it reads");
    // The request has begun when the journal has it.
    assert!(get(&url, "/_parhelion/events?kind=request&wait=20s").contains("/kudu/s/api/hooks"));
    server.signal("TERM");
    let stopping = server.err.iter().find(|line| line.contains("stopping"));
    assert!(stopping.is_some());
    server.signal("TERM");
    assert_eq!(server.code(), Some(1));
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    refuses(program().args(["--listen", &address]), &[&address, "already in use"]);
    refuses(program().args(["serve", "--listen", &address]), &[&address, "already in use"]);
}

#[test]
fn an_address_that_is_not_ours() {
    refuses(program().args(["--listen", "192.0.2.1:1"]), &["cannot listen on 192.0.2.1:1"]);
}

#[test]
fn a_bad_flag() {
    for (arguments, says) in [
        (&["--nope"][..], "--nope"),
        (&["--listen"], "--listen"),
        (&["--listen", "nonsense"], "nonsense"),
        (&["--listen", "127.0.0.1:99999"], "127.0.0.1:99999"),
        (&["--seed", "-1"], "-1"),
        (&["--seed", "many"], "many"),
        (&["--clock", "fast"], "a clock is system, manual or scaled:FACTOR"),
        (&["--clock", "scaled:0"], "0.001"),
        (&["--deliver-to", "a b"], "a b"),
        (&["--public-url", "nonsense"], "nonsense"),
        (&["--log", "a=b=c"], "a=b=c"),
        (&["--auth", "lax"], "it is to be permissive or strict"),
        (&["--trusted-proxies", "10.0.0.0/33"], "--trusted-proxies"),
        (&["--aws-role-check", "on"], "it is to be auto, off or strict"),
        (&["--github-api", "api.github.com"], "--github-api"),
        (&["dance"], "dance"),
        (&["serve", "dance"], "dance"),
        (&["demo", "--color", "pink"], "pink"),
    ] {
        refuses(program().args(arguments), &[says]);
    }
}

#[test]
fn a_bad_variable() {
    for (name, value) in [
        ("PARHELION_LISTEN", "nonsense"),
        ("PARHELION_SEED", "many"),
        ("PARHELION_CLOCK", "fast"),
        ("PARHELION_DELIVER_TO", "a b"),
        ("PARHELION_PUBLIC_URL", "nonsense"),
        ("PARHELION_LOG", "a=b=c"),
        ("PARHELION_AUTH", "lax"),
        ("PARHELION_TRUSTED_PROXIES", "nobody"),
        ("PARHELION_AWS_ROLE_CHECK", "maybe"),
        ("PARHELION_GITHUB_API", "nowhere"),
    ] {
        let from = format!("from {name}");
        refuses(program().env(name, value), &[value, &from]);
        refuses(program().env(name, value).arg("serve"), &[value, &from]);
    }
}

#[test]
fn variables_set_what_flags_set_and_flags_win() {
    let settings = [
        ("PARHELION_LISTEN", "127.0.0.1:0"),
        ("PARHELION_SEED", "11"),
        ("PARHELION_CLOCK", "manual"),
        ("PARHELION_PUBLIC_URL", "https://emulator.example/"),
        ("PARHELION_LOG", "off"),
    ];
    let server = Running::start(program().envs(settings));
    let mut lines = server.out.iter();
    // The first line is what clients are to use; where it listens is in /info.
    assert_eq!(lines.next().as_deref(), Some("https://emulator.example"));
    server.signal("TERM");
    assert_eq!(server.code(), Some(0));
    assert_eq!(server.said(), Vec::<String>::new(), "--log off");

    let mut command = program();
    let arguments = ["--listen", "127.0.0.1:0", "--seed", "12"];
    let server =
        Running::start(command.env("PARHELION_SEED", "11").env("PARHELION_CLOCK", "manual").args(arguments));
    let url = server.out.recv_timeout(PATIENCE).expect("a first line");
    let info = get(&url, "/_parhelion/info");
    assert!(info.contains("\"seed\":12,") && info.contains("\"mode\":\"manual\""), "{info}");
    server.signal("INT");
    assert_eq!(server.code(), Some(0));
}

/// A folder with a file `parhelion.toml` of this text.
fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("parhelion.toml"), text).expect("a file");
    folder
}

#[test]
fn a_file_sets_what_flags_and_variables_do_not() {
    let text = "listen = \"127.0.0.1:0\"\nseed = 21\nclock = \"manual\"\nlog = \"off\"\nauth = \"strict\"\n";
    let here = folder(text);
    let info = |command: &mut Command| {
        let server = Running::start(command);
        let url = server.out.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{:?}", server.said()));
        let info = get(&url, "/_parhelion/info");
        server.signal("TERM");
        assert_eq!((server.code(), server.said()), (Some(0), Vec::new()));
        info
    };
    let found = info(program().current_dir(here.path()));
    assert!(found.contains("\"seed\":21,") && found.contains("\"mode\":\"manual\""), "{found}");
    let named = here.path().join("parhelion.toml");
    let named = info(program().arg("serve").arg("--config").arg(&named).env("PARHELION_SEED", "22"));
    assert!(named.contains("\"seed\":22,") && named.contains("\"mode\":\"manual\""), "{named}");
    let both = info(
        program()
            .env("PARHELION_CONFIG", here.path().join("parhelion.toml"))
            .env("PARHELION_SEED", "22")
            .args(["--seed", "23"]),
    );
    assert!(both.contains("\"seed\":23,"), "{both}");
}

#[test]
fn a_bad_file() {
    for (text, says) in [
        ("sede = 7\n", &["parhelion.toml: unknown key \"sede\"; known: auth, "][..]),
        ("seed = \n", &["parhelion.toml, line 1: "]),
        ("clock = \"fast\"\n", &["a clock is system", ", from parhelion.toml"]),
        (
            "trusted-proxies = \"x\"\n",
            &["--trusted-proxies", "neither an address nor a range", "from parhelion.toml"],
        ),
        ("aws-secret = \"geheim\"\n", &["--aws-secret", "has no '='", ", from parhelion.toml"]),
        ("log = \"a=b=c\"\n", &["a=b=c", ", from parhelion.toml"]),
    ] {
        let here = folder(text);
        refuses(program().current_dir(here.path()), says);
        refuses(program().current_dir(here.path()).arg("serve"), says);
    }
    refuses(program().args(["--config", "/none/x.toml"]), &["/none/x.toml: "]);
    // Others than the server do not read it.
    let here = folder("sede = 7\n");
    let (code, _, err) =
        run(program().current_dir(here.path()).args(["health", "--url", "http://127.0.0.1:1"]));
    assert_eq!(code, Some(1), "{err:?}");
    assert!(!err.join("").contains("sede"), "{err:?}");
    assert_eq!(run(program().current_dir(here.path()).arg("--version")).0, Some(0));
}

#[test]
fn a_secret_that_is_none_is_not_shown() {
    let mut command = program();
    let (code, out, err) = run(command.args(["--aws-secret", "A=b,geheim"]));
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.len() == 1 && err[0].contains("--aws-secret") && !err[0].contains("geheim"), "{err:?}");
    let (_, help, _) = run(program().env("PARHELION_AWS_SECRET", "A=geheim").arg("--help"));
    assert!(help.contains("--aws-secret") && !help.contains("geheim"), "{help}");
}

#[test]
fn help_and_version_are_no_failures() {
    let (code, help, err) = run(program().arg("--help"));
    assert_eq!((code, err.len()), (Some(0), 0));
    for part in ["serve", "demo", "health", "--listen", "PARHELION_LISTEN", "--deliver-to", "--clock"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    let (code, version, _) = run(program().arg("--version"));
    assert_eq!((code, version.as_str()), (Some(0), concat!("parhelion ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn health_asks_a_running_server() {
    let (server, url) = Running::server(&[]);
    assert_eq!(run(program().args(["health", "--url", &url])).0, Some(0));
    server.signal("TERM");
    assert_eq!(server.code(), Some(0));
    let (code, out, err) = run(program().args(["health", "--url", &url]));
    assert_eq!((code, out.as_str(), err.len()), (Some(1), "", 1), "{err:?}");
    assert!(err[0].contains(&url), "{err:?}");
}

#[test]
fn nobody_reads_its_output() {
    let mut child = program().args(["--listen", "127.0.0.1:0", "--log", "off"]).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    out.read_line(&mut url).expect("a first line");
    drop((out, child.stderr.take()));
    assert!(get(url.trim(), "/_parhelion/health").contains("\"ok\""));
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
}
