//! `--image IMAGE=COMMAND`, and what runs where nothing is known of an image.

use std::path::Path;

/// What to run for an image.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(super) name: String,
    pub(super) command: Vec<String>,
}

/// The last `=` that a command can follow is the first: an image has none.
pub(super) fn parse(text: &str) -> Result<Image, String> {
    let (name, command) = text.split_once('=').ok_or("no =COMMAND")?;
    let mut command = shlex::split(command).ok_or("a quote is not closed")?;
    let program = command.first_mut().ok_or("no command after the =")?;
    if name.is_empty() {
        return Err("no image before the =".to_owned());
    }
    // Said here, so it is relative to here, and not to the container's folder.
    if program.contains('/')
        && let Ok(absolute) = std::path::absolute(Path::new(&*program))
    {
        *program = absolute.to_string_lossy().into_owned();
    }
    Ok(Image {
        name: name.to_owned(),
        command,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_a_shell_would() {
        let image = parse("reg.io:5000/nginx:1.29=sh -c 'exec sleep 9' a=b").unwrap();
        assert_eq!(image.name, "reg.io:5000/nginx:1.29");
        assert_eq!(image.command, ["sh", "-c", "exec sleep 9", "a=b"]);
        assert!(parse("x=./server").unwrap().command[0].starts_with('/'));
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for (text, why) in [
            ("nginx", "no =COMMAND"),
            ("nginx=", "no command after the ="),
            ("=x", "no image before the ="),
            ("nginx='x", "a quote is not closed"),
        ] {
            assert_eq!(parse(text).unwrap_err(), why);
        }
    }
}
