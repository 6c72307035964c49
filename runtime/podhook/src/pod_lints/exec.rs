//! exec: words are literal, output has a place one does not expect, and there may be
//! no shell.

use super::command::{Command, statements};
use super::{Lint, Subject};
use podhook_lifecycle::Hook;
use podhook_lifecycle::spec::{ExecAction, RestartPolicy};

pub(super) fn lints(subject: &Subject<'_>, action: &ExecAction) -> Vec<Lint> {
    let field = subject.field("exec.command");
    let command = Command::new(&action.command);
    let messages = [
        one_word(&action.command),
        literal(&command),
        substituted(&command),
        no_shell(subject, &command),
        endless(subject, &command),
        told(subject, &command),
    ];
    let mut lints: Vec<_> = messages
        .into_iter()
        .flatten()
        .map(|message| Lint::new(&field, message))
        .collect();
    lints.extend(subject.time(field, command.seconds()));
    lints
}

fn one_word(words: &[String]) -> Option<String> {
    let [word] = words else { return None };
    let (program, _) = word.split_once(char::is_whitespace)?;
    Some(format!(
        "is one word with spaces in it, and no program is called that: write each word as an item, [{program:?}, …], or [\"sh\", \"-c\", …]"
    ))
}

/// Words that only a shell understands.
const OPERATORS: [&str; 10] = [
    "&&",
    "||",
    "|",
    ";",
    "&",
    ">",
    ">>",
    "<",
    "2>&1",
    "2>/dev/null",
];

/// What reads such words by itself.
const INTERPRETERS: [&str; 9] = [
    "awk", "env", "envsubst", "jq", "node", "perl", "python", "python3", "ruby",
];

fn literal(command: &Command<'_>) -> Option<String> {
    if command.is_shell() || INTERPRETERS.contains(&command.program()) {
        return None;
    }
    let mut words = command.arguments().iter();
    let word = words.find(|word| OPERATORS.contains(&word.as_str()) || names_variable(word))?;
    Some(format!(
        "{word:?} is passed on as it is: hooks run without a shell, and $(NAME) is expanded in a container's command only; write [\"sh\", \"-c\", …]"
    ))
}

/// `$HOME`, `${HOME}` or `$(HOME)`, somewhere in the word.
fn names_variable(word: &str) -> bool {
    let mut parts = word.split('$').skip(1);
    parts.any(|part| {
        let part = part.strip_prefix(['(', '{']).unwrap_or(part);
        part.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
    })
}

/// `$(NAME)` in a script: meant for the kubelet, run by the shell.
fn substituted(command: &Command<'_>) -> Option<String> {
    let mut parts = command.script()?.split("$(").skip(1);
    let name = parts.find_map(|part| {
        let (name, _) = part.split_once(')')?;
        let constant = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        (name.contains('_') && name.chars().all(constant)).then_some(name)
    })?;
    Some(format!(
        "the shell runs {name} as a command: $({name}) is expanded in a container's command only; write ${{{name}}}"
    ))
}

/// Words in the names of images that have no shell.
const BARE_IMAGES: [&str; 4] = ["distroless", "scratch", "chainguard", "static"];

fn no_shell(subject: &Subject<'_>, command: &Command<'_>) -> Option<String> {
    let image = subject.container.image.as_deref().unwrap_or_default();
    let (program, needs_it) = match command.program() {
        "sleep" => ("sleep", true),
        program => (program, command.is_shell()),
    };
    let bare = BARE_IMAGES.iter().any(|word| image.contains(word)) && !image.contains("debug");
    (needs_it && bare).then(|| {
        let instead = match program {
            "sleep" => "use the sleep handler",
            _ => "use a handler without one",
        };
        format!("image {image:?} most likely has no {program}, and the hook fails: {instead}")
    })
}

fn endless(subject: &Subject<'_>, command: &Command<'_>) -> Option<String> {
    let part = command.endless()?;
    Some(match subject.hook {
        Hook::PostStart => format!(
            "does not end ({part:?}): the container never becomes ready, and the pod cannot be deleted; put it into the background with its output redirected, or into a sidecar"
        ),
        Hook::PreStop => format!(
            "does not end ({part:?}): it takes all of the grace period, and the container is left 2 s from SIGTERM to SIGKILL"
        ),
    })
}

/// Words that hint at what nobody should read.
const SECRETS: [&str; 6] = [
    "PASS",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "API_KEY",
    "ACCESS_KEY",
];

/// Output of a failed postStart, where it may hold a secret.
fn told(subject: &Subject<'_>, command: &Command<'_>) -> Option<String> {
    let restarts = subject.pod.restart_policy != RestartPolicy::Never;
    let script = command.script()?;
    let capitals = script.to_ascii_uppercase();
    let secret = SECRETS.iter().any(|word| capitals.contains(word));
    let traced = command.arguments().iter().any(|word| is_option_x(word));
    let tells = traced || statements(script).any(prints);
    let message = "what it prints, secrets included, is put into the pod's status when it fails (state.waiting.message), untruncated: redirect it";
    (subject.hook == Hook::PostStart && restarts && secret && tells).then(|| message.to_owned())
}

/// `-x`, also among others: `-exc`.
fn is_option_x(word: &str) -> bool {
    word.starts_with('-') && word.len() < 6 && word.contains('x')
}

fn prints(statement: &str) -> bool {
    let words = [
        "echo ", "printf ", "cat ", "env", "printenv", "set -x", "curl ", "set -ex",
    ];
    words.iter().any(|word| statement.starts_with(word)) && !statement.contains(['>', '|'])
}
