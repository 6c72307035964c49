//! `$(VAR)` in a container's `command` and `args`, never in a hook's (R56).
//!
//! Follows `third_party/forked/golang/expansion`: an unknown name stays as it is
//! written, `$$` is a dollar.

/// One word, with the values of `env` for their names; the last of a name holds.
#[must_use]
pub fn expand(word: &str, env: &[(String, String)]) -> String {
    let (mut expanded, mut rest) = (String::with_capacity(word.len()), word);
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (text, left) = reference(after, env);
        expanded.push_str(&text);
        rest = left;
    }
    expanded.push_str(rest);
    expanded
}

/// A container's environment: a value may name what stands before it.
#[must_use]
pub fn environment(written: &[(String, String)]) -> Vec<(String, String)> {
    let mut env = Vec::with_capacity(written.len());
    for (name, value) in written {
        let value = expand(value, &env);
        env.push((name.clone(), value));
    }
    env
}

/// What stands for the text after a dollar, and what comes after it.
fn reference<'w>(after: &'w str, env: &[(String, String)]) -> (String, &'w str) {
    if let Some(left) = after.strip_prefix('$') {
        return ("$".to_owned(), left);
    }
    match after
        .strip_prefix('(')
        .and_then(|open| open.split_once(')'))
    {
        None => ("$".to_owned(), after),
        Some((name, left)) => {
            let value = env.iter().rev().find(|(known, _)| known == name);
            let text = value.map_or_else(|| format!("$({name})"), |(_, value)| value.clone());
            (text, left)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_values() {
        let env = [
            ("A".to_owned(), "1".to_owned()),
            ("B".to_owned(), "$(A)".to_owned()),
        ];
        for (word, expected) in [
            ("plain", "plain"),
            ("$(A)", "1"),
            ("x$(A)y$(A)", "x1y1"),
            ("$(B)", "$(A)"),
            ("$(NO)", "$(NO)"),
            ("$$(A)", "$(A)"),
            ("$A ${A}", "$A ${A}"),
            ("$(A", "$(A"),
            ("$", "$"),
            ("ü$(A)ü", "ü1ü"),
        ] {
            assert_eq!(expand(word, &env), expected, "{word}");
        }
    }
}
