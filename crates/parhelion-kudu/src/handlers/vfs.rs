//! `vfs`: files and folders below HOME.

use super::{Answer, Ask};
use crate::domain::file_rules::full;
use crate::domain::home::Shown;
use crate::domain::ranges::{Wanted, wanted};
use crate::domain::vfs_path::native;
use crate::domain::vfs_path::{BadPath, VfsPath};
use crate::domain::{media, time};
use crate::error::{Error, Fault, FilesError, Refusal};
use crate::ops::delete_item::{DeleteItem, Doomed};
use crate::ops::get_item::{GetItem, Item, ListFolder};
use crate::ops::put_item::{NewFile, Put, PutItem};
use crate::store::Content;
use crate::wire::answer::{self, empty, json, with};
use crate::wire::etag::{Tags, of_ticks};
use crate::wire::vfs::{StatEntry, tag};
use crate::wire::{body as bodies, multipart};
use bytes::Bytes;
use http::header::{CONTENT_RANGE, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE};
use parhelion_http::{Body, Response};

/// `GET vfs/{path}` and `HEAD vfs/{path}`.
pub async fn get(ask: Ask, _: Body) -> Answer {
    let path = ask.file_path()?;
    Ok(match ask.read::<GetItem>(path.path)? {
        Item::File(_, _) if path.slash => ask.elsewhere(false),
        Item::Folder(_) if !path.slash => ask.elsewhere(true),
        Item::File(name, file) => file_answer(&ask, &name, &file)?,
        Item::Folder(folder) => {
            let base = format!("{}{}", ask.place.root, ask.place.path);
            let query = ask.query_text();
            let children = ask.read::<ListFolder>(folder.clone())?;
            let entries: Vec<StatEntry> = children
                .into_iter()
                .map(|(name, found)| StatEntry::of(&folder, name, &found, &base, &query))
                .collect();
            json(200, &entries)
        }
    })
}

fn file_answer(ask: &Ask, name: &str, file: &Shown) -> Result<Response, Fault> {
    let current = tag(file);
    let modified = time::http_date(time::of_ticks(file.written));
    let tagged = |answer| with(with(answer, ETAG, &current), LAST_MODIFIED, &modified);
    let range = ask.headers.get(RANGE).and_then(|value| value.to_str().ok());
    // With another tag, or a date, the whole is sent.
    let if_range = match ask.headers.get(IF_RANGE) {
        Some(_) => Tags::of(&ask.headers, IF_RANGE).is_some_and(|tags| tags.name(&current)),
        None => true,
    };
    let size = file.content.len() as u64;
    let wanted = wanted(range.filter(|_| if_range), size);
    if wanted == Wanted::All {
        let known = Tags::of(&ask.headers, IF_NONE_MATCH).is_some_and(|tags| tags.name(&current));
        let media = media::type_of(name);
        let whole = || parhelion_http::answer(200, media, file.content.clone());
        return Ok(tagged(if known { empty(304) } else { whole() }));
    }
    let cut = |from: u64, to: u64| {
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(file.content.len());
        file.content.slice(index(from)..index(to))
    };
    match wanted {
        Wanted::OtherUnit(unit) => Err(FilesError::RangeUnit { unit }.into()),
        Wanted::Parts(parts) => {
            let parts: Vec<(String, Bytes)> = parts
                .into_iter()
                .map(|r| (format!("bytes {}-{}/{size}", r.start, r.end - 1), cut(r.start, r.end)))
                .collect();
            if let [(range, bytes)] = parts.as_slice() {
                let part = parhelion_http::answer(206, media::type_of(name), bytes.clone());
                return Ok(tagged(with(part, CONTENT_RANGE, range)));
            }
            let (media, bytes) = multipart::byteranges(&current, media::type_of(name), &parts);
            Ok(tagged(parhelion_http::answer(206, &media, bytes)))
        }
        Wanted::Nothing | Wanted::All => {
            let range = parhelion_core::text::prefix(range.unwrap_or_default(), 200).to_owned();
            let answer = answer::fault(&FilesError::NoOverlap { range }.into());
            Ok(with(answer, CONTENT_RANGE, &format!("bytes */{size}")))
        }
    }
}

