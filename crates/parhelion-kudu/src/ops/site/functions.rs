//! Functions: folders of the web root with a `function.json`.

use crate::domain::file_rules::full;
use crate::domain::time;
use crate::error::SiteError;
use crate::store::{Content, KuduStore, Node, WWWROOT, join};
use bytes::Bytes;
use parhelion_core::text::hex;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde_json::{Map, Value};
use std::convert::Infallible;

const CONFIG: &str = "function.json";
const HOST: &str = "host.json";

/// A function as its files make it.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its folder's name.
    pub name: String,
    /// Its `function.json`.
    pub config: Value,
    /// The file that is run, where it is plain which one that is.
    pub script: Option<String>,
}

fn root() -> &'static str {
    WWWROOT.trim_end_matches('/')
}

fn find(store: &KuduStore, name: &str) -> Option<Function> {
    let folder = store.files.spelled(&join(root(), name));
    let name =
        folder.strip_prefix(WWWROOT).filter(|name| !name.is_empty() && !name.contains('/'))?.to_owned();
    let file = store.files.get(&store.files.spelled(&join(&folder, CONFIG)))?;
    let config: Value = serde_json::from_slice(file.content.bytes()).ok().filter(Value::is_object)?;
    let files = store.files.children(&folder).into_iter();
    let names: Vec<String> =
        files.filter(|(_, node)| matches!(node, Node::File(_))).map(|(name, _)| name).collect();
    let named = config.get("scriptFile").and_then(Value::as_str).map(str::to_owned);
    let others: Vec<&String> = names.iter().filter(|name| !name.eq_ignore_ascii_case(CONFIG)).collect();
    // OBSERVED: the only file; else `run.*`, else `index.js`.
    let script = named.or_else(|| match others.as_slice() {
        [only] => Some((*only).clone()),
        several => {
            let run = several.iter().find(|name| name.to_ascii_lowercase().starts_with("run."));
            run.or_else(|| several.iter().find(|name| name.eq_ignore_ascii_case("index.js")))
                .map(|n| (*n).clone())
        }
    });
    Some(Function { name, config, script })
}

/// All functions, by name.
pub struct ListFunctions;

impl Query for ListFunctions {
    const NAME: &'static str = "ListFunctions";
    type Store = KuduStore;
    type Input = ();
    type Output = Vec<Function>;
    type Error = Infallible;

    fn run(store: &KuduStore, (): (), _: &View<'_>) -> Result<Vec<Function>, Infallible> {
        Ok(store.files.children(root()).into_iter().filter_map(|(name, _)| find(store, &name)).collect())
    }
}

/// One function.
pub struct GetFunction;

impl Query for GetFunction {
    const NAME: &'static str = "GetFunction";
    type Store = KuduStore;
    type Input = String;
    type Output = Function;
    type Error = SiteError;

    fn run(store: &KuduStore, name: String, _: &View<'_>) -> Result<Function, SiteError> {
        find(store, &name).ok_or(SiteError::NoFunction { name })
    }
}

/// A function as it is to be.
pub struct NewFunction {
    /// Its name.
    pub name: String,
    /// Its `function.json`; kept when it is missing.
    pub config: Option<Value>,
    /// Files beside it.
    pub files: Vec<(String, String)>,
    /// Most bytes that the site's files may take.
    pub max_site_bytes: u64,
}

/// Makes a function, or changes it.
pub struct PutFunction;

impl Operation for PutFunction {
    const NAME: &'static str = "PutFunction";
    type Store = KuduStore;
    type Input = NewFunction;
    type Output = Function;
    type Error = SiteError;

