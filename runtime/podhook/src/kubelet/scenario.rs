//! A scenario: what the processes of a simulated pod do, and what is done to it.
//!
//! Read strictly: what is not known here is an error, and so is a name that no
//! container of the pod has.

use podhook_lifecycle::spec::{ContainerIndex, PodSpec};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::time::Duration;

/// All of it; everything is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Scenario {
    pub(crate) containers: BTreeMap<String, Behaviours>,
    pub(crate) exec: Vec<Exec>,
    pub(crate) http: Vec<Http>,
    pub(crate) actions: Vec<Action>,
}

/// One behaviour for each start of a container, the last repeating.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Behaviours {
    /// Before the other: an empty list would pass for a behaviour.
    PerStart(Vec<Behaviour>),
    Always(Behaviour),
}

/// What a container's main process does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Behaviour {
    /// By itself; absent: it runs until told.
    pub(crate) exits_after_seconds: Option<Seconds>,
    pub(crate) exit_code: i32,
    pub(crate) on_term: OnTerm,
}

/// What it does at SIGTERM; absent: it exits at once with 0.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(crate) enum OnTerm {
    Ignore(Ignore),
    Exits(Exits),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Ignore {
    Ignore,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Exits {
    pub(crate) exits_after_seconds: Seconds,
    pub(crate) exit_code: i32,
}

impl Default for OnTerm {
    fn default() -> Self {
        Self::Exits(Exits::default())
    }
}

/// What a command comes to that a hook or a probe executes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Exec {
    pub(crate) command: Vec<String>,
    /// Absent: no time; null: it hangs.
    #[serde(default = "at_once", deserialize_with = "or_hangs")]
    pub(crate) takes_seconds: Takes,
    #[serde(default)]
    pub(crate) exit_code: i32,
    #[serde(default)]
    pub(crate) stdout: Option<String>,
    #[serde(default)]
    pub(crate) stderr: Option<String>,
    #[serde(default)]
    pub(crate) stdout_bytes: Option<u64>,
    #[serde(default)]
    pub(crate) stderr_bytes: Option<u64>,
    /// Why it cannot be started.
    #[serde(default)]
    pub(crate) cannot_start: Option<String>,
}

/// What a request comes to.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Http {
    /// Absent: whichever.
    #[serde(default)]
    pub(crate) host: Option<String>,
    pub(crate) port: Port,
    /// Absent: whichever.
    #[serde(default)]
    pub(crate) path: Option<String>,
    #[serde(default = "at_once", deserialize_with = "or_hangs")]
    pub(crate) takes_seconds: Takes,
    #[serde(default)]
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) error: Option<String>,
}

/// A number, or the name that the handler uses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Port {
    Number(u16),
    Name(String),
}

/// Something done to the pod or its kubelet.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Action {
    pub(crate) at_seconds: Seconds,
    #[serde(default)]
    pub(crate) after: Option<After>,
    #[serde(default)]
    pub(crate) delete: Option<Delete>,
    #[serde(default)]
    pub(crate) stop_kubelet: Option<Empty>,
    #[serde(default)]
    pub(crate) start_kubelet: Option<Empty>,
}

/// From when the seconds count: a container's n-th start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    pub(crate) container: String,
    /// The first is 1.
    pub(crate) start: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Delete {
    #[serde(default)]
    pub(crate) grace_period_seconds: Option<i64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

/// What an action amounts to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    Delete(Option<i64>),
    StopKubelet,
    StartKubelet,
}

impl Action {
    /// The one thing it does; `None` where it names none, or several.
    pub(crate) fn deed(&self) -> Option<Deed> {
        match (&self.delete, &self.stop_kubelet, &self.start_kubelet) {
            (Some(delete), None, None) => Some(Deed::Delete(delete.grace_period_seconds)),
            (None, Some(_), None) => Some(Deed::StopKubelet),
            (None, None, Some(_)) => Some(Deed::StartKubelet),
            _ => None,
        }
    }
}

/// A span in seconds: 0 up to thirty years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seconds(pub(crate) Duration);

/// How long something takes; `None`: for ever.
type Takes = Option<Duration>;

const LONGEST_SECONDS: f64 = 1e9;

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        let fits = (0.0..=LONGEST_SECONDS).contains(&seconds);
        match Duration::try_from_secs_f64(seconds) {
            Ok(span) if fits => Ok(Self(span)),
            Ok(_) | Err(_) => Err(serde::de::Error::custom(format!(
                "{seconds} seconds: must be between 0 and {LONGEST_SECONDS}"
            ))),
        }
    }
}

fn at_once() -> Takes {
    Some(Duration::ZERO)
}

fn or_hangs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Takes, D::Error> {
    let seconds = Option::<Seconds>::deserialize(deserializer)?;
    Ok(seconds.map(|Seconds(span)| span))
}

impl Scenario {
    /// Where no scenario is given: the pod is deleted after 10 s.
    pub(crate) fn default_life() -> Self {
        let delete = Action {
            at_seconds: Seconds(Duration::from_secs(10)),
            after: None,
            delete: Some(Delete {
                grace_period_seconds: None,
            }),
            stop_kubelet: None,
            start_kubelet: None,
        };
        Self {
            actions: vec![delete],
            ..Self::default()
        }
    }

    /// The first thing in it that makes no sense for this pod: field and why.
    pub(crate) fn mistake(&self, spec: &PodSpec) -> Option<(String, String)> {
        let unknown = |name: &str| {
            let known: Vec<_> = spec.all().map(|(_, container)| &*container.name).collect();
            (!known.contains(&name)).then(|| {
                format!(
                    "no container of the pod is named {name:?}; there is {}",
                    known.join(", ")
                )
            })
        };
        for (name, behaviours) in &self.containers {
            let field = format!("scenario.containers.{name}");
            if let Some(why) = unknown(name) {
                return Some((field, why));
            }
            if matches!(behaviours, Behaviours::PerStart(list) if list.is_empty()) {
                return Some((field, "the list of behaviours is empty".to_owned()));
            }
        }
        for (index, action) in self.actions.iter().enumerate() {
            let field = format!("scenario.actions[{index}]");
            if action.deed().is_none() {
                let why = "name one of delete, stopKubelet, startKubelet";
                return Some((field, why.to_owned()));
            }
            let after = action.after.as_ref();
            if let Some(why) = after.and_then(|after| unknown(&after.container)) {
                return Some((format!("{field}.after.container"), why));
            }
            if after.is_some_and(|after| after.start == 0) {
                let why = "the first start of a container is 1";
                return Some((format!("{field}.after.start"), why.to_owned()));
            }
        }
        None
    }

    /// What the container does at its `start`-th start, the first being 1.
    pub(crate) fn behaviour(&self, spec: &PodSpec, index: ContainerIndex, start: u32) -> Behaviour {
        let name = spec
            .container(index)
            .map_or("", |container| &container.name);
        match self.containers.get(name) {
            None => Behaviour::default(),
            Some(Behaviours::Always(behaviour)) => behaviour.clone(),
            Some(Behaviours::PerStart(list)) => {
                let at = usize::try_from(start.saturating_sub(1)).unwrap_or(usize::MAX);
                list.get(at).or(list.last()).cloned().unwrap_or_default()
            }
        }
    }
}
