//! A case file: what it says, read strictly.
//!
//! Its own fields, and beside them the options of `podhook run` that make up a hook's
//! limits and grants.

use super::expected::Expected;
use super::folders;
use super::network::Answer;
use super::request::Asked;
use super::written::{OneOrMore, Phase, Time};
use crate::hook_source::HookSource;
use crate::pod_file::Source;
use crate::pod_file::located::{self, Kind, Node};
use crate::written_options::{self, UNKNOWN};
use podhook_lifecycle::ModuleKind;
use podhook_runner::CommandError;
use podhook_runner::options::HookOptions;
use podhook_sandbox::Module;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// A call of a hook, what it meets, and what is to come of it.
pub(crate) struct Case {
    pub(crate) name: String,
    file: String,
    /// What is in the folders it grants.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// Its limits and grants, but for folders.
    pub(super) options: HookOptions,
    pub(super) sheet: Sheet,
}

/// The case's own fields.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Sheet {
    pub(super) phase: Option<Phase>,
    pub(super) pod: Pod,
    pub(super) container: Container,
    /// 1.
    pub(super) attempt: Option<NonZeroU32>,
    /// What is left of the grace period.
    pub(super) grace: Option<Time>,
    /// For a module of kind `http`.
    pub(super) request: Request,
    /// `GUEST[:ro]`: granted, and empty but for `files`.
    dir: Option<OneOrMore<String>>,
    files: BTreeMap<String, Content>,
    pub(super) state: BTreeMap<String, String>,
    /// What is answered to which request, in turn; the last stays.
    pub(super) http: BTreeMap<Asked, OneOrMore<Answer>>,
    /// Whether the container's main process runs.
    pub(super) process: bool,
    pub(super) expect: Expected,
}

