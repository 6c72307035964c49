//! `emptyDir` volumes: a folder for each, as long as the pod is played.
//!
//! Other kinds of volumes are a cluster's, and are not known here.

use crate::local::Volume;
use podhook_lifecycle::spec::{ContainerIndex, ContainerSpec, PodSpec, VolumeMount};
use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;

/// The pod's volumes, and where each container has them.
pub(crate) struct Volumes {
    mounts: Vec<Vec<Volume>>,
    _folders: Vec<TempDir>,
}

impl Volumes {
    /// Makes them, empty.
    pub(crate) fn make(spec: &PodSpec) -> io::Result<Self> {
        let mut folders = HashMap::new();
        for name in &spec.empty_dirs {
            let folder = tempfile::Builder::new().prefix("podhook-").tempdir()?;
            folders.insert(name.as_str(), folder);
        }
        let containers = spec.all().map(|(_, container)| mounts(container, &folders));
        Ok(Self {
            mounts: containers.collect(),
            _folders: folders.into_values().collect(),
        })
    }

    pub(super) fn of(&self, index: ContainerIndex) -> &[Volume] {
        self.mounts.get(index.0).map_or(&[], Vec::as_slice)
    }

    /// Whether there is anything to be mounted.
    pub(crate) fn are_mounted(&self) -> bool {
        self.mounts.iter().any(|mounts| !mounts.is_empty())
    }
}

fn mounts(container: &ContainerSpec, folders: &HashMap<&str, TempDir>) -> Vec<Volume> {
    let known = container.volume_mounts.iter().filter_map(|mount| {
        let folder = folders.get(mount.name.as_str())?;
        Some(volume(folder.path(), mount))
    });
    known.collect()
}

fn volume(folder: &Path, mount: &VolumeMount) -> Volume {
    Volume {
        folder: folder.to_owned(),
        sub_path: mount.sub_path.clone().unwrap_or_default().into(),
        place: clean(Path::new(&mount.mount_path)),
        read_only: mount.read_only,
    }
}

/// From the root on, with `..` taken for what is written before it, as runtimes do.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_absolute_and_clean() {
        for (written, place) in [
            ("/data", "/data"),
            ("data/./x", "/data/x"),
            ("/dev/shm/../../tmp/q", "/tmp/q"),
            ("../../etc", "/etc"),
        ] {
            assert_eq!(clean(Path::new(written)), Path::new(place));
        }
    }
}
