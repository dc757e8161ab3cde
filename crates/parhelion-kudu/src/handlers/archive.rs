//! `zip` and `dump`: folders as zips.

use super::{Answer, Ask};
use crate::domain::home::Shown;
use crate::domain::hook_url::HookUrl;
use crate::domain::package::Package;
use crate::domain::vfs_path::VfsPath;
use crate::error::{Fault, FilesError, Refusal};
use crate::ops::get_item::{GetItem, Item, ReadFolder};
use crate::ops::site::unpack_zip::{UnpackZip, Unpacking};
use crate::store::join;
use crate::wire::answer::{empty, with};
use crate::wire::archive;
use crate::wire::{body as bodies, spool};
use http::header::CONTENT_DISPOSITION;
use parhelion_http::{Body, Response};

/// `GET zip/{path}/`: the folder without itself.
pub async fn get(ask: Ask, _: Body) -> Answer {
    let path = ask.file_path()?;
    let folder = match ask.read::<GetItem>(path.path)? {
        Item::File(..) if path.slash => return Ok(ask.elsewhere(false)),
        Item::File(..) => return Err(FilesError::NoFolder.into()),
        Item::Folder(_) if !path.slash => return Ok(ask.elsewhere(true)),
        Item::Folder(folder) => folder,
    };
    let last = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("home").to_owned();
    let name = ask.query.get("fileName").map_or_else(|| format!("{last}.zip"), str::to_owned);
    let entries = ask.read::<ReadFolder>(folder)?;
    answer(entries, &name).await
}

/// `PUT zip/{path}/`: unpacks over what is there.
pub async fn put(ask: Ask, body: Body) -> Answer {
    let path = ask.file_path()?;
    match ask.read::<GetItem>(path.path.clone()) {
        Ok(Item::Folder(_)) => {}
        Ok(Item::File(..)) | Err(_) if !path.slash => return Err(FilesError::NoFolder.into()),
        Ok(Item::File(..)) => return Err(FilesError::IsDirectory.into()),
        Err(_) => {}
    }
    let mut folder = path.path;
    let says_json = bodies::media_type(&ask.headers).eq_ignore_ascii_case("application/json");
    let mut spooled = spool::receive(body).await?;
    // A client of the real service is known to send zips as JSON: what begins as a zip is one.
    let spooled = if says_json && !spooled.is_zip().map_err(|e| Refusal::Disk(e.to_string()))? {
        let (uri, below) = named_package(&spooled.small().map_err(|e| Refusal::Disk(e.to_string()))?)?;
        if let Some(below) = below {
            let parsed = VfsPath::parse(&below).map_err(|_| FilesError::NotFound { path: below.clone() })?;
            folder = join(&folder, &parsed.path).trim_matches('/').to_owned();
        }
        ask.downloaded(uri).await?
    } else {
        spooled
    };
    let max_bytes = ask.settings.max_unzip_bytes;
    let unpacked = tokio::task::spawn_blocking(move || Package::read(spooled, max_bytes));
    let package = unpacked.await.map_err(|_| Refusal::Internal)?.map_err(|error| {
        let fact = format!("nothing is unpacked: {error}");
        ask.note("file.refused", &format!("file:{folder}"), &fact);
        FilesError::Package(error)
    })?;
    let max_site_bytes = ask.settings.max_site_bytes;
    ask.write::<UnpackZip>(Unpacking { folder, package, max_site_bytes })?;
    Ok(empty(200))
}

/// `GET dump`: the logs and the deployments.
pub async fn dump(ask: Ask, _: Body) -> Answer {
    let mut entries = Vec::new();
    for (folder, shown_as) in [("site/deployments", "deployments"), ("LogFiles", "LogFiles")] {
        let Ok(Item::Folder(folder)) = ask.read::<GetItem>(folder.to_owned()) else { continue };
        let below = ask.read::<ReadFolder>(folder)?;
        entries.extend(below.into_iter().map(|(path, file)| (format!("{shown_as}/{path}"), file)));
    }
    if let Ok(Item::File(name, file)) = ask.read::<GetItem>("site/wwwroot/npm-debug.log".to_owned()) {
        entries.push((name, Some(file)));
    }
    let name = ask.world.clock.now().format("dump-%m-%d-%H-%M-%S.zip").to_string();
    answer(entries, &name).await
}

async fn answer(entries: Vec<(String, Option<Shown>)>, name: &str) -> Result<Response, Fault> {
    let zipped = tokio::task::spawn_blocking(move || archive::zip(&entries)).await;
    let bytes = zipped.map_err(|_| Refusal::Internal)?.map_err(|e| Refusal::Disk(e.to_string()))?;
    // What would break the header is left out of the name.
    let name: String = name.chars().filter(|c| c.is_ascii() && !c.is_ascii_control() && *c != '"').collect();
    let quoted = name.contains(|c: char| !(c.is_ascii_alphanumeric() || "-_.!~*'".contains(c)));
    let name = if quoted { format!("\"{name}\"") } else { name };
    let answer = parhelion_http::answer(200, "application/zip", bytes);
    Ok(with(answer, CONTENT_DISPOSITION, &format!("attachment; filename={name}")))
}
/// The address and the folder that a body names.
fn named_package(bytes: &bytes::Bytes) -> Result<(String, Option<String>), FilesError> {
    let json = bodies::text(bytes).and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let member = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let given = member("packageUri").unwrap_or_default();
    if HookUrl::parse(&given).is_none_or(|url| !url.is_http()) {
        return Err(FilesError::PackageUri { given: parhelion_core::text::prefix(&given, 1_000).to_owned() });
    }
    Ok((given, member("path").filter(|path| !path.is_empty())))
}

impl Ask {
    /// What stands at an address.
    async fn downloaded(&self, url: String) -> Result<spool::Spooled, Fault> {
        let shown = crate::domain::fetch::shown(&url);
        let fetched = (self.download)(url, self.settings.max_unzip_bytes).await;
        let bytes = fetched.map_err(|why| {
            let fact = format!("nothing is unpacked: {shown} could not be fetched: {why}");
            self.note("file.refused", &format!("site:{}", self.site), &fact);
            FilesError::Fetch { why }
        })?;
        Ok(spool::Spooled::Memory(std::io::Cursor::new(bytes)))
    }
}
