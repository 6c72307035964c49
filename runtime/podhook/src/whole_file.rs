//! Files that are written whole or not at all.

use podhook_runner::CommandError;
use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
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

/// Writes a file, in place of the one before.
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

fn try_write(
    path: &Path,
    mode: Mode,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = BufWriter::new(&mut file);
    content(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file()
        .set_permissions(Permissions::from_mode(mode as u32))?;
    file.persist(path)?;
    Ok(())
}
