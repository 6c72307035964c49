//! From a name for a cgroup to its folders.

use super::enter::version_of;
use super::{Cgroup, CgroupError, Place, Version};
use procfs_core::{FromBufRead, ProcessCGroups, process::MountInfos};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// How a cgroup is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CgroupName {
    /// That of this process.
    Auto,
    /// That of another process.
    Process(u32),
    /// A folder: of v2, or of v1 under any controller; those of other controllers are at
    /// the same relative path.
    Folder(PathBuf),
}

/// What this process has mounted.
const MOUNTS: &str = "/proc/self/mountinfo";

/// Where hierarchies are mounted by custom.
const MOUNTED: &str = "/sys/fs/cgroup";

/// Controllers of v1, whose folders bear their names.
const CONTROLLERS: [&str; 13] = [
    "cpu",
    "cpuacct",
    "memory",
    "pids",
    "cpuset",
    "blkio",
    "devices",
    "freezer",
    "net_cls",
    "net_prio",
    "perf_event",
    "hugetlb",
    "systemd",
];

/// Files that only a cgroup of v2 has.
const V2_FILES: [&str; 4] = ["cgroup.controllers", "cpu.max", "memory.max", "cpu.weight"];

/// Where v2 is mounted beside hierarchies of v1.
const UNIFIED: &str = "unified";

impl Cgroup {
    /// The cgroup of this name, under `root` where hierarchies are mounted elsewhere than
    /// the system says.
    ///
    /// # Errors
    /// Where there is no such cgroup.
    pub fn find(name: &CgroupName, root: Option<&Path>) -> Result<Self, CgroupError> {
        match name {
            CgroupName::Folder(folder) => Self::at(folder, root),
            CgroupName::Process(pid) => Ok(Self {
                process: Some(*pid),
                ..Self::of_process(&pid.to_string(), root)?
            }),
            CgroupName::Auto => Ok(Self {
                process: Some(std::process::id()),
                ..Self::of_process("self", root)?
            }),
        }
    }

    fn at(folder: &Path, root: Option<&Path>) -> Result<Self, CgroupError> {
        let folder = existing(folder)?;
        let root = match root {
            Some(root) => existing(root)?,
            None => root_of(&folder),
        };
        let Ok(below) = folder.strip_prefix(&root) else {
            let why = "not under --cgroup-root";
            return Err(CgroupError::NotACgroup { path: folder, why });
        };
        let mut parts = below.components();
        let first = parts.next().map(|part| part.as_os_str().to_string_lossy());
        let first = first.as_deref().unwrap_or_default();
        let of_v1 = !is_v2(&root) && !is_v2(&folder);
        match first {
            UNIFIED if of_v1 || is_hybrid(&root) => {
                Ok(Self::v2(&root.join(UNIFIED), parts.as_path()))
            }
            name if of_v1 && controllers(name).next().is_some() => {
                Ok(Self::v1(&root, parts.as_path()))
            }
            _ if folder.ancestors().any(looks_like_v2) => Ok(Self::v2(&root, below)),
            _ => {
                let why = "not a cgroup: neither of v2, nor under a controller of v1";
                Err(CgroupError::NotACgroup { path: folder, why })
            }
        }
    }

    fn v2(root: &Path, below: &Path) -> Self {
        let place = Place {
            version: Version::V2,
            root: root.to_owned(),
            folder: root.join(below),
        };
        Self {
            cpu: Some(place.clone()),
            memory: Some(place),
            ..Self::default()
        }
    }

    /// At the same place under each controller, as far as it is there.
    fn v1(root: &Path, below: &Path) -> Self {
        let place = |controller| {
            let root = controller_root(root, controller)?;
            let folder = root.join(below);
            folder.is_dir().then_some(Place {
                version: Version::V1,
                root,
                folder,
            })
        };
        Self {
            cpu: place("cpu"),
            cpuacct: place("cpuacct"),
            memory: place("memory"),
            process: None,
        }
    }

