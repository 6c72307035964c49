//! Functions of `wasi:filesystem/types` that are replaced: those that make, write, open or list.

use super::counted::Counted;
use super::listing::ENTRY;
use super::lookup::Links;
use super::{New, can_reach};
use crate::guest::Guest;
use std::fs::File;
use std::sync::Arc;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DirectoryEntryStream, ErrorCode, HostDescriptor, HostDirectoryEntryStream,
    OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynOutputStream, FsError, FsResult};

type Fd = Resource<Descriptor>;

/// As upstream names it, with its version: a function is found by its whole name.
const INTERFACE: &str = "wasi:filesystem/types@0.2.12";

/// Puts them in the place of upstream's.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(INTERFACE)?;
    let added = add(&mut types);
    linker.allow_shadowing(false);
    added
}

/// The method `$name` of a descriptor is `$function` of [`Guest`] from now on.
macro_rules! replace {
    ($types:expr, $name:literal, $function:ident($($arg:ident: $type:ty),*)) => {
        $types.func_wrap_async(
            concat!("[method]descriptor.", $name),
            |mut store: StoreContextMut<'_, Guest>, ($($arg,)*): ($($type,)*)| {
                Box::new(async move { answer(store.data_mut().$function($($arg),*).await) })
            },
        )?
    };
}

fn add(types: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    replace!(types, "open-at",
        open_file(fd: Fd, follow: PathFlags, path: String, how: OpenFlags, flags: DescriptorFlags));
    replace!(types, "create-directory-at", make_folder(fd: Fd, path: String));
    replace!(types, "symlink-at", make_symlink(fd: Fd, target: String, path: String));
    replace!(types, "link-at",
        make_link(fd: Fd, follow: PathFlags, old: String, to: Fd, path: String));
    replace!(types, "rename-at", rename(fd: Fd, old: String, to: Fd, path: String));
    replace!(types, "write", write_at(fd: Fd, bytes: Vec<u8>, offset: u64));
    replace!(types, "set-size", resize(fd: Fd, size: u64));
    replace!(types, "write-via-stream", stream_into(fd: Fd, offset: u64));
    replace!(types, "append-via-stream", stream_to_end(fd: Fd));
    replace!(types, "read-directory", list(fd: Fd));
    types.resource(
        "directory-entry-stream",
        ResourceType::host::<DirectoryEntryStream>(),
        |mut store, list| store.data_mut().forget_list(list),
    )
}

/// What a function of WASI gives back: a value, an error of its own, or a trap.
fn answer<T>(done: FsResult<T>) -> Result<(Result<T, ErrorCode>,)> {
    match done {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => error.downcast().map(|code| (Err(code),)),
    }
}

impl Guest {
    async fn open_file(
        &mut self,
        fd: Fd,
        follow: PathFlags,
        path: String,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        if how.contains(OpenFlags::CREATE) {
            let links = match follow.contains(PathFlags::SYMLINK_FOLLOW) {
                true => Links::Followed,
                false => Links::Kept,
            };
            self.admit_in(&fd, &path, New::File(links)).await?;
        }
        let mut files = self.filesystem();
        let opened = HostDescriptor::open_at(&mut files, fd, follow, path, how, flags).await?;
        self.keep_in_view(&opened)?;
        Ok(opened)
    }

    async fn make_folder(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.admit_in(&fd, &path, New::Folder).await?;
        HostDescriptor::create_directory_at(&mut self.filesystem(), fd, path).await
    }

    async fn make_symlink(&mut self, fd: Fd, target: String, path: String) -> FsResult<()> {
        self.admit_in(&fd, &path, New::Name).await?;
        HostDescriptor::symlink_at(&mut self.filesystem(), fd, target, path).await
    }

    async fn make_link(
        &mut self,
        fd: Fd,
        follow: PathFlags,
        old: String,
        to: Fd,
        path: String,
    ) -> FsResult<()> {
        self.admit_in(&to, &path, New::Name).await?;
        HostDescriptor::link_at(&mut self.filesystem(), fd, follow, old, to, path).await
    }

