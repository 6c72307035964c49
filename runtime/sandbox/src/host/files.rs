//! Files, with bounds that upstream lacks: on what a hook writes, makes and nests.
//!
//! How far a hook has come is counted in its record. What a path would make is looked up
//! here, beneath the folder it is relative to, before upstream makes it: a file that is
//! there already is not counted again. Whoever shares the folder can change it in between;
//! then a count is off by one, and nothing else.
//!
//! | file | holds |
//! |---|---|
//! | `interface` | the functions of `wasi:filesystem` that are replaced |
//! | `functions`, `numbers` | those of preview 1, and what it has open |
//! | `lookup` | what a path leads to |
//! | `counted` | a stream into a file |
//! | `listing` | what the list of a folder takes |
//! | `opened` | which files are open, and who hangs on them at the end |

mod counted;
pub(crate) mod functions;
pub(crate) mod interface;
mod listing;
mod lookup;
pub(crate) mod numbers;
pub(crate) mod opened;

use crate::guest::Guest;
use crate::record::CapMet;
use lookup::{Links, Looked};
use podhook_lifecycle::Resource;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::Result;

/// What is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum New {
    /// A folder.
    Folder,
    /// A file that is opened, by its name or through a link.
    File(Links),
    /// Anything else that has a name.
    Name,
}

/// Whether a file can be so long. Where it cannot, the system refuses whatever is asked, and
/// nothing is written that would have to be counted.
fn can_reach(end: Option<u64>) -> bool {
    end.is_some_and(|end| i64::try_from(end).is_ok())
}

impl Guest {
    /// Counts what `path` would make.
    async fn admit(&mut self, dir: Arc<File>, path: String, new: New) -> Result<()> {
        let links = match new {
            New::File(links) => links,
            New::Folder | New::Name => Links::Kept,
        };
        let looked = self.look_up(dir, path, links).await?;
        if looked.is_there {
            return Ok(());
        }
        if new == New::Folder && self.is_too_deep(&looked) {
            return Err(CapMet(Resource::Files).into());
        }
        Ok(self.record.make_file()?)
    }

    /// Whether a folder would be moved down. Its own folders would go with it, unseen.
    async fn would_sink(
        &mut self,
        from: (Arc<File>, String),
        to: (Arc<File>, String),
    ) -> Result<bool> {
        let old = self.look_up(from.0, from.1, Links::Kept).await?;
        if !old.is_folder {
            return Ok(false);
        }
        let new = self.look_up(to.0, to.1, Links::Kept).await?;
        Ok(self.depth(&new) > self.depth(&old))
    }

    fn is_too_deep(&mut self, looked: &Looked) -> bool {
        self.depth(looked) > self.record.caps().depth
    }

    /// How many folders below the granted one it is in, with itself.
    fn depth(&mut self, looked: &Looked) -> usize {
        let granted = self.granted_folders();
        looked.depth_below(granted)
    }

    /// Where the granted folders are, without links.
    fn granted_folders(&mut self) -> &[PathBuf] {
        let dirs = &self.call.grants.dirs;
        self.granted_folders.get_or_insert_with(|| {
            let real = dirs.iter().map(|dir| std::fs::canonicalize(&dir.host));
            real.filter_map(std::result::Result::ok).collect()
        })
    }

    /// Charges what the list of a folder will take, so many bytes for each `entry`, until it is released; how much that is.
    async fn charge_list(&mut self, folder: Arc<File>, entry: u64) -> Result<u64> {
        let most = self.call.budget.memory.unwrap_or(u64::MAX);
        let bytes = match self.blocks_here {
            true => listing::bytes(&folder, entry, most),
            false => {
                tokio::task::spawn_blocking(move || listing::bytes(&folder, entry, most)).await?
            }
        };
        self.record.charge(bytes)?;
        Ok(bytes)
    }

    /// On a thread that may block, as upstream does with files.
    async fn look_up(&mut self, dir: Arc<File>, path: String, links: Links) -> Result<Looked> {
        if self.blocks_here {
            return Ok(lookup::look_up(&dir, &path, links));
        }
        let looks = tokio::task::spawn_blocking(move || lookup::look_up(&dir, &path, links));
        Ok(looks.await?)
    }
}
