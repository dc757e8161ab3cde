//! Git hosting over the installed `git`, with refs as plain data.
//!
//! Objects are content-addressed and only ever added: one store on disk serves every repository of every world.
//! Refs belong to whoever calls: each call that needs a repository gets them as [`Refs`] and runs on a throw-away
//! folder (a *view*) made of them, with the store as alternate. A push hands back what it would change
//! ([`Received`]); the caller decides, and only what it accepts is moved into the store.
//!
//! Deliberately absent: any cloud's names, URLs, HTTP heads, and any ref kept here.
//! Start reading at [`GitHost`] (`host.rs`), then `receive.rs`.

mod body;
mod clone;
mod diff;
mod error;
mod history;
mod host;
mod id;
mod merge;
mod objects;
mod pkt;
mod read;
mod receive;
mod recent;
mod refs;
mod report;
mod smart;
mod view;
mod work_tree;
mod write;

pub use body::{Answer, Encoding};
pub use diff::{Difference, Side};
pub use error::GitError;
pub use history::{CommitInfo, Person};
pub use host::{GitHost, GitSettings};
pub use id::{NotAnId, ObjectId};
pub use merge::{FileChange, Merge, NewMerge, Patch};
pub use objects::{TagInfo, TreeInfo};
pub use pkt::{Command, CommandList, PktError, parse_commands};
pub use read::{EntryKind, File, TreeEntry};
pub use receive::{Received, RefUpdate};
pub use refs::{Refs, valid_branch_name, valid_ref_name};
pub use report::{Report, ReportError, parse_report};
pub use smart::Service;
pub use write::{Change, NewCommit};
