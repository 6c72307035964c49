//! A value as the API's pod, as strictly as `kubectl` with `--validate=strict`.
//!
//! Only the shape: which fields there are, and of which type. What they mean to podhook
//! is `convert`'s.

use super::fault::{Fault, PodError};
use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize;
use serde_ignored::Path;
use serde_json::{Map, Value};

/// Kinds that hold a pod, and where.
const HOLDERS: [(&str, &str); 10] = [
    ("Deployment", "spec.template"),
    ("StatefulSet", "spec.template"),
    ("DaemonSet", "spec.template"),
    ("ReplicaSet", "spec.template"),
    ("ReplicationController", "spec.template"),
    ("Job", "spec.template"),
    ("CronJob", "spec.jobTemplate.spec.template"),
    ("PodTemplate", "template"),
    ("List", "items"),
    ("PodList", "items"),
];

pub(super) fn decode(mut value: Value) -> Result<Pod, PodError> {
    check_kind(&value)?;
    quantities_as_text(&mut value);
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let pod = {
        let tracked = serde_path_to_error::Deserializer::new(value, &mut track);
        let mut ignored = |path: Path<'_>| unknown.push(unknown_field(&field(&path)));
        Pod::deserialize(serde_ignored::Deserializer::new(tracked, &mut ignored))
    };
    match pod {
        Ok(pod) => PodError::unless_none(unknown).map(|()| pod),
        Err(error) => Err(Fault::of_field(track.path().to_string(), error).into()),
    }
}

fn check_kind(value: &Value) -> Result<(), PodError> {
    let Value::Object(object) = value else {
        return Err(Fault::new("not a pod: not even a mapping").into());
    };
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    match (text("kind"), text("apiVersion")) {
        (Some("Pod"), Some("v1")) => Ok(()),
        (Some("Pod"), _) => {
            let found = object.get("apiVersion").unwrap_or(&Value::Null);
            let why = format!("that of a Pod is v1, not {found}");
            Err(Fault::of_field("apiVersion", why).into())
        }
        (Some(kind), _) => Err(other_kind(kind)),
        (None, _) => {
            let error = PodError::from(Fault::of_field("kind", "missing: not a pod"));
            Err(error.hint("a pod begins with apiVersion: v1 and kind: Pod"))
        }
    }
}

fn other_kind(kind: &str) -> PodError {
    let error = PodError::from(Fault::of_field("kind", format!("a {kind}, not a Pod")));
    match HOLDERS.iter().find(|(holder, _)| *holder == kind) {
        Some((_, "items")) => error.hint("take one pod out of its items"),
        Some((_, place)) => error.hint(format!(
            "take its {place}, and add apiVersion: v1 and kind: Pod"
        )),
        None => error,
    }
}

/// As `kubectl` says it.
fn unknown_field(field: &str) -> Fault {
    Fault::at_field(field, format!("unknown field {field:?}"))
}

/// `spec.containers[0].lifecyle`.
fn field(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", field(parent)),
        Path::Map { parent, key } => match field(parent) {
            parent if parent.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => field(parent),
    }
}

/// The API takes a number for a quantity (`cpu: 2`); the types here, only text.
fn quantities_as_text(pod: &mut Value) {
    let Some(Value::Object(spec)) = pod.get_mut("spec") else {
        return;
    };
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    for list in lists {
        let items = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in items.into_iter().flatten() {
            resources(container.get_mut("resources"));
            divisors(container);
        }
    }
    resources(spec.get_mut("resources"));
    numbers_as_text(spec.get_mut("overhead"));
    let volumes = spec.get_mut("volumes").and_then(Value::as_array_mut);
    volumes.into_iter().flatten().for_each(volume);
}

fn resources(resources: Option<&mut Value>) {
    let Some(resources) = resources.and_then(Value::as_object_mut) else {
        return;
    };
    numbers_as_text(resources.get_mut("limits"));
    numbers_as_text(resources.get_mut("requests"));
}

fn numbers_as_text(quantities: Option<&mut Value>) {
    let quantities = quantities.and_then(Value::as_object_mut);
    quantities
        .into_iter()
        .flat_map(Map::values_mut)
        .for_each(number_as_text);
}

fn number_as_text(value: &mut Value) {
    if let Value::Number(number) = value {
        *value = Value::String(number.to_string());
    }
}

fn volume(volume: &mut Value) {
    if let Some(limit) = volume.pointer_mut("/emptyDir/sizeLimit") {
        number_as_text(limit);
    }
    resources(volume.pointer_mut("/ephemeral/volumeClaimTemplate/spec/resources"));
    let items = volume
        .pointer_mut("/downwardAPI/items")
        .and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        item.pointer_mut("/resourceFieldRef/divisor")
            .into_iter()
            .for_each(number_as_text);
    }
}

fn divisors(container: &mut Value) {
    let env = container.get_mut("env").and_then(Value::as_array_mut);
    for variable in env.into_iter().flatten() {
        variable
            .pointer_mut("/valueFrom/resourceFieldRef/divisor")
            .into_iter()
            .for_each(number_as_text);
    }
}
