//! From a pod's file to a pod that can be played: everything that it names is found,
//! read and compiled before anything starts.

use super::Options;
use crate::config;
use crate::handlers::exec::{HookModule, Limited, Lookup};
use crate::handlers::module_run::Shared;
use crate::kubelet::live::{LivePod, Volumes, command};
use crate::kubelet::timeline_text::lines;
use crate::local::{self, Command};
use crate::options::Format;
use crate::pod_file::PodFile;
use crate::terminal::to_stderr;
use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::quote::quote;
use podhook_lifecycle::spec::expansion::{environment, expand};
use podhook_lifecycle::spec::{Action, ContainerIndex, ContainerSpec, PodSpec, VolumeMount};
use podhook_lifecycle::{Hook, Limits, MemoryState};
use podhook_runner::CommandError;
use podhook_runner::Runner;
use podhook_sandbox::{CodeStore, Profile};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

type Modules = HashMap<(ContainerIndex, Hook), Arc<HookModule>>;

pub(super) fn pod(options: &Options, mut file: PodFile) -> Result<LivePod, CommandError> {
    let uid = || Runner::new_id().text();
    file.spec.pod.uid.get_or_insert_with(uid);
    check_mounts(options, &file)?;
    let modules = modules(options, &file)?;
    let codes = config::code_store();
    compile(&modules, &codes)?;
    let (commands, placeholders) = commands(options, &file.spec);
    warn_of_silence(&file);
    warn_of_images(options, &file.spec);
    let spec = Arc::new(file.spec);
    let volumes =
        Volumes::make(&spec).map_err(|error| CommandError::cannot_create("spec.volumes", error))?;
    let isolate = rustix::process::geteuid().is_root();
    if !isolate {
        warn(
            "podhook is not root: there is no overlay over /, and what containers and hooks write stays on this machine",
        );
    }
    if !isolate && volumes.are_mounted() {
        warn("volumeMounts take effect where podhook is root; containers find nothing there");
    }
    let shared = accounts(&spec).into_iter().map(|account| Shared {
        account,
        state: Arc::new(MemoryState::default()),
        codes: codes.clone(),
    });
    Ok(LivePod {
        shared: shared.collect(),
        commands,
        placeholders,
        modules,
        // The kubelet knows no address of a pod that has the node's (R44).
        ips: match spec.host_network {
            true => Vec::new(),
            false => vec![options.pod_ip],
        },
        volumes,
        isolate,
        shows_output: options.output == Format::Text,
        spec,
    })
}

/// Each container's, under the pod's.
fn accounts(spec: &PodSpec) -> Vec<Arc<Account>> {
    let pod = Arc::new(Account::new(account_limits(&spec.pod_limits())));
    let of = |index| account_limits(&spec.limits_of(index, config::node_memory()).0);
    spec.all()
        .map(|(index, _)| Arc::new(Account::under(pod.clone(), of(index))))
        .collect()
}

fn account_limits(limits: &Limits) -> AccountLimits {
    AccountLimits {
        memory_max: limits.memory_max,
        cpu: limits.cpu,
        weight: limits.weight.map_or(100, |weight| weight.weight),
    }
}

/// Places that no container could have a volume at.
fn check_mounts(options: &Options, file: &PodFile) -> Result<(), CommandError> {
    for (index, container) in file.spec.all() {
        let list = format!("{}.volumeMounts", file.spec.list_path(index));
        for (number, mount) in container.volume_mounts.iter().enumerate() {
            let Some((name, why)) = mistake(mount) else {
                continue;
            };
            let field = format!("{list}[{number}].{name}");
            let why = format!("line {}: {field}: {why}", file.line_of(&field));
            return Err(CommandError::data(options.file.display().to_string(), why));
        }
    }
    Ok(())
}

/// In the API server's words.
fn mistake(mount: &VolumeMount) -> Option<(&'static str, String)> {
    if mount.mount_path.is_empty() {
        return Some(("mountPath", "Required value".to_owned()));
    }
    let sub_path = mount.sub_path.as_deref()?;
    let quoted = quote(sub_path.as_bytes());
    if sub_path.starts_with('/') {
        let why = format!("Invalid value: {quoted}: must be a relative path");
        return Some(("subPath", why));
    }
    let leaves = sub_path.split('/').any(|part| part == "..");
    leaves.then(|| {
        let why = format!("Invalid value: {quoted}: must not contain '..'");
        ("subPath", why)
    })
}