/// `PUT vfs/{path}`.
pub async fn put(ask: Ask, body: Body) -> Answer {
    let path = ask.file_path()?;
    let limit = ask.settings.max_site_bytes;
    let bytes = match bodies::large(body, limit).await {
        Err(Refusal::BodyTooLarge(most)) if most == limit => {
            return Err(FilesError::Write { path: native(&path.path), why: full(limit) }.into());
        }
        read => read?,
    };
    let content = Content::new(bytes);
    let hashed = tokio::task::spawn_blocking(move || (content.hash(), content)).await;
    let content = hashed.map_err(|_| Refusal::Internal)?;
    let if_match = Tags::of(&ask.headers, IF_MATCH);
    let done = ask.write::<PutItem>(NewFile { path, if_match, content, max_site_bytes: limit });
    match with_current_tag(done.map(|done| done.value))? {
        Ok(Put::Folder) => Ok(empty(201)),
        Ok(Put::File { created, written }) => {
            let answer = with(empty(if created { 201 } else { 204 }), ETAG, &of_ticks(written));
            Ok(with(answer, LAST_MODIFIED, &time::http_date(time::of_ticks(written))))
        }
        Err(answer) => Ok(answer),
    }
}

/// `DELETE vfs/{path}[?recursive=true]`.
pub async fn delete(ask: Ask, _: Body) -> Answer {
    let path = ask.file_path()?;
    let recursive = ask.query.flag("recursive")?;
    if path.slash && matches!(ask.read::<GetItem>(path.path.clone())?, Item::File(..)) {
        return Ok(ask.elsewhere(false));
    }
    let if_match = Tags::of(&ask.headers, IF_MATCH);
    let done = ask.write::<DeleteItem>(Doomed { path: path.path, if_match, recursive });
    match with_current_tag(done.map(|_| ()))? {
        Ok(()) => Ok(empty(200)),
        Err(answer) => Ok(answer),
    }
}

/// A file that is not in the state that the client meant is told with the tag that it has.
fn with_current_tag<T>(done: Result<T, Fault>) -> Result<Result<T, Response>, Fault> {
    match done {
        Ok(value) => Ok(Ok(value)),
        Err(Fault::Error(Error::Files(error @ FilesError::EtagMismatch { .. }))) => {
            let FilesError::EtagMismatch { current } = &error else { return Err(error.into()) };
            let current = current.clone();
            Ok(Err(with(answer::fault(&error.into()), ETAG, &current)))
        }
        Err(fault) => Err(fault),
    }
}

impl Ask {
    /// The path below HOME that the route's `{*path}` holds.
    pub fn file_path(&self) -> Result<VfsPath, Fault> {
        let text = self.param(0);
        let mut path = VfsPath::parse(&text).map_err(|bad| {
            self.note_bad_path(&text, bad);
            match bad {
                BadPath::TooLong => FilesError::TooLong,
                BadPath::Outside | BadPath::NoName => {
                    let shown = parhelion_core::text::prefix(&text, 1_000);
                    FilesError::NotFound { path: shown.replace(char::is_control, "?") }
                }
            }
        })?;
        if path.path.is_empty() {
            path.slash = self.place.path.ends_with('/');
        }
        Ok(path)
    }
    /// The same place with a slash at its end, or without.
    pub fn elsewhere(&self, slash: bool) -> Response {
        let path = self.place.path.trim_end_matches('/');
        let slash = if slash { "/" } else { "" };
        let to = format!("{}{path}{slash}{}", self.place.root, self.query_text());
        with(empty(307), LOCATION, &to)
    }
    /// The query with its question mark, as it came.
    pub fn query_text(&self) -> String {
        self.place.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default()
    }
    fn note_bad_path(&self, text: &str, bad: BadPath) {
        let shown = parhelion_core::text::prefix(text, 200).replace(char::is_control, "?");
        self.note(
            "file.refused",
            &format!("file:{shown}"),
            &format!("\"{shown}\" is refused: {}", bad.why()),
        );
    }
}
