//! What can be told of a command from its words: a guess, on the safe side.
//!
//! Not a shell. A script with loops, branches or functions is not followed.

/// Words that run their arguments as a script.
const SHELLS: [&str; 7] = ["sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"];

/// A command as a lint sees it.
pub(super) struct Command<'c> {
    words: &'c [String],
}

impl<'c> Command<'c> {
    pub(super) fn new(words: &'c [String]) -> Self {
        Self { words }
    }

    /// The program without its folder.
    pub(super) fn program(&self) -> &'c str {
        let first = self.words.first().map_or("", String::as_str);
        first.rsplit('/').next().unwrap_or(first)
    }

    pub(super) fn is_shell(&self) -> bool {
        SHELLS.contains(&self.program())
    }

    /// The words after the program.
    pub(super) fn arguments(&self) -> &'c [String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The text after `sh -c`.
    pub(super) fn script(&self) -> Option<&'c str> {
        let mut words = self.arguments().iter().filter(|_| self.is_shell());
        words.find(|word| is_option_c(word))?;
        words.next().map(String::as_str)
    }

    /// How long it sleeps at least, in whole seconds; 0 where that is not plain.
    pub(super) fn seconds(&self) -> u64 {
        let lengths = match self.script() {
            Some(script) if is_straight(script) => statements(script).filter_map(slept).collect(),
            Some(_) => Vec::new(),
            None => vec![self.slept().unwrap_or(0.0)],
        };
        whole(lengths.into_iter().sum())
    }

    fn slept(&self) -> Option<f64> {
        let words = self.arguments().iter().map(String::as_str);
        (self.program() == "sleep").then(|| words.filter_map(length).sum())
    }

    /// The part that never ends, where one does not.
    pub(super) fn endless(&self) -> Option<&'c str> {
        match self.script() {
            Some(script) => endless_loop(script).or_else(|| statements(script).find(is_endless)),
            None => self.endless_word(),
        }
    }

    fn endless_word(&self) -> Option<&'c str> {
        let endless = |word: &&String| match self.program() {
            "sleep" => is_infinity(word),
            "tail" => is_follow(word),
            _ => false,
        };
        self.arguments()
            .iter()
            .find(endless)
            .map(|_| self.program())
    }
}

/// `-c`, also among others: `-ec`.
fn is_option_c(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

/// Whether every statement of a script is run once.
fn is_straight(script: &str) -> bool {
    let branches = [
        "while", "until", "for", "if", "case", "function", "<<", "(", "||", "trap",
    ];
    !branches
        .iter()
        .any(|word| match word.starts_with(char::is_alphabetic) {
            true => script.split_whitespace().any(|found| found == *word),
            false => script.contains(word),
        })
}

/// The statements of a script, roughly: quotes are not looked at.
pub(super) fn statements(script: &str) -> impl Iterator<Item = &str> {
    script
        .split(['\n', ';'])
        .flat_map(|line| line.split("&&"))
        .flat_map(|line| line.split("||"))
        .map(str::trim)
        .filter(|statement| !statement.is_empty() && !statement.starts_with('#'))
}

/// The seconds of `sleep N` that is waited for.
fn slept(statement: &str) -> Option<f64> {
    let mut words = statement.split_whitespace();
    let sleeps = !statement.ends_with('&') && matches!(words.next(), Some("sleep" | "/bin/sleep"));
    let words = words.take_while(|word| !word.starts_with('#'));
    sleeps.then(|| words.filter_map(length).sum())
}

/// `1.5m` in seconds.
fn length(word: &str) -> Option<f64> {
    let (number, unit) = match word.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, word.get(number.len()..)),
        None => (word, None),
    };
    let scale = match unit {
        Some("m") => 60.0,
        Some("h") => 3600.0,
        Some("d") => 86400.0,
        Some(_) | None => 1.0,
    };
    let digits = number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let number = number.parse::<f64>().ok().filter(|_| digits)?;
    Some(number * scale)
}

/// Seconds, rounded down, as the kubelet counts them.
fn whole(seconds: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(seconds).map_or(u64::MAX, |length| length.as_secs())
}

fn is_infinity(word: &str) -> bool {
    matches!(word, "infinity" | "inf")
}

/// `-f`, `-F`, `-n0f` or `--follow` of tail.
fn is_follow(word: &str) -> bool {
    let short = word.starts_with('-') && !word.starts_with("--");
    word.starts_with("--follow") || (short && word.ends_with(['f', 'F']))
}

fn is_endless(statement: &&str) -> bool {
    let words: Vec<_> = statement.split_whitespace().collect();
    let waits = !statement.ends_with('&') && !statement.contains('|');
    match words.split_first() {
        Some((&"sleep", rest)) => waits && rest.iter().any(|word| is_infinity(word)),
        Some((&"tail", rest)) => waits && rest.iter().any(|word| is_follow(word)),
        Some(_) | None => false,
    }
}

/// A loop on a constant that nothing in the script leaves.
fn endless_loop(script: &str) -> Option<&'static str> {
    let leaves = ["break", "exit", "return", "exec", "kill", "done &", "done&"];
    let loops = ["while true", "while :", "while [ 1 ]", "until false"];
    let stays = !leaves.iter().any(|word| script.contains(word));
    loops
        .into_iter()
        .find(|begin| stays && script.contains(begin))
}