/// Modules of all exec handlers; an error names each handler that would run
/// unsandboxed.
fn modules(options: &Options, file: &PodFile) -> Result<Modules, CommandError> {
    let beside = options.file.parent().filter(|_| !is_stdin(&options.file));
    let hooks = options.hooks.as_deref().or(beside);
    let lookup = Lookup {
        hooks: hooks
            .filter(|folder| *folder != Path::new(""))
            .unwrap_or(Path::new(".")),
        native: options.native_exec,
    };
    let mut modules = Modules::new();
    let mut unsandboxed = Vec::new();
    for (index, container, hook, command) in exec_handlers(&file.spec) {
        let field = format!(
            "{}.lifecycle.{}.exec.command",
            file.spec.list_path(index),
            hook.field()
        );
        let place = format!("line {}: {field}", file.line_of(&field));
        let what = format!("{}: {place}", options.file.display());
        let limits = file.spec.limits_of(index, config::node_memory()).0;
        let container = Limited {
            spec: container,
            limits,
        };
        match lookup.module(command, container, &what)? {
            Some(module) => {
                modules.insert((index, hook), Arc::new(module));
            }
            None if options.native_exec => {}
            None => unsandboxed.push((place, command.first().cloned().unwrap_or_default())),
        }
    }
    match unsandboxed.is_empty() {
        true => Ok(modules),
        false => Err(refusal(&options.file, &unsandboxed, lookup.hooks)),
    }
}

fn refusal(file: &Path, handlers: &[(String, String)], hooks: &Path) -> CommandError {
    let mut errors = handlers.iter().map(|(place, program)| {
        let hooks = hooks.display();
        format!(
            "{place}: {program:?} names no hook module under {hooks}, and would run unsandboxed"
        )
    });
    let first = errors.next().unwrap_or_default();
    let error = CommandError::denied(file.display().to_string(), first);
    errors
        .fold(error, CommandError::also)
        .hint("--hooks DIR says where modules are; --native-exec runs such commands as they are")
}

fn exec_handlers(
    spec: &PodSpec,
) -> impl Iterator<Item = (ContainerIndex, &ContainerSpec, Hook, &Vec<String>)> {
    spec.all().flat_map(|(index, container)| {
        Hook::ALL.into_iter().filter_map(move |hook| {
            match container.lifecycle.as_ref()?.handler(hook)?.action() {
                Action::Exec(action) => Some((index, container, hook, &action.command)),
                Action::HttpGet(_) | Action::Sleep(_) | Action::Invalid(_) => None,
            }
        })
    })
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// So that no hook waits for a compiler.
fn compile(modules: &Modules, codes: &Arc<CodeStore>) -> Result<(), CommandError> {
    if modules.is_empty() {
        return Ok(());
    }
    let runner = Runner::new(Profile::one_shot(), codes.clone())
        .map_err(|error| CommandError::host_fault("podhook", error))?;
    for hook in modules.values() {
        runner.prepare(&hook.module, &hook.asked);
    }
    Ok(())
}

/// What each container runs, and which of them run a placeholder.
fn commands(options: &Options, spec: &PodSpec) -> (Vec<Command>, HashSet<ContainerIndex>) {
    let mut placeholders = HashSet::new();
    let commands = spec.all().map(|(index, container)| {
        let env = environment(&container.env);
        let argv = argv(options, container, &env).unwrap_or_else(|| {
            warn_of_placeholder(container);
            placeholders.insert(index);
            local::placeholder()
        });
        command(&argv, container)
    });
    (commands.collect(), placeholders)
}

/// R56: unlike a hook's, a container's command may name variables. `None`: nothing is
/// known of what its image would run.
fn argv(
    options: &Options,
    container: &ContainerSpec,
    env: &[(String, String)],
) -> Option<Vec<String>> {
    let image = container.image.as_deref().unwrap_or_default();
    let entrypoint: Vec<_> = match &*container.command {
        [] => {
            let known = options.images.iter().rfind(|known| known.name == image)?;
            known.command.clone()
        }
        command => command.iter().map(|word| expand(word, env)).collect(),
    };
    let args = container.args.iter().map(|word| expand(word, env));
    Some(entrypoint.into_iter().chain(args).collect())
}

/// What was said of images that no container would have asked about.
fn warn_of_images(options: &Options, spec: &PodSpec) {
    let of = |container: &ContainerSpec| container.image.clone().unwrap_or_default();
    let asked: Vec<_> = spec
        .all()
        .filter(|(_, container)| container.command.is_empty())
        .map(|(_, container)| of(container))
        .collect();
    let unasked = options.images.iter();
    for image in unasked.filter(|image| !asked.contains(&image.name)) {
        let name = &image.name;
        let known = asked.join(", ");
        warn(&format!(
            "--image {name}: no container without a command has this image; those that do have: {known}"
        ));
    }
}

fn warn_of_placeholder(container: &ContainerSpec) {
    let image = container.image.as_deref().unwrap_or_default();
    warn(&format!(
        "container {:?} has no command, and nothing is known of image {image:?}: a placeholder runs, which sleeps until SIGTERM; --image {image}=COMMAND gives it one",
        container.name
    ));
}

fn warn_of_silence(file: &PodFile) {
    for field in &file.silent.unplayed {
        let line = file.line_of(field);
        warn(&format!(
            "line {line}: {field}: has no effect on this machine"
        ));
    }
    for field in &file.silent.elsewhere {
        let line = file.line_of(field);
        warn(&format!(
            "line {line}: {field}: only a cluster knows its value, which is left out"
        ));
    }
}

fn warn(text: &str) {
    to_stderr(lines(&[format!("warning: {text}")]).as_bytes());
}
