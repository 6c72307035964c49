//! One executable of adapter, hook and options.
//!
//! ```text
//! podhook-exec | padding | .cwasm | words, a NUL behind each | footer
//! ```
//! The adapter has a mark that says whether it is a bundle's, so that one whose end is
//! missing is not taken for the adapter alone. The compiled hook begins at a page, so that it can be mapped. The footer says where
//! its parts are, with a check over itself and the words; the hook has its own check.
//! What the executable is otherwise, whoever starts it trusts.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use xxhash_rust::xxh3::xxh3_64;

/// The last bytes of a bundle.
const MAGIC: &[u8; 8] = b"phbundle";

/// What the hook's place is a multiple of.
const PAGE: u64 = 4096;

/// Start and length of the hook, length of the words, check, magic.
const FOOTER: usize = 5 * 8;

/// The mark of podhook-exec by itself.
pub const ALONE: [u8; 32] = *b"podhook-exec mark: not a bundle.";

/// That of one in a bundle.
const BUNDLED: [u8; 32] = *b"podhook-exec mark: in a bundle..";

/// Bytes of all words; a kernel takes 2 MiB on a command line.
const MAX_WORDS: u64 = 1 << 20;

/// Where in an executable the hook is, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Of the compiled hook, in bytes from the executable's begin.
    pub start: u64,
    /// Its bytes.
    pub length: u64,
    /// OPTIONS, and `--` with arguments.
    pub words: Vec<OsString>,
}

/// Why an executable that ends like a bundle is none.
#[derive(Debug, thiserror::Error)]
pub enum BadBundle {
    /// It cannot be read.
    #[error("the bundle cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Its check does not hold.
    #[error("the bundle is damaged: its contents do not match their check")]
    Damaged,
}

/// Whether an executable that has this mark is part of a bundle.
#[must_use]
pub fn is_bundled(mark: &[u8; 32]) -> bool {
    mark == &BUNDLED
}

/// Where in an executable its mark is; `None`: it is no podhook-exec of this version.
#[must_use]
pub fn mark_in(adapter: &[u8]) -> Option<usize> {
    // Backwards, so that who looks for it has no second one.
    let mut mark = *b".eldnub a ton :kram cexe-koohdop";
    mark.reverse();
    let mut windows = adapter.windows(mark.len());
    let first = windows.position(|bytes| bytes == mark)?;
    (!windows.any(|bytes| bytes == mark)).then_some(first)
}

impl Bundle {
    /// The bundle that `file` is; `None`: it is none.
    ///
    /// # Errors
    /// [`BadBundle`].
    pub fn read(file: &File) -> Result<Option<Self>, BadBundle> {
        let end = file.metadata()?.len();
        let Some(at) = end.checked_sub(FOOTER as u64) else {
            return Ok(None);
        };
        let mut footer = [0; FOOTER];
        file.read_exact_at(&mut footer, at)?;
        if !footer.ends_with(MAGIC) {
            return Ok(None);
        }
        let number = |index: usize| {
            let bytes = footer.get(index * 8..index * 8 + 8)?;
            Some(u64::from_le_bytes(bytes.try_into().ok()?))
        };
        let (Some(start), Some(length), Some(said), Some(check)) =
            (number(0), number(1), number(2), number(3))
        else {
            return Err(BadBundle::Damaged);
        };
        let fits = start
            .checked_add(length)
            .and_then(|sum| sum.checked_add(said))
            == Some(at);
        if !fits || said > MAX_WORDS || start % PAGE != 0 {
            return Err(BadBundle::Damaged);
        }
        let mut words = vec![0; usize::try_from(said).unwrap_or(0)];
        file.read_exact_at(&mut words, start + length)?;
        if check != Self::check(start, length, &words) {
            return Err(BadBundle::Damaged);
        }
        let words = split(&words);
        Ok(Some(Self {
            start,
            length,
            words,
        }))
    }