/// Its fields; all others are options.
const FIELDS: [&str; 12] = [
    "phase",
    "pod",
    "container",
    "attempt",
    "grace",
    "request",
    "dir",
    "files",
    "state",
    "http",
    "process",
    "expect",
];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Pod {
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) node: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) service_account: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Container {
    pub(super) name: Option<String>,
    pub(super) image: Option<String>,
    pub(super) id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Request {
    pub(super) path: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
}

/// A file's text, or where it is copied from.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "not a text, or {from: FILE}")]
enum Content {
    Text(String),
    From(From),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    /// From the case's folder.
    from: PathBuf,
}

/// Options that would lead out of the case.
const ELSEWHERE: [&str; 3] = ["state-dir", "container-pid", "ca-file"];

impl Case {
    /// Reads a file.
    ///
    /// # Errors
    /// 78, with the line and the field.
    pub(super) fn open(name: String, file: &Path) -> Result<Self, CommandError> {
        let source = Source::open(file)?;
        let wrong = |line: usize, why: String| {
            CommandError::config(&source.name, format!("line {line}: {why}"))
        };
        let root = located::read(&source.bytes)
            .map_err(|fault| wrong(fault.line.unwrap_or(1), fault.message))?;
        let (options, sheet) = read(&root).map_err(|(field, why)| {
            let line = root.line_of(&field);
            match field.as_str() {
                "" | "." => wrong(line, why),
                _ => wrong(line, format!("{field}: {why}")),
            }
        })?;
        let beside = file.parent().unwrap_or(Path::new(""));
        let mut files = Vec::new();
        for (path, content) in &sheet.files {
            let bytes = match content {
                Content::Text(text) => text.clone().into_bytes(),
                // As careful as with a hook: no pipe is waited for.
                Content::From(From { from }) => {
                    let read = HookSource::read(&beside.join(from)).map(|source| source.bytes);
                    read.map_err(|why| {
                        let text = why.to_string();
                        let text = text.trim_end().trim_start_matches("error: ");
                        wrong(root.line_of("files"), format!("files: {path}: {text}"))
                    })?
                }
            };
            files.push((path.clone(), bytes));
        }
        Ok(Self {
            name,
            file: source.name.clone(),
            files,
            options,
            sheet,
        })
    }

    /// What the module needs that the case does not say.
    ///
    /// # Errors
    /// 78.
    pub(crate) fn check_fits(&self, module: &Module) -> Result<(), CommandError> {
        if module.hooks().len() > 1 && self.sheet.phase.is_none() {
            let why = "the module has hooks for both phases";
            return Err(CommandError::config(&self.file, why)
                .hint("add phase: post-start or phase: pre-stop"));
        }
        match self.sheet.only_for_http() {
            Some(field) if module.kind() != ModuleKind::Http => {
                let why = format!("{field}: for a module of kind http; this one is none");
                Err(CommandError::config(&self.file, why))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Folders the hook is granted.
    pub(super) fn folders(&self) -> Vec<String> {
        self.sheet.folders()
    }
}

impl Sheet {
    fn folders(&self) -> Vec<String> {
        self.dir.clone().map(|dir| dir.0).unwrap_or_default()
    }

    /// A field that says nothing to other hooks, where there is one.
    fn only_for_http(&self) -> Option<&'static str> {
        let asked = self.request.path.is_some() || !self.request.headers.is_empty();
        let answered = self.expect.response.is_some();
        asked
            .then_some("request")
            .or_else(|| answered.then_some("expect.response"))
    }

    /// What serde does not see.
    fn mistake(&self) -> Option<(String, String)> {
        let mut grants = Vec::new();
        for folder in self.folders() {
            match folders::grant(Path::new("/"), &folder) {
                Ok(grant) => grants.push(grant),
                Err(why) => return Some(("dir".to_owned(), why)),
            }
        }
        let mut known = BTreeSet::new();
        let mut guests = grants.iter().map(|grant| &grant.guest);
        if let Some(guest) = guests.find(|guest| !known.insert(*guest)) {
            let why = format!("{guest} is there twice");
            return Some(("dir".to_owned(), why));
        }
        let given = self.files.keys().map(|path| ("files", path));
        let looked_at = self.expect.files.keys().map(|path| ("expect.files", path));
        let misplaced = given.chain(looked_at).find_map(|(field, path)| {
            let why = folders::misplaced(path, &grants)?;
            Some((field.to_owned(), format!("{path}: {why}")))
        });
        let empty = || {
            let is_empty = |(_, answers): &(&Asked, &OneOrMore<Answer>)| answers.0.is_empty();
            let (asked, _) = self.http.iter().find(is_empty)?;
            Some(("http".to_owned(), format!("{asked}: no answer at all")))
        };
        let no_process = || {
            let why = "there is none; add process: true and allow-signal: true";
            let is_missing = self.expect.process.is_some() && !self.process;
            is_missing.then(|| ("expect.process".to_owned(), why.to_owned()))
        };
        misplaced.or_else(empty).or_else(no_process)
    }
}

fn read(root: &Node) -> Result<(HookOptions, Sheet), (String, String)> {
    let entries = match &root.kind {
        Kind::Map(entries) => entries.clone(),
        Kind::Scalar(_) | Kind::List(_) => {
            return Err((String::new(), "a case is a mapping".to_owned()));
        }
    };
    let is_own = |(key, _): &(String, Node)| FIELDS.contains(&key.as_str());
    let (own, options): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_own);
    if let Some((key, _)) = options
        .iter()
        .find(|(key, _)| ELSEWHERE.contains(&key.as_str()))
    {
        return Err((key.clone(), "a case has nothing outside of it".to_owned()));
    }
    let options = Node {
        line: root.line,
        kind: Kind::Map(options),
    };
    let options = written_options::options(&options, "").map_err(|(field, why)| {
        let known = || {
            format!(
                "{UNKNOWN}; there are {} and the options of podhook run",
                FIELDS.join(", ")
            )
        };
        let why = if why == UNKNOWN { known() } else { why };
        (field, why)
    })?;
    let own: Map<String, Value> = own
        .iter()
        .map(|(key, node)| (key.clone(), node.to_value()))
        .collect();
    let sheet: Sheet = serde_path_to_error::deserialize(Value::Object(own))
        .map_err(|error| (error.path().to_string(), error.inner().to_string()))?;
    let written = match root.get("http").map(|http| &http.kind) {
        Some(Kind::Map(entries)) => entries.len(),
        Some(Kind::Scalar(_) | Kind::List(_)) | None => 0,
    };
    if written != sheet.http.len() {
        let why = "one request is there twice, in two ways of writing";
        return Err(("http".to_owned(), why.to_owned()));
    }
    match sheet.mistake() {
        Some(mistake) => Err(mistake),
        None => Ok((options, sheet)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        let root = located::read(text.as_bytes()).unwrap();
        let (field, why) = read(&root).map(drop).unwrap_err();
        format!("{field}: {why}")
    }

    #[test]
    fn what_is_wrong_has_its_field() {
        for (text, why) in [
            ("[]", ": a case is a mapping"),
            (
                "fase: pre-stop",
                "fase: unknown field; there are phase, pod",
            ),
            ("phase: middle", "phase: no such phase: \"middle\""),
            ("timeout: soon", "timeout: invalid value 'soon'"),
            ("state-dir: /tmp", "state-dir: a case has nothing outside"),
            (
                "files: {/a: x}",
                "files: /a: lies in no folder that `dir` grants",
            ),
            (
                "{dir: /a, files: {/a/../b: x}}",
                "files: /a/../b: write an absolute path",
            ),
            ("dir: 'a:b'", "dir: \"a:b\" is no folder"),
            ("dir: [/a, '/a:ro']", "dir: /a is there twice"),
            (
                "http: {'GET x': 200}",
                "http.GET x: \"GET x\" is no request",
            ),
            (
                "http: {'GET http://x': []}",
                "http: GET http://x/: no answer at all",
            ),
            (
                "expect: {outcome: Fine}",
                "expect.outcome: unknown variant `Fine`",
            ),
            ("expect: {exit: 1}", "expect.exit: unknown field `exit`"),
            ("expect: {usage: {cpu: 1}}", "expect.usage.cpu: "),
            ("expect: {process: TERM}", "expect.process: there is none"),
            (
                "expect: {stdout: 1}",
                "expect.stdout: 1 is no text; quote it",
            ),
        ] {
            let said = mistake(text);
            assert!(said.starts_with(why), "{text}: {said}");
        }
    }

    #[test]
    fn options_stand_beside_its_own_fields() {
        let text = "phase: pre-stop\ntimeout: 5s\nconfig: {a: 1}\nargs: [x]\ndir: /a:ro\nfiles: {/a/b: c}\n";
        let root = located::read(text.as_bytes()).unwrap();
        let (options, sheet) = read(&root).unwrap();
        assert_eq!(
            options.limits.timeout,
            Some(std::time::Duration::from_secs(5))
        );
        assert_eq!(options.args, ["x"]);
        assert_eq!(sheet.folders(), ["/a:ro"]);
    }
}
