//! Functions of preview 1 that are replaced: those that make, write, open or list.

use super::listing::ENTRY_OF_PREVIEW_1;
use super::lookup::Links;
use super::{New, can_reach};
use crate::guest::Guest;
use wasmtime::{AsContextMut, Caller, Error, Extern, Linker, Result};
use wasmtime_wasi::p1::types::{Errno, Fd};
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as upstream, WasiSnapshotPreview1 as _};
use wiggle::{GuestMemory, GuestPtr};

const MODULE: &str = "wasi_snapshot_preview1";

/// `oflags::creat`.
const CREATE: i32 = 1;

const SUCCESS: i32 = Errno::Success as i32;

/// `lookupflags::symlink_follow`.
const FOLLOW: i32 = 1;

/// A call as upstream takes it: the guest's memory, and the data of its store.
struct Call<'c> {
    memory: GuestMemory<'c>,
    guest: &'c mut Guest,
}

impl<'c> Call<'c> {
    fn of(caller: &'c mut Caller<'_, Guest>) -> Result<Self> {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
            return Err(Error::msg("the module exports no memory"));
        };
        let fuel = caller.as_context_mut().hostcall_fuel();
        let (memory, guest) = memory.data_and_store_mut(caller);
        guest.p1().set_hostcall_fuel(fuel);
        Ok(Self {
            memory: GuestMemory::Unshared(memory),
            guest,
        })
    }

    /// `None`: it is no text, which upstream will say.
    fn path(&self, pointer: i32, length: i32) -> Option<String> {
        let path = GuestPtr::<str>::new((pointer.cast_unsigned(), length.cast_unsigned()));
        Some(self.memory.as_cow_str(path).ok()?.into_owned())
    }

    async fn admit(&mut self, fd: i32, path: (i32, i32), new: New) -> Result<()> {
        let path = self.path(path.0, path.1);
        let folder = self.guest.folder_of(fd)?;
        match (folder, path) {
            (Some(folder), Some(path)) => self.guest.admit(folder, path, new).await,
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// Bytes that a write would write: upstream writes the first piece that is not empty.
    fn length(&self, pieces: i32, count: i32) -> u64 {
        let (pieces, count) = (pieces.cast_unsigned(), count.cast_unsigned());
        let lengths = (0..count).map_while(|at| {
            let length = pieces.checked_add(at.checked_mul(8)?)?.checked_add(4)?;
            self.memory.read(GuestPtr::<u32>::new(length)).ok()
        });
        lengths
            .into_iter()
            .find(|length| *length > 0)
            .unwrap_or(0)
            .into()
    }

    /// Counts what a write at `offset` would make of a file, holes before it included; returns
    /// how much that is.
    async fn count_write(&mut self, fd: i32, offset: u64, length: u64) -> Result<u64> {
        if !can_reach(offset.checked_add(length)) {
            return Ok(0);
        }
        let end = self.guest.numbers()?.ends.get(&fd.cast_unsigned()).copied();
        let gap = match offset {
            // Most go on where the last one ended; the file is not asked for its size.
            0 => 0,
            offset if end == Some(offset) => 0,
            offset => offset.saturating_sub(self.size(fd).await.unwrap_or(offset)),
        };
        let more = length.saturating_add(gap);
        self.guest.record.write_disk(more)?;
        Ok(more)
    }

    /// It was written, or not after all.
    fn settle(
        &mut self,
        fd: i32,
        offset: u64,
        (length, more): (u64, u64),
        done: i32,
    ) -> Result<()> {
        if done != SUCCESS {
            self.guest.record.not_written(more);
            return Ok(());
        }
        let end = offset.saturating_add(length);
        self.guest.numbers()?.ends.insert(fd.cast_unsigned(), end);
        Ok(())
    }

    async fn size(&mut self, fd: i32) -> Option<u64> {
        let fd = Fd::from(fd.cast_unsigned());
        let stat = self.guest.p1().fd_filestat_get(&mut self.memory, fd).await;
        stat.ok().map(|stat| stat.size)
    }
}

/// Puts them in the place of upstream's.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap_async(
        MODULE,
        "path_open",
        |mut caller: Caller<'_, Guest>, words| {
            Box::new(async move { path_open(&mut caller, words).await })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_close",
        |mut caller: Caller<'_, Guest>, (fd,)| {
            Box::new(async move { fd_close(&mut caller, fd).await })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_renumber",
        |mut caller: Caller<'_, Guest>, (from, to): (i32, i32)| {
            Box::new(async move { fd_renumber(&mut caller, from, to).await })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_readdir",
        |mut caller: Caller<'_, Guest>, words: (i32, i32, i32, i64, i32)| {
            Box::new(async move { fd_readdir(&mut caller, words).await })
        },
    )?;
    add_makers(linker)?;
    add_writers(linker)
}

