//! The folders that a case grants: temporary, and gone with it.

use podhook_lifecycle::DirGrant;
use podhook_runner::grammar;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path};
use tempfile::TempDir;

/// One for each grant.
pub(super) struct Folders {
    /// They vanish with it.
    _temporary: TempDir,
    pub(super) grants: Vec<DirGrant>,
}

/// Bytes of a file that are looked at.
const MOST: u64 = 16 << 20;

/// What is wrong with a path, where something is.
pub(super) fn misplaced(path: &str, grants: &[DirGrant]) -> Option<String> {
    let path = Path::new(path);
    let is_plain = path
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if !path.is_absolute() || !is_plain {
        return Some("write an absolute path without . and ..".to_owned());
    }
    match granted(path, grants) {
        Some(_) => None,
        None => Some("lies in no folder that `dir` grants".to_owned()),
    }
}

/// What `GUEST[:ro]` grants; where it lies is not known yet.
pub(super) fn grant(host: &Path, guest: &str) -> Result<DirGrant, String> {
    let text = format!("{}::{guest}", host.display());
    grammar::dir(&text).map_err(|_| format!("{guest:?} is no folder of a hook's; write GUEST[:ro]"))
}

/// The grant that covers a path, the innermost, and what is left of the path.
fn granted<'g, 'p>(path: &'p Path, grants: &'g [DirGrant]) -> Option<(&'g DirGrant, &'p Path)> {
    let below = grants.iter().filter_map(|grant| {
        let rest = path.strip_prefix(&grant.guest).ok()?;
        Some((grant, rest))
    });
    below.min_by_key(|(_, rest)| rest.components().count())
}

impl Folders {
    /// Makes them.
    ///
    /// # Errors
    /// Where the machine has no room for them.
    pub(super) fn make(guests: &[String]) -> io::Result<Self> {
        let temporary = tempfile::Builder::new().prefix("podhook-test-").tempdir()?;
        let mut grants = Vec::new();
        for (number, guest) in guests.iter().enumerate() {
            let host = temporary.path().join(number.to_string());
            fs::create_dir(&host)?;
            grants.push(grant(&host, guest).map_err(io::Error::other)?);
        }
        Ok(Self {
            _temporary: temporary,
            grants,
        })
    }

    /// Puts a file where the hook will find it.
    pub(super) fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let (grant, rest) = self.granted(path)?;
        let file = grant.host.join(rest);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, bytes)
    }

    /// What is in a file now; `None` where there is none. Links lead nowhere outside.
    pub(super) fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let (grant, rest) = self.granted(path)?;
        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, &grant.host, folder, Mode::empty())?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = openat2(&folder, rest, flags, Mode::empty(), ResolveFlags::BENEATH);
        let file = match opened {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR)
                if !rest.as_os_str().is_empty() =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn granted<'p>(&self, path: &'p str) -> io::Result<(&DirGrant, &'p Path)> {
        let path = Path::new(path);
        granted(path, &self.grants).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lies_in_the_innermost_folder() {
        let folders = Folders::make(&["/var".into(), "/var/spool:ro".into()]).unwrap();
        folders.put("/var/spool/a/b", b"inner").unwrap();
        folders.put("/var/log", b"outer").unwrap();
        assert!(folders.grants[1].host.join("a/b").is_file());
        let read = |path| folders.get(path).unwrap();
        assert_eq!(read("/var/spool/a/b").unwrap(), b"inner");
        assert_eq!(read("/var/log").unwrap(), b"outer");
        assert_eq!(read("/var/other"), None);
        assert!(folders.get("/etc/passwd").is_err());
        assert!(folders.get("/var/spool/a").is_err(), "a folder");
    }

    #[test]
    fn links_lead_nowhere_outside() {
        let folders = Folders::make(&["/data".into()]).unwrap();
        let host = &folders.grants[0].host;
        std::os::unix::fs::symlink("/etc/passwd", host.join("absolute")).unwrap();
        std::os::unix::fs::symlink("../../passwd", host.join("relative")).unwrap();
        for name in ["/data/absolute", "/data/relative"] {
            assert!(folders.get(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_path_is_plain_and_granted() {
        let grants = [grant(Path::new("/"), "/data:ro").unwrap()];
        assert_eq!(misplaced("/data/a", &grants), None);
        for path in ["data/a", "/data/../etc", "/other"] {
            assert!(misplaced(path, &grants).is_some(), "{path}");
        }
        assert!(grant(Path::new("/"), "a:b").is_err());
    }
}
