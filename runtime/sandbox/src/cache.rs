//! Compiled code on disk, between one process and the next.
//!
//! Loading compiled code is running it. So an entry is believed only if this user
//! wrote it: the folder and its files are the owner's alone, and every entry
//! carries an HMAC-SHA256 over exactly the bytes that are loaded, under a key that
//! lies in the folder. An entry that is missing, cut, changed, foreign or of
//! another version is compiled again; nothing that is wrong here ends a run.

use crate::compiled::{Code, Key};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Entries kept; the least recently used go first.
const MAX_ENTRIES: usize = 512;
/// Bytes kept in all.
const MAX_BYTES: u64 = 1 << 30;
/// Bytes of one entry: code is three to four times its module.
const MAX_ENTRY: u64 = 512 << 20;

/// How names of unfinished files begin.
const UNFINISHED: &str = ".new-";

const MAGIC: &[u8; 8] = b"podhook1";
const MAC_BYTES: usize = 32;
const HEADER: usize = MAGIC.len() + MAC_BYTES;

/// Why there is no cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The system said no.
    #[error("cannot use the cache folder {path}: {source}", path = .path.display())]
    Io {
        /// What was to be used.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else could write to it.
    #[error("the cache {path} is not this user's alone", path = .path.display())]
    NotPrivate {
        /// The folder or file.
        path: PathBuf,
    },
}

/// A folder of compiled code.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    secret: [u8; 32],
}

impl Cache {
    /// Opens the cache at `folder`; makes it (mode 0700), with a new key, where there
    /// is none.
    ///
    /// # Errors
    /// Where it cannot be made, or is not this user's alone. To go on without a
    /// cache is always possible.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        let failed = |source| CacheError::Io {
            path: folder.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let metadata = std::fs::symlink_metadata(folder).map_err(failed)?;
        if !metadata.is_dir() || !is_private(&metadata) {
            return Err(CacheError::NotPrivate {
                path: folder.to_owned(),
            });
        }
        Ok(Self {
            folder: folder.to_owned(),
            secret: secret(folder)?,
        })
    }

    /// The entry, if it is there and ours.
    pub(crate) fn load(&self, key: Key) -> Option<Code> {
        let path = self.folder.join(key.file_name());
        let bytes = match read_private(&path, MAX_ENTRY) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!("cache entry {} is not used: {error}", path.display());
                return None;
            }
        };
        if self.is_ours(&bytes, key) {
            touch(&path);
            Some(Code::new(bytes, HEADER))
        } else {
            tracing::warn!(
                "cache entry {} is not ours; compiling again",
                path.display()
            );
            None
        }
    }

    /// Keeps an entry, whole or not at all.
    pub(crate) fn store(&self, key: Key, code: &[u8]) {
        let stored = self.write(key, code);
        if let Err(error) = stored.and_then(|()| self.prune()) {
            tracing::warn!("cache {}: {error}", self.folder.display());
        }
    }

    fn write(&self, key: Key, code: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&self.mac(key, code).finalize().into_bytes())?;
        file.write_all(code)?;
        file.persist(self.folder.join(key.file_name()))?;
        Ok(())
    }

    fn is_ours(&self, bytes: &[u8], key: Key) -> bool {
        let Some((header, code)) = bytes.split_at_checked(HEADER) else {
            return false;
        };
        let Some(mac) = header.strip_prefix(MAGIC) else {
            return false;
        };
        self.mac(key, code).verify_slice(mac).is_ok()
    }

    fn mac(&self, key: Key, code: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("any length");
        mac.update(MAGIC);
        mac.update(&key.digest.0);
        mac.update(&key.compatibility.to_le_bytes());
        mac.update(code);
        mac
    }

    /// Removes the least recently used entries beyond the limits.
    fn prune(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // Another process may have removed it meanwhile.
            let Ok(metadata) = std::fs::symlink_metadata(&path) else {
                continue;
            };
            let modified = metadata.modified()?;
            if path.extension().is_some_and(|end| end == "code") {
                entries.push((modified, metadata.len(), path));
            } else if is_unfinished(&path) && modified.elapsed().is_ok_and(|age| age > HOUR) {
                remove(&path)?;
            }
        }
        entries.sort_unstable_by(|one, other| other.cmp(one));
        let mut total = 0_u64;
        for (index, (_, size, path)) in entries.iter().enumerate() {
            total = total.saturating_add(*size);
            if index >= MAX_ENTRIES || total > MAX_BYTES {
                remove(path)?;
            }
        }
        Ok(())
    }
}

/// After this time nobody is still writing an entry.
const HOUR: Duration = Duration::from_secs(3600);