type PathOpen = (i32, i32, i32, i32, i32, i64, i64, i32, i32);

async fn path_open(caller: &mut Caller<'_, Guest>, words: PathOpen) -> Result<i32> {
    let (dir, follow, path, length, how, rights, inherited, flags, opened) = words;
    let mut call = Call::of(caller)?;
    // Before anything else is opened, so that the granted folders are told from the rest.
    call.guest.numbers()?;
    if how & CREATE != 0 {
        let links = match follow & FOLLOW {
            0 => Links::Kept,
            _ => Links::Followed,
        };
        let new = New::File(links);
        call.admit(dir, (path, length), new).await?;
    }
    let Call { memory, guest } = &mut call;
    let p1 = guest.p1();
    let done = upstream::path_open(
        p1, memory, dir, follow, path, length, how, rights, inherited, flags, opened,
    )
    .await?;
    if done == SUCCESS {
        let fd = memory.read(GuestPtr::<u32>::new(opened.cast_unsigned()))?;
        guest.number(fd)?;
    }
    Ok(done)
}

async fn fd_close(caller: &mut Caller<'_, Guest>, fd: i32) -> Result<i32> {
    let mut call = Call::of(caller)?;
    call.guest.numbers()?.forget(fd.cast_unsigned());
    upstream::fd_close(call.guest.p1(), &mut call.memory, fd).await
}

async fn fd_renumber(caller: &mut Caller<'_, Guest>, from: i32, to: i32) -> Result<i32> {
    let mut call = Call::of(caller)?;
    call.guest.numbers()?;
    let done = upstream::fd_renumber(call.guest.p1(), &mut call.memory, from, to).await?;
    if done == SUCCESS && from != to {
        let (from, to) = (from.cast_unsigned(), to.cast_unsigned());
        let numbers = call.guest.numbers()?;
        numbers.forget(to);
        let folder = numbers.folders.remove(&from);
        numbers.folders.extend(folder.map(|folder| (to, folder)));
        numbers.ends.remove(&from);
    }
    Ok(done)
}

async fn fd_readdir(
    caller: &mut Caller<'_, Guest>,
    (fd, buffer, length, cookie, used): (i32, i32, i32, i64, i32),
) -> Result<i32> {
    let mut call = Call::of(caller)?;
    let bytes = match call.guest.listed_folder_of(fd)? {
        Some(folder) => call.guest.charge_list(folder, ENTRY_OF_PREVIEW_1).await?,
        None => 0,
    };
    let Call { memory, guest } = &mut call;
    let done = upstream::fd_readdir(guest.p1(), memory, fd, buffer, length, cookie, used).await;
    // It is in the guest's buffer now.
    guest.record.release(bytes);
    done
}