    fn run(store: &mut KuduStore, input: NewFunction, tx: &mut Tx<'_>) -> Result<Function, SiteError> {
        let mut characters = input.name.chars();
        let good = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            && input.name.len() < 128;
        if !good {
            return Err(SiteError::FunctionName {
                name: parhelion_core::text::prefix(&input.name, 200).to_owned(),
            });
        }
        let folder = store.files.spelled(&join(root(), &input.name));
        let mut files = input.files;
        let kept = find(store, &input.name).map(|function| function.config);
        let config = input.config.or(kept).unwrap_or_else(|| Value::Object(Map::new()));
        files.push((CONFIG.to_owned(), serde_json::to_string_pretty(&config).unwrap_or_default()));
        for (name, text) in files {
            if !crate::domain::vfs_path::is_name(&name) || name.contains(['/', '\\']) || name.len() > 255 {
                return Err(SiteError::Write { why: "Illegal characters in path.".to_owned() });
            }
            write(store, &join(&folder, &name), text, tx)?;
        }
        if store.files.bytes() > input.max_site_bytes {
            return Err(SiteError::Write { why: full(input.max_site_bytes) });
        }
        let fact = format!("the function {} was written", input.name);
        tx.emit(Event::new("file.changed", format!("file:{folder}")).fact(fact).verdict(Verdict::Ok));
        find(store, &input.name).ok_or(SiteError::NoFunction { name: input.name })
    }
}

/// Takes a function away with all of its files.
pub struct DeleteFunction;

impl Operation for DeleteFunction {
    const NAME: &'static str = "DeleteFunction";
    type Store = KuduStore;
    type Input = String;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, name: String, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        let Some(function) = find(store, &name) else { return Err(SiteError::NoFunction { name }) };
        let folder = join(root(), &function.name);
        store.files.remove_folder(&folder, time::ticks(tx.now()));
        let fact = format!("the function {name} was deleted");
        tx.emit(Event::new("file.deleted", format!("file:{folder}")).fact(fact).verdict(Verdict::Ok));
        Ok(())
    }
}

/// The host's settings, the file `host.json` of the web root.
pub struct GetHostSettings;

impl Query for GetHostSettings {
    const NAME: &'static str = "GetHostSettings";
    type Store = KuduStore;
    type Input = ();
    type Output = Value;
    type Error = Infallible;

    fn run(store: &KuduStore, (): (), _: &View<'_>) -> Result<Value, Infallible> {
        let file = store.files.get(&store.files.spelled(&join(root(), HOST)));
        let json = file.and_then(|file| serde_json::from_slice(file.content.bytes()).ok());
        Ok(json.unwrap_or_else(|| Value::Object(Map::new())))
    }
}

/// Writes the host's settings.
pub struct PutHostSettings;

impl Operation for PutHostSettings {
    const NAME: &'static str = "PutHostSettings";
    type Store = KuduStore;
    type Input = Value;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, settings: Value, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        let path = store.files.spelled(&join(root(), HOST));
        write(store, &path, serde_json::to_string_pretty(&settings).unwrap_or_default(), tx)?;
        tx.emit(
            Event::new("file.changed", format!("file:{path}"))
                .fact("host.json was written")
                .verdict(Verdict::Ok),
        );
        Ok(())
    }
}

/// The master key of the functions' host, made when it is first asked for.
pub struct GetMasterKey;

impl Operation for GetMasterKey {
    const NAME: &'static str = "GetMasterKey";
    type Store = KuduStore;
    type Input = ();
    type Output = String;
    type Error = Infallible;

    fn run(store: &mut KuduStore, (): (), tx: &mut Tx<'_>) -> Result<String, Infallible> {
        if store.master_key.is_none() {
            store.master_key = Some(hex(&tx.secret("functions master key")));
        }
        Ok(store.master_key.clone().unwrap_or_default())
    }
}

fn write(store: &mut KuduStore, path: &str, text: String, tx: &Tx<'_>) -> Result<(), SiteError> {
    let content = Content::new(Bytes::from(text));
    let put = store.files.put(path, content.hash(), content, time::ticks(tx.now()));
    put.map_err(|obstacle| SiteError::Write { why: format!("Could not write '{path}': {obstacle:?}.") })
}
