//! Files that are written whole or not at all.

use podhook_runner::CommandError;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Who may do what with a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    /// All may read it.
    Plain = 0o644,
    /// And execute it.
    Executable = 0o755,
}

/// Writes a file, in place of the one before. A device or a pipe stays what it is, and is
/// written to.
///
/// # Errors
/// 73.
pub(crate) fn write(
    path: &Path,
    mode: Mode,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CommandError> {
    try_write(path, mode, content)
        .map_err(|error| CommandError::cannot_create(path.display().to_string(), error))
}

/// Whether a file can be written later, for those who have it long until then.
///
/// # Errors
/// 73.
pub(crate) fn can_be_written(path: &Path) -> Result<(), CommandError> {
    let tried = match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => Ok(()),
        Ok(_) | Err(_) => tempfile::NamedTempFile::new_in(folder_of(path)).map(drop),
    };
    tried.map_err(|error| CommandError::cannot_create(path.display().to_string(), error))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn try_write(
    path: &Path,
    mode: Mode,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let mut there = BufWriter::new(File::options().write(true).open(path)?);
        content(&mut there)?;
        return there.flush();
    }
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
    let mut out = BufWriter::new(&mut file);
    content(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file()
        .set_permissions(Permissions::from_mode(mode as u32))?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::FileTypeExt;

    #[test]
    fn a_pipe_is_written_to_and_a_file_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let mut options = File::options();
        let mut reader = options.read(true).write(true).open(&pipe).unwrap();
        write(&pipe, Mode::Plain, |out| out.write_all(b"whole")).unwrap();
        let mut read = [0; 5];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"whole");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        let file = folder.path().join("file");
        for text in ["one", "two"] {
            write(&file, Mode::Plain, |out| out.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        let refused = write(folder.path(), Mode::Plain, |_| Ok(())).unwrap_err();
        assert_eq!(refused.status(), 73);
    }
}
