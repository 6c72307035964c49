//! Whom a hook is for, as the pod's downward API says: the kubelet tells a hook nothing.
//!
//! | of the pod | variable | file in `/etc/podinfo` | else |
//! |---|---|---|---|
//! | name | `POD_NAME` | `name` | `HOSTNAME` |
//! | namespace | `POD_NAMESPACE` | `namespace` | that of the service account |
//! | uid | `POD_UID` | `uid` | |
//! | node | `NODE_NAME` | | |
//! | address | `POD_IP` | | |
//! | service account | `POD_SERVICE_ACCOUNT` | | |
//! | labels, annotations | | `labels`, `annotations` | |
//! | container's name, image | `CONTAINER_NAME`, `CONTAINER_IMAGE` | | |
//!
//! Each variable is also known with `MY_` in front, as the Kubernetes documentation
//! spells them. Files and variables are the pod author's: what cannot be read is absent.

use podhook_lifecycle::Invocation;
use podhook_lifecycle::quote::unquote;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where the volume of the downward API is by custom.
const PODINFO: &str = "/etc/podinfo";

/// What every container with a service account has.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Bytes of one file: annotations of a pod have at most 256 KiB.
const MAX_FILE: u64 = 1 << 20;

/// Fills in pod and container. `environment`: who knows a variable; the caller's own is
/// read by the caller.
pub fn fill_in(
    call: &mut Invocation,
    podinfo: Option<&Path>,
    environment: impl Fn(&str) -> Option<String>,
) {
    let plain = |name: &str| environment(name).filter(|value| !value.is_empty());
    let variable = |name: &str| plain(name).or_else(|| plain(&format!("MY_{name}")));
    let folder = podinfo.unwrap_or(Path::new(PODINFO));
    let has_folder = folder.is_dir();
    let file = |name: &str| match has_folder {
        true => read(&folder.join(name)),
        false => None,
    };
    let pod = &mut call.pod;
    let name = variable("POD_NAME").or_else(|| file("name"));
    pod.name = name.or_else(|| plain("HOSTNAME")).unwrap_or_default();
    pod.namespace = variable("POD_NAMESPACE")
        .or_else(|| file("namespace"))
        .or_else(|| read(&Path::new(ACCOUNT).join("namespace")));
    pod.uid = variable("POD_UID").or_else(|| file("uid"));
    pod.node = variable("NODE_NAME");
    pod.ip = variable("POD_IP");
    pod.service_account = variable("POD_SERVICE_ACCOUNT");
    pod.labels = file("labels").map_or_else(Vec::new, |text| pairs(&text));
    pod.annotations = file("annotations").map_or_else(Vec::new, |text| pairs(&text));
    call.container.name = variable("CONTAINER_NAME");
    call.container.image = variable("CONTAINER_IMAGE");
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    // A FIFO is neither waited for nor read.
    let mut open = File::options();
    open.read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = open.open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(MAX_FILE).read_to_string(&mut text).ok()?;
    let value = text.trim_end_matches('\n');
    (!value.is_empty()).then(|| value.to_owned())
}

/// Lines `name="value"`, the value as Go quotes it. Lines that are something else are
/// left out.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), unquote(value)?))
    };
    text.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_downward_api_are_read_as_they_are_written() {
        let text = "app=\"web\"\nexample.com/note=\"a\\n\\\"b\\\"=c\"\nbroken\nbad=\"x\n";
        let expected = [("app", "web"), ("example.com/note", "a\n\"b\"=c")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs(text), expected);
    }
}