    fn check(start: u64, length: u64, words: &[u8]) -> u64 {
        xxh3_64(&[&start.to_le_bytes(), &length.to_le_bytes(), words].concat())
    }
}

fn split(words: &[u8]) -> Vec<OsString> {
    let words = words
        .strip_suffix(b"\0")
        .map(|words| words.split(|byte| *byte == 0));
    let words = words.into_iter().flatten();
    words
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect()
}

/// Writes a bundle of `adapter`, the compiled `hook` and `words`, none of which has a
/// NUL.
///
/// # Errors
/// Where it cannot be written, the words are too many, or the adapter is none.
pub fn write(
    mut out: impl Write,
    adapter: &[u8],
    hook: &[u8],
    words: &[OsString],
) -> io::Result<()> {
    let start = (adapter.len() as u64).next_multiple_of(PAGE);
    let mut said = Vec::new();
    for word in words {
        said.extend_from_slice(word.as_bytes());
        said.push(0);
    }
    if said.len() as u64 > MAX_WORDS {
        return Err(io::Error::other("the options are too long"));
    }
    let length = hook.len() as u64;
    let padding = usize::try_from(start - adapter.len() as u64).unwrap_or(0);
    let check = Bundle::check(start, length, &said);
    let marked = mark_in(adapter)
        .and_then(|at| Some((adapter.get(..at)?, adapter.get(at + BUNDLED.len()..)?)));
    let (before, after) = marked.ok_or_else(|| io::Error::other("not podhook-exec"))?;
    for part in [before, &BUNDLED, after] {
        out.write_all(part)?;
    }
    out.write_all(&vec![0; padding])?;
    out.write_all(hook)?;
    out.write_all(&said)?;
    for number in [start, length, said.len() as u64, check] {
        out.write_all(&number.to_le_bytes())?;
    }
    out.write_all(MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(adapter: &[u8], hook: &[u8], words: &[&str]) -> Vec<u8> {
        let adapter = &[adapter, &ALONE].concat();
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let mut bytes = Vec::new();
        write(&mut bytes, adapter, hook, &words).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Option<Bundle>, BadBundle> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Bundle::read(&file)
    }

    #[test]
    fn what_is_written_is_read() {
        for words in [&[][..], &["--env", "A=", ""], &["--", "a\nb"]] {
            let bytes = bundle(&[7; 5000], b"hook", words);
            let found = read(&bytes).unwrap().unwrap();
            assert_eq!((found.start, found.length), (8192, 4));
            assert_eq!(&bytes[8192..8196], b"hook");
            assert_eq!(found.words, words);
        }
    }

    #[test]
    fn only_podhook_exec_is_bundled() {
        let write = |adapter: &[u8]| write(Vec::new(), adapter, b"hook", &[]).is_ok();
        assert!(write(&[b"x", &ALONE[..], b"y"].concat()));
        assert!(!write(b"x") && !write(&[ALONE, ALONE].concat()) && !write(&BUNDLED));
        let whole = bundle(b"x", b"hook", &[]);
        assert!(whole.starts_with(b"xpodhook-exec mark: in a bundle.."));
        assert!(is_bundled(&BUNDLED) && !is_bundled(&ALONE));
    }

    #[test]
    fn an_executable_alone_is_no_bundle() {
        assert_eq!(read(b"").unwrap(), None);
        assert_eq!(read(&[1; 10_000]).unwrap(), None);
    }

    #[test]
    fn any_change_behind_the_hook_is_seen() {
        let whole = bundle(&[7; 100], b"hook", &["--fuel", "9"]);
        for at in 4096 + 4..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            let found = read(&changed);
            // Without its magic it is no bundle.
            assert!(matches!(found, Err(BadBundle::Damaged) | Ok(None)), "{at}");
        }
        let cut = read(&[&whole[..4098], &whole[whole.len() - FOOTER..]].concat());
        assert!(matches!(cut, Err(BadBundle::Damaged)));
    }
}