    /// A folder does not sink: as between file systems, whoever wants it there has to
    /// make it anew.
    async fn rename(&mut self, fd: Fd, old: String, to: Fd, path: String) -> FsResult<()> {
        if let (Some(from), Some(into)) = (self.folder(&fd)?, self.folder(&to)?) {
            let (from, into) = ((from, old.clone()), (into, path.clone()));
            if self.would_sink(from, into).await.map_err(FsError::trap)? {
                return Err(ErrorCode::CrossDevice.into());
            }
        }
        HostDescriptor::rename_at(&mut self.filesystem(), fd, old, to, path).await
    }

    async fn write_at(&mut self, fd: Fd, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let more = match can_reach(offset.checked_add(count)) {
            true => count.saturating_add(self.gap(&fd, offset).await?),
            false => 0,
        };
        self.count_disk(more)?;
        let written = HostDescriptor::write(&mut self.filesystem(), fd, bytes, offset).await;
        if written.is_err() {
            self.record.not_written(more);
        }
        written
    }

    async fn resize(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let gap = self.gap(&fd, size).await?;
        self.count_disk(gap)?;
        let resized = HostDescriptor::set_size(&mut self.filesystem(), fd, size).await;
        if resized.is_err() {
            self.record.not_written(gap);
        }
        resized
    }

    async fn stream_into(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        let gap = self.gap(&fd, offset).await?;
        self.count_disk(gap)?;
        let stream = HostDescriptor::write_via_stream(&mut self.filesystem(), fd, offset)?;
        self.count_stream(stream)
    }

    async fn stream_to_end(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let stream = HostDescriptor::append_via_stream(&mut self.filesystem(), fd)?;
        self.count_stream(stream)
    }

    async fn list(&mut self, fd: Fd) -> FsResult<Resource<DirectoryEntryStream>> {
        let folder = match self.ctx().table.get(&fd)? {
            Descriptor::Dir(dir) => Some(dir.dir.clone()),
            Descriptor::File(_) => None,
        };
        let bytes = match folder {
            Some(folder) => self
                .charge_list(folder, ENTRY)
                .await
                .map_err(FsError::trap)?,
            None => 0,
        };
        let list = HostDescriptor::read_directory(&mut self.filesystem(), fd).await;
        match &list {
            Ok(list) => drop(self.lists.insert(list.rep(), bytes)),
            Err(_) => self.record.release(bytes),
        }
        list
    }

    fn forget_list(&mut self, list: u32) -> Result<()> {
        if let Some(bytes) = self.lists.remove(&list) {
            self.record.release(bytes);
        }
        HostDirectoryEntryStream::drop(&mut self.filesystem(), Resource::new_own(list))
    }

    fn count_stream(
        &mut self,
        stream: Resource<DynOutputStream>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let record = self.record.clone();
        let table = self.ctx().table;
        let counted = Counted {
            inner: table.delete(stream)?,
            record,
        };
        let counted: DynOutputStream = Box::new(counted);
        Ok(table.push(counted)?)
    }

    fn count_disk(&self, bytes: u64) -> FsResult<()> {
        self.record.write_disk(bytes).map_err(FsError::trap)
    }

    /// By how much a file becomes longer that is written from `offset` on, before that.
    async fn gap(&mut self, fd: &Fd, offset: u64) -> FsResult<u64> {
        if offset == 0 || !can_reach(Some(offset)) {
            return Ok(0);
        }
        let fd = Resource::new_borrow(fd.rep());
        let stat = HostDescriptor::stat(&mut self.filesystem(), fd).await?;
        Ok(offset.saturating_sub(stat.size))
    }

    async fn admit_in(&mut self, fd: &Fd, path: &str, new: New) -> FsResult<()> {
        let Some(folder) = self.folder(fd)? else {
            return Ok(());
        };
        let admitted = self.admit(folder, path.to_owned(), new).await;
        admitted.map_err(FsError::trap)
    }

    /// `None`: it is none, which upstream will say, or one that nothing can be made in.
    fn folder(&mut self, fd: &Fd) -> FsResult<Option<Arc<File>>> {
        Ok(match self.ctx().table.get(fd)? {
            Descriptor::Dir(dir) if !dir.perms.write_not_permitted() => Some(dir.dir.clone()),
            Descriptor::Dir(_) | Descriptor::File(_) => None,
        })
    }

    fn keep_in_view(&mut self, fd: &Fd) -> FsResult<()> {
        let file = match self.ctx().table.get(fd)? {
            Descriptor::Dir(dir) => dir.dir.clone(),
            Descriptor::File(file) => file.file.clone(),
        };
        self.opened.add(&file);
        Ok(())
    }
}
