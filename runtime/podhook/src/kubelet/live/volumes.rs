//! `emptyDir` volumes: a folder for each, as long as the pod is played.
//!
//! Other kinds of volumes are a cluster's, and are not known here.

use podhook_lifecycle::spec::{ContainerIndex, ContainerSpec, PodSpec, VolumeMount};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;

/// Folders of the machine, and where each container has them.
pub(crate) struct Volumes {
    mounts: Vec<Vec<(PathBuf, PathBuf)>>,
    _folders: Vec<TempDir>,
}

impl Volumes {
    /// Makes them, empty.
    pub(crate) fn make(spec: &PodSpec) -> io::Result<Self> {
        let mut folders = HashMap::new();
        for name in &spec.empty_dirs {
            folders.insert(
                name.as_str(),
                tempfile::Builder::new().prefix("podhook-").tempdir()?,
            );
        }
        let containers = spec.all().map(|(_, container)| mounts(container, &folders));
        Ok(Self {
            mounts: containers.collect::<io::Result<_>>()?,
            _folders: folders.into_values().collect(),
        })
    }

    pub(super) fn of(&self, index: ContainerIndex) -> &[(PathBuf, PathBuf)] {
        self.mounts.get(index.0).map_or(&[], Vec::as_slice)
    }

    /// Whether there is anything to be mounted.
    pub(crate) fn are_mounted(&self) -> bool {
        self.mounts.iter().any(|mounts| !mounts.is_empty())
    }
}

fn mounts(
    container: &ContainerSpec,
    folders: &HashMap<&str, TempDir>,
) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let known = container
        .volume_mounts
        .iter()
        .filter_map(|mount| Some((mount, folders.get(mount.name.as_str())?)));
    known
        .map(|(mount, folder)| {
            let folder = part(folder.path(), mount)?;
            Ok((folder, Path::new("/").join(&mount.mount_path)))
        })
        .collect()
}

/// The volume, or the folder in it that `subPath` names; never one outside of it.
fn part(volume: &Path, mount: &VolumeMount) -> io::Result<PathBuf> {
    let sub_path = Path::new(mount.sub_path.as_deref().unwrap_or_default());
    let inside = sub_path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside {
        let why = format!("subPath {sub_path:?} leads out of volume {:?}", mount.name);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let part = volume.join(sub_path);
    fs::create_dir_all(&part)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(sub_path: &str) -> VolumeMount {
        VolumeMount {
            name: "v".to_owned(),
            mount_path: "/m".to_owned(),
            sub_path: Some(sub_path.to_owned()),
        }
    }

    #[test]
    fn a_part_of_a_volume_is_made_and_stays_in_it() {
        let volume = tempfile::tempdir().unwrap();
        let made = part(volume.path(), &mount("a/b")).unwrap();
        assert_eq!(made, volume.path().join("a/b"));
        assert!(made.is_dir());
        for out in ["../x", "/etc", "a/../../x"] {
            assert!(part(volume.path(), &mount(out)).is_err(), "{out}");
        }
    }
}
