//! From a command to a running process, or to the reason there is none.
//!
//! Finds the file as a container runtime does and words failures as it does. Knows
//! nothing of what becomes of the process.

use crate::local::protocol::Program;
use podhook_lifecycle::quote::quote;
use rustix::process::Pid;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Starts it in a process group of its own. `files` are stdout and stderr, `/dev/null`
/// without; `may_create`: a missing working folder is made.
pub(super) fn spawn(
    program: &Program,
    files: Vec<OwnedFd>,
    may_create: bool,
) -> Result<Pid, String> {
    let (name, args) = program.argv.split_first().ok_or("no command specified")?;
    let dir = Path::new(&program.working_dir);
    enter(dir, may_create)?;
    let file = find(name, path_of(&program.env), dir)?;
    let mut files = files.into_iter();
    let mut stdio = || files.next().map_or_else(Stdio::null, Stdio::from);
    let child = Command::new(&file)
        .arg0(name)
        .args(args)
        .env_clear()
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(stdio())
        .stderr(stdio())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("exec {}: {}", file.display(), reason(&error)))?;
    pid_of(child.id())
}

/// An error as Go words it: `no such file or directory`.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn pid_of(id: u32) -> Result<Pid, String> {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| format!("{id} is no process"))
}

fn enter(dir: &Path, may_create: bool) -> Result<(), String> {
    let made = match fs::metadata(dir) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_create => {
            fs::create_dir_all(dir)
        }
        Err(error) => Err(error),
    };
    made.map_err(|error| format!("chdir to cwd ({dir:?}) failed: {}", reason(&error)))
}

fn path_of(env: &[(String, String)]) -> &str {
    let last = env.iter().rev().find(|(name, _)| name == "PATH");
    last.map_or("", |(_, path)| path)
}

/// A name with a slash is a path, any other is looked up.
fn find(name: &str, path: &str, dir: &Path) -> Result<PathBuf, String> {
    if name.contains('/') {
        let file = dir.join(name);
        return match executable(&file) {
            Ok(()) => Ok(file),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(format!(
                "exec: {}: permission denied",
                quote(name.as_bytes())
            )),
            Err(error) => {
                let quoted = quote(name.as_bytes());
                Err(format!("exec: {quoted}: stat {name}: {}", reason(&error)))
            }
        };
    }
    let places = path.split(':').filter(|_| !name.is_empty());
    places
        .map(|place| dir.join(place).join(name))
        .find(|file| executable(file).is_ok())
        .ok_or_else(|| {
            let quoted = quote(name.as_bytes());
            format!("exec: {quoted}: executable file not found in $PATH")
        })
}

fn executable(file: &Path) -> io::Result<()> {
    let found = fs::metadata(file)?;
    if found.is_dir() || found.permissions().mode() & 0o111 == 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/nonexistent:/usr/bin:/bin";

    fn found(name: &str) -> Result<PathBuf, String> {
        find(name, PATH, Path::new("/"))
    }

    #[test]
    fn names_are_looked_up_and_paths_are_not() {
        assert!(found("sh").unwrap().ends_with("bin/sh"));
        assert_eq!(found("/bin/sh").unwrap(), Path::new("/bin/sh"));
        assert_eq!(found("bin/sh").unwrap(), Path::new("/bin/sh"));
    }

    #[test]
    fn failures_read_as_a_runtime_writes_them() {
        let cases = [
            ("", r#"exec: "": executable file not found in $PATH"#),
            (
                "nope",
                r#"exec: "nope": executable file not found in $PATH"#,
            ),
            (
                "/bin/nope",
                r#"exec: "/bin/nope": stat /bin/nope: no such file or directory"#,
            ),
            ("/etc/passwd", r#"exec: "/etc/passwd": permission denied"#),
            ("/etc", r#"exec: "/etc": permission denied"#),
            (
                "/etc/passwd/x",
                r#"exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory"#,
            ),
        ];
        for (name, text) in cases {
            assert_eq!(found(name).unwrap_err(), text);
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_made_only_where_allowed() {
        let base = tempfile::tempdir().unwrap();
        let missing = base.path().join("a/b");
        let error = enter(&missing, false).unwrap_err();
        assert!(
            error.ends_with("failed: no such file or directory"),
            "{error}"
        );
        enter(&missing, true).unwrap();
        assert!(missing.is_dir());
        assert!(enter(Path::new("/etc/passwd"), true).is_err());
    }

    #[test]
    fn a_nul_in_an_argument_is_an_error() {
        let program = Program {
            argv: vec!["/bin/true".into(), "a\0b".into()],
            env: Vec::new(),
            working_dir: "/".into(),
        };
        assert!(
            spawn(&program, Vec::new(), false)
                .unwrap_err()
                .contains("nul byte")
        );
    }
}