    pub(super) fn of_process(pid: &str, root: Option<&Path>) -> Result<Self, CgroupError> {
        let file = PathBuf::from(format!("/proc/{pid}/cgroup"));
        let memberships: ProcessCGroups = parsed(&file, |_| true)?;
        let path_in = |controller: &str| {
            let mut all = memberships.0.iter();
            all.find(|one| one.controllers.iter().any(|name| name == controller))
                .map(|one| (Version::V1, one.pathname.clone()))
        };
        let unified = memberships.0.iter().find(|one| one.hierarchy == 0);
        let unified = unified.map(|one| (Version::V2, one.pathname.clone()));
        let mut mounts = Mounts::new(root)?;
        let mut place = |controller: &str| {
            let v1 = path_in(controller).filter(|_| !mounts.are_v2_alone());
            match v1.or_else(|| unified.clone()) {
                Some((version, path)) => mounts.place(version, controller, &path),
                None => Ok(None),
            }
        };
        let found = Self {
            cpu: place("cpu")?,
            cpuacct: place("cpuacct")?.filter(|place| place.version == Version::V1),
            memory: place("memory")?,
            process: None,
        };
        match found.cpu.is_none() && found.memory.is_none() {
            true => Err(CgroupError::NotFound(file)),
            false => Ok(found),
        }
    }
}

/// Where hierarchies begin.
enum Mounts {
    /// Where they are by custom, else where this process has them mounted, once that was
    /// read: a container can have hundreds of mounts.
    Mounted(Option<Vec<Mount>>),
    /// All below one folder.
    Under(PathBuf),
}

/// A hierarchy, the part of it that is mounted, and where.
struct Mount {
    version: Version,
    controllers: Vec<String>,
    /// The folder of the hierarchy that is mounted; a container has its own cgroup here.
    from: String,
    at: PathBuf,
}

impl Mounts {
    fn new(root: Option<&Path>) -> Result<Self, CgroupError> {
        match root {
            Some(root) => existing(root).map(Self::Under),
            None => Ok(Self::Mounted(None)),
        }
    }

    fn are_v2_alone(&self) -> bool {
        matches!(self, Self::Under(root) if !is_hybrid(root))
    }

    /// The place of the cgroup `path`, as /proc names it, where it can be seen.
    fn place(
        &mut self,
        version: Version,
        controller: &str,
        path: &str,
    ) -> Result<Option<Place>, CgroupError> {
        let known = match self {
            Self::Under(root) => {
                let root = under(root, version, controller);
                return Ok(root.map(|root| below(version, root, "/", path)));
            }
            Self::Mounted(known) => known,
        };
        if let Some(place) = by_custom(version, controller, path) {
            return Ok(Some(place));
        }
        let mounts = match known {
            Some(mounts) => mounts,
            None => known.insert(mounts()?),
        };
        let mount = mounts.iter().find(|mount| {
            let has = |name: &String| name == controller;
            mount.version == version
                && (version == Version::V2 || mount.controllers.iter().any(has))
        });
        Ok(mount.map(|mount| below(version, mount.at.clone(), &mount.from, path)))
    }
}

/// All hierarchies that this process has mounted.
fn mounts() -> Result<Vec<Mount>, CgroupError> {
    let mounts: MountInfos = parsed(Path::new(MOUNTS), |line| line.contains(" - cgroup"))?;
    let cgroups = mounts.0.into_iter().filter_map(|mount| {
        let version = match mount.fs_type.as_str() {
            "cgroup" => Version::V1,
            "cgroup2" => Version::V2,
            _ => return None,
        };
        Some(Mount {
            version,
            controllers: mount.super_options.into_keys().collect(),
            from: mount.root,
            at: mount.mount_point,
        })
    });
    Ok(cgroups.collect())
}

/// The place of `path` where hierarchies are by custom, if it is there.
fn by_custom(version: Version, controller: &str, path: &str) -> Option<Place> {
    let root = match version {
        Version::V1 => Path::new(MOUNTED).join(controller),
        Version::V2 => PathBuf::from(MOUNTED),
    };
    let below = path.trim_start_matches('/');
    let folder = root.join(below);
    let is_there = stays_below(below) && version_of(&folder) == Some(version);
    is_there.then_some(Place {
        version,
        root,
        folder,
    })
}