/// Left by a process that was killed while it wrote.
fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(UNFINISHED))
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The key over the entries, made where there is none.
fn secret(folder: &Path) -> Result<[u8; 32], CacheError> {
    let path = folder.join("key");
    let failed = |source| CacheError::Io {
        path: path.clone(),
        source,
    };
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_secret(folder, &path).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
        Ok(metadata) if !metadata.is_file() || !is_private(&metadata) => {
            return Err(CacheError::NotPrivate { path });
        }
        Ok(_) => {}
    }
    let bytes = read_private(&path, 64).map_err(failed)?;
    bytes
        .try_into()
        .map_err(|_| failed(io::Error::other("its key is damaged: remove it")))
}

/// Two processes that start at once agree on the key of the first.
fn write_secret(folder: &Path, path: &Path) -> io::Result<()> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder)?;
    file.write_all(&secret)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(other) => Err(other.error),
    }
}

/// Owned by this user, writable by nobody else, readable by nobody else.
fn is_private(metadata: &std::fs::Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o077 == 0
}

/// Reads a file of this user, without following a link at its end.
fn read_private(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let nofollow = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nofollow.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || !is_private(&metadata) || metadata.len() > most {
        return Err(io::Error::other("not a private file of this user"));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Says that the entry was used; a cache on a read-only disk stays as it is.
fn touch(path: &Path) {
    let file = File::options().append(true).open(path);
    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook_lifecycle::Digest;
    use std::os::unix::fs::PermissionsExt;

    const KEY: Key = Key {
        digest: Digest([7; 32]),
        compatibility: 1,
    };

    fn opened() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        (folder, cache)
    }

    fn entry(cache: &Cache) -> PathBuf {
        cache.folder.join(KEY.file_name())
    }

    #[test]
    fn an_entry_is_read_back_by_the_next_process() {
        let (folder, cache) = opened();
        assert!(cache.load(KEY).is_none());
        cache.store(KEY, b"code");
        let next = Cache::open(&folder.path().join("cache")).unwrap();
        assert_eq!(next.load(KEY).unwrap().bytes(), b"code");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&cache.folder), 0o700);
        assert_eq!(mode(&entry(&cache)), 0o600);
        assert_eq!(mode(&cache.folder.join("key")), 0o600);
    }

    #[test]
    fn any_changed_byte_makes_an_entry_worthless() {
        let (_folder, cache) = opened();
        cache.store(KEY, b"code");
        let good = std::fs::read(entry(&cache)).unwrap();
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            std::fs::write(entry(&cache), bad).unwrap();
            assert!(cache.load(KEY).is_none(), "byte {index}");
        }
        for length in 0..good.len() {
            std::fs::write(entry(&cache), &good[..length]).unwrap();
            assert!(cache.load(KEY).is_none(), "cut at {length}");
        }
    }

    #[test]
    fn an_entry_under_another_name_or_key_is_worthless() {
        let (_folder, cache) = opened();
        let (_other_folder, other) = opened();
        other.store(KEY, b"code");
        std::fs::copy(entry(&other), entry(&cache)).unwrap();
        assert!(cache.load(KEY).is_none());
        let another = Key {
            compatibility: 2,
            ..KEY
        };
        std::fs::copy(entry(&other), other.folder.join(another.file_name())).unwrap();
        assert!(other.load(another).is_none());
    }

    #[test]
    fn what_others_could_write_is_not_used() {
        let (folder, cache) = opened();
        cache.store(KEY, b"code");
        let open_to_all = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        open_to_all(&entry(&cache), 0o666);
        assert!(cache.load(KEY).is_none());
        open_to_all(&entry(&cache), 0o600);
        std::fs::rename(entry(&cache), folder.path().join("aside")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("aside"), entry(&cache)).unwrap();
        assert!(cache.load(KEY).is_none());
        open_to_all(&cache.folder, 0o777);
        assert!(matches!(
            Cache::open(&cache.folder),
            Err(CacheError::NotPrivate { .. })
        ));
    }

    #[test]
    fn a_damaged_key_is_said_and_not_replaced() {
        let (_folder, cache) = opened();
        std::fs::write(cache.folder.join("key"), b"short").unwrap();
        let error = Cache::open(&cache.folder).unwrap_err().to_string();
        assert!(error.contains("its key is damaged"), "{error}");
    }

    #[test]
    fn the_least_recently_used_entries_go() {
        let (_folder, cache) = opened();
        let key = |compatibility| Key {
            compatibility,
            ..KEY
        };
        let first = 1_u64;
        for n in 0..=u64::try_from(MAX_ENTRIES).unwrap() {
            cache.write(key(first + n), b"code").unwrap();
            let file = File::options()
                .append(true)
                .open(cache.folder.join(key(first + n).file_name()))
                .unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n))
                .unwrap();
        }
        cache.prune().unwrap();
        assert!(cache.load(key(first)).is_none());
        assert!(cache.load(key(first + 1)).is_some());
    }
}
