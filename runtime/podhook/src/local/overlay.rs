//! A copy of the machine's files that a container may write into: everything is there,
//! and what is written lies in memory until the container is gone.
//!
//! Changes what this process sees as `/`, so it is for the shim alone, before it starts
//! anything. Hides files, not processes or networks; it is no jail: a program of root
//! that wants out gets out. Sockets in the machine's folders cannot be connected to
//! through an overlay; those that the container makes can.

use crate::local::mounts::{Mount, View, parse};
use crate::local::program::reason;
use crate::local::volume::Volume;
use NotIsolated::{Broken, Unavailable};
use rustix::fs::{Mode, OFlags, chmod, chown, fstat, open};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change,
    mount_remount, unmount,
};
use rustix::process::{chdir, geteuid, pivot_root};
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Where the new tree is built; hidden meanwhile, from this process only.
const STAGES: &[&str] = &["/tmp", "/run", "/mnt", "/var"];

/// What runtimes keep containers from writing to in `/proc`.
const PROC_READ_ONLY: &[&str] = &["bus", "fs", "irq", "sys", "sysrq-trigger"];

/// Why there is no copy.
pub(super) enum NotIsolated {
    /// This machine has none to give.
    Unavailable(String),
    /// It has, but a volume cannot be mounted: nothing may run without.
    Broken(String),
}

/// Moves this process into a copy with these volumes; why it is still where it was,
/// otherwise.
pub(super) fn isolate(volumes: &[Volume]) -> Result<(), NotIsolated> {
    if !geteuid().is_root() {
        return Err(Unavailable("podhook is not root".into()));
    }
    let unavailable = |what, error: &io::Error| Unavailable(because(what, error));
    leave_mounts().map_err(|error| unavailable("a mount namespace", &error.into()))?;
    let table = fs::read("/proc/self/mountinfo");
    let table = table.map_err(|error| unavailable("/proc/self/mountinfo", &error))?;
    // Opened before the stage hides anything.
    let seen: Vec<_> = parse(&table).into_iter().filter_map(opened).collect();
    let folders = volumes.iter().map(Volume::opened);
    let folders: Vec<_> = folders.collect::<Result<_, _>>().map_err(Broken)?;
    let stage = stage().map_err(Unavailable)?;
    let built = build(&stage, &seen, &folders);
    if built.is_err() {
        let _ = unmount(&stage, UnmountFlags::DETACH);
    }
    built
}

pub(super) fn because(what: &str, error: &io::Error) -> String {
    format!("{what}: {}", reason(error))
}

/// From here on, mounts are this process's own.
#[allow(unsafe_code)]
fn leave_mounts() -> Result<(), Errno> {
    // SAFETY: what makes `unshare` unsafe is `FILES`, by which threads would stop
    // sharing file descriptors; it is not asked for.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }?;
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
}

/// From here on, this thread and what it starts do not see what is mounted there.
pub(crate) fn hide(point: &Path) -> io::Result<()> {
    leave_mounts()?;
    Ok(unmount(point, UnmountFlags::DETACH)?)
}

/// What cannot be opened is left out: the folder below it is seen in its place.
fn opened(mount: Mount) -> Option<(Mount, OwnedFd)> {
    if mount.view() == View::Absent {
        return None;
    }
    let file = open(&mount.point, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    Some((mount, file))
}

/// Memory for the new tree and all that will be written into it.
fn stage() -> Result<PathBuf, String> {
    let flags = MountFlags::empty();
    let found = STAGES.iter().map(Path::new).find(|place| {
        place.is_dir() && mount("tmpfs", *place, "tmpfs", flags, Some(c"mode=0755")).is_ok()
    });
    let stage = found.ok_or("a tmpfs cannot be mounted")?;
    Ok(stage.to_owned())
}

fn build(
    stage: &Path,
    seen: &[(Mount, OwnedFd)],
    volumes: &[(OwnedFd, &Volume)],
) -> Result<(), NotIsolated> {
    let new_root = |error: &io::Error| Unavailable(because("the new root", error));
    let root = stage.join("root");
    fs::create_dir(&root).map_err(|error| new_root(&error))?;
    for (number, (mount, file)) in seen.iter().enumerate() {
        let target = at(&root, &mount.point);
        let layer = stage.join(number.to_string());
        let shown = show(mount, file, &layer, &target);
        if mount.is_root() {
            shown.map_err(|error| Unavailable(because("an overlay over /", &error)))?;
        }
    }
    for (folder, volume) in volumes {
        volume.mount(folder, &root).map_err(Broken)?;
    }
    for name in PROC_READ_ONLY {
        let _ = make_read_only(&root.join("proc").join(name));
    }
    turn_to(&root).map_err(|error| new_root(&error))
}

fn at(root: &Path, point: &Path) -> PathBuf {
    root.join(point.strip_prefix("/").unwrap_or(point))
}

/// What cannot have an overlay is readable: FAT, network file systems, an overlay upon
/// overlays.
fn show(mount: &Mount, file: &OwnedFd, layer: &Path, target: &Path) -> io::Result<()> {
    match mount.view() {
        View::Absent => Ok(()),
        View::Shared => Ok(mount_bind(link(file), target)?),
        View::ReadOnly => bind_read_only(mount, file, target),
        View::Overlay => match overlay(mount, file, layer, target) {
            Err(_) if !mount.is_root() => bind_read_only(mount, file, target),
            done => done,
        },
    }
}

/// A path to an open file that nothing mounted since can hide.
pub(super) fn link(file: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

fn bind_read_only(mount: &Mount, file: &OwnedFd, target: &Path) -> io::Result<()> {
    mount_bind(link(file), target)?;
    let flags = mount.flags | MountFlags::BIND | MountFlags::RDONLY;
    Ok(mount_remount(target, flags, c"")?)
}

fn make_read_only(place: &Path) -> io::Result<()> {
    mount_bind(place, place)?;
    let kept = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let flags = kept | MountFlags::BIND | MountFlags::RDONLY;
    Ok(mount_remount(place, flags, c"")?)
}

fn overlay(seen: &Mount, lower: &OwnedFd, layer: &Path, target: &Path) -> io::Result<()> {
    let (upper, work) = (layer.join("upper"), layer.join("work"));
    fs::create_dir_all(&upper)?;
    fs::create_dir_all(&work)?;
    like(&upper, lower)?;
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        link(lower),
        upper.display(),
        work.display()
    );
    let options = CString::new(options)?;
    Ok(mount(
        "overlay",
        target,
        "overlay",
        seen.flags,
        Some(options.as_c_str()),
    )?)
}

/// The topmost folder takes its owner and mode from the upper layer.
fn like(upper: &Path, lower: &OwnedFd) -> io::Result<()> {
    let stat = fstat(lower)?;
    let owner = rustix::fs::Uid::from_raw(stat.st_uid);
    let group = rustix::fs::Gid::from_raw(stat.st_gid);
    chown(upper, Some(owner), Some(group))?;
    Ok(chmod(upper, Mode::from_raw_mode(stat.st_mode))?)
}

/// The old tree goes; the layers stay as long as the new one needs them.
fn turn_to(root: &Path) -> io::Result<()> {
    chdir(root)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    Ok(chdir("/")?)
}