/// Of the hierarchy under `root`, which begins at the cgroup `from`.
fn below(version: Version, root: PathBuf, from: &str, path: &str) -> Place {
    let below = path
        .strip_prefix(from.trim_end_matches('/'))
        .unwrap_or(path);
    let folder = root.join(below.trim_start_matches('/'));
    // What is not below is seen as the root itself: the view of a container, which has
    // nothing but its own cgroup.
    let is_below = stays_below(below) && folder.is_dir();
    Place {
        version,
        folder: if is_below { folder } else { root.clone() },
        root,
    }
}

/// The folder of the hierarchy under a root that was named.
fn under(root: &Path, version: Version, controller: &str) -> Option<PathBuf> {
    match version {
        Version::V1 => controller_root(root, controller),
        Version::V2 if is_hybrid(root) => Some(root.join(UNIFIED)).filter(|folder| folder.is_dir()),
        Version::V2 => Some(root.to_owned()),
    }
}

fn stays_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.all(|part| !matches!(part, Component::ParentDir))
}

fn existing(folder: &Path) -> Result<PathBuf, CgroupError> {
    let path = || folder.to_owned();
    let real =
        fs::canonicalize(folder).map_err(|why| match why.kind() == io::ErrorKind::NotFound {
            true => CgroupError::NotFound(path()),
            false => CgroupError::Unreadable { path: path(), why },
        })?;
    match real.is_dir() {
        true => Ok(real),
        false => Err(CgroupError::NotACgroup {
            path: path(),
            why: "not a folder",
        }),
    }
}

/// What a file of /proc says, of those lines that are `wanted`.
fn parsed<T: FromBufRead>(file: &Path, wanted: fn(&str) -> bool) -> Result<T, CgroupError> {
    let path = || file.to_owned();
    let unreadable = |why: io::Error| match why.kind() == io::ErrorKind::NotFound {
        true => CgroupError::NotFound(path()),
        false => CgroupError::Unreadable { path: path(), why },
    };
    let bytes = fs::read(file).map_err(unreadable)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: String = text
        .split_inclusive('\n')
        .filter(|line| wanted(line))
        .collect();
    T::from_buf_read(lines.as_bytes()).map_err(|why| unreadable(io::Error::other(why.to_string())))
}

/// Where the hierarchies begin that `folder` is in: where they are mounted, else the
/// folder above that of a controller, else the topmost that looks like one of v2.
fn root_of(folder: &Path) -> PathBuf {
    if folder.starts_with(MOUNTED) {
        return PathBuf::from(MOUNTED);
    }
    let of_controller = folder.ancestors().find(|ancestor| {
        let name = ancestor.file_name().unwrap_or_default().to_string_lossy();
        controllers(&name).next().is_some() && !is_v2(ancestor)
    });
    if let Some(root) = of_controller.and_then(Path::parent) {
        return root.to_owned();
    }
    let v2 = folder
        .ancestors()
        .take_while(|ancestor| looks_like_v2(ancestor));
    v2.last().unwrap_or(folder).to_owned()
}

fn is_v2(folder: &Path) -> bool {
    V2_FILES.iter().any(|file| folder.join(file).exists())
}

/// Every cgroup of v2 has at least this; one of v1 does too.
fn looks_like_v2(folder: &Path) -> bool {
    is_v2(folder) || folder.join("cgroup.procs").exists()
}

/// Whether hierarchies of v1 begin under `root`.
fn is_hybrid(root: &Path) -> bool {
    !is_v2(root)
        && ["cpu", "memory"]
            .iter()
            .any(|one| controller_root(root, one).is_some())
}

/// The controllers that a folder is named after: `cpu,cpuacct`.
fn controllers(folder: &str) -> impl Iterator<Item = &str> {
    let names = folder.split(',');
    names.filter(|name| CONTROLLERS.contains(name))
}

/// The folder of a controller's hierarchy, which others may share.
fn controller_root(root: &Path, controller: &str) -> Option<PathBuf> {
    let alone = root.join(controller);
    if alone.is_dir() {
        return Some(alone);
    }
    let entries = fs::read_dir(root).ok()?;
    entries
        .filter_map(Result::ok)
        .find(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            controllers(&name).any(|one| one == controller) && entry.path().is_dir()
        })
        .map(|entry| entry.path())
}