fn add_makers(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap_async(
        MODULE,
        "path_create_directory",
        |mut caller: Caller<'_, Guest>, (dir, path, length): (i32, i32, i32)| {
            Box::new(async move {
                let mut call = Call::of(&mut caller)?;
                call.admit(dir, (path, length), New::Folder).await?;
                let Call { memory, guest } = &mut call;
                upstream::path_create_directory(guest.p1(), memory, dir, path, length).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_symlink",
        |mut caller: Caller<'_, Guest>, words: (i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let (target, target_length, dir, path, length) = words;
                let mut call = Call::of(&mut caller)?;
                call.admit(dir, (path, length), New::Name).await?;
                let Call { memory, guest } = &mut call;
                let p1 = guest.p1();
                upstream::path_symlink(p1, memory, target, target_length, dir, path, length).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_link",
        |mut caller: Caller<'_, Guest>, words: (i32, i32, i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let (from, follow, old, old_length, dir, path, length) = words;
                let mut call = Call::of(&mut caller)?;
                call.admit(dir, (path, length), New::Name).await?;
                let Call { memory, guest } = &mut call;
                let p1 = guest.p1();
                upstream::path_link(p1, memory, from, follow, old, old_length, dir, path, length)
                    .await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_rename",
        |mut caller: Caller<'_, Guest>, words: (i32, i32, i32, i32, i32, i32)| {
            Box::new(async move { path_rename(&mut caller, words).await })
        },
    )?;
    Ok(())
}

/// A folder does not sink: see the interface's `rename-at`.
async fn path_rename(
    caller: &mut Caller<'_, Guest>,
    words: (i32, i32, i32, i32, i32, i32),
) -> Result<i32> {
    let (from, old, old_length, dir, path, length) = words;
    let mut call = Call::of(caller)?;
    let paths = call.path(old, old_length).zip(call.path(path, length));
    let folders = call.guest.folder_of(from)?.zip(call.guest.folder_of(dir)?);
    if let (Some((old, new)), Some((from, into))) = (paths, folders)
        && call.guest.would_sink((from, old), (into, new)).await?
    {
        return Ok(Errno::Xdev as i32);
    }
    let Call { memory, guest } = &mut call;
    upstream::path_rename(guest.p1(), memory, from, old, old_length, dir, path, length).await
}

fn add_writers(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap_async(
        MODULE,
        "fd_write",
        |mut caller: Caller<'_, Guest>, words: (i32, i32, i32, i32)| {
            Box::new(async move { fd_write(&mut caller, words).await })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_pwrite",
        |mut caller: Caller<'_, Guest>, words: (i32, i32, i32, i64, i32)| {
            Box::new(async move {
                let (fd, pieces, count, offset, written) = words;
                let mut call = Call::of(&mut caller)?;
                let length = call.length(pieces, count);
                let at = offset.cast_unsigned();
                let more = call.count_write(fd, at, length).await?;
                let Call { memory, guest } = &mut call;
                let p1 = guest.p1();
                let done = upstream::fd_pwrite(p1, memory, fd, pieces, count, offset, written);
                let done = done.await?;
                call.settle(fd, at, (length, more), done)?;
                Ok(done)
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_filestat_set_size",
        |mut caller: Caller<'_, Guest>, (fd, size): (i32, i64)| {
            Box::new(async move {
                let mut call = Call::of(&mut caller)?;
                let before = call.size(fd).await;
                let after = size.cast_unsigned();
                let more = match before {
                    Some(before) if can_reach(Some(after)) => after.saturating_sub(before),
                    Some(_) | None => 0,
                };
                call.guest.record.write_disk(more)?;
                let Call { memory, guest } = &mut call;
                let done = upstream::fd_filestat_set_size(guest.p1(), memory, fd, size).await?;
                if done != SUCCESS {
                    call.guest.record.not_written(more);
                }
                Ok(done)
            })
        },
    )?;
    Ok(())
}

async fn fd_write(
    caller: &mut Caller<'_, Guest>,
    (fd, pieces, count, written): (i32, i32, i32, i32),
) -> Result<i32> {
    let mut call = Call::of(caller)?;
    // Standard streams are kept in memory, and counted there; a file has a position.
    let number = Fd::from(fd.cast_unsigned());
    let at = call.guest.p1().fd_tell(&mut call.memory, number).ok();
    let length = call.length(pieces, count);
    let more = match at {
        Some(at) => call.count_write(fd, at, length).await?,
        None => 0,
    };
    let Call { memory, guest } = &mut call;
    let done = upstream::fd_write(guest.p1(), memory, fd, pieces, count, written).await?;
    if let Some(at) = at {
        call.settle(fd, at, (length, more), done)?;
    }
    Ok(done)
}
