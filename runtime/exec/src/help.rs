//! `podhook-exec --help` and `--version`.

use crate::output::to_stdout;
use podhook_runner::CommandError;
use podhook_runner::options::AdapterOptions;

const HELP: &str = "\
Runs a precompiled hook inside of a container.

Usage: podhook-exec [OPTIONS] HOOK.cwasm [-- ARG...]

Made by: podhook compile HOOK (a .cwasm file), or podhook bundle HOOK -o FILE (one
executable that needs no HOOK, and whose further words are the hook's arguments).

Options:
      --phase PHASE             Which hook of a lifecycle module: post-start or pre-stop
      --http-get PATH           The path that a module of kind http is asked for [default: /]
      --header 'K: V'           A header field of that request
      --state-dir DIR           Where the state interface keeps its values [default: in memory]
      --podinfo DIR             A volume of the downward API [default: /etc/podinfo]
      --log-to FILE             The hook's output besides, as it comes (/proc/1/fd/1 is what
                                kubectl logs shows)
  -o, --output text|json        How to print [default: text]
  -h, --help
  -V, --version

Limits:
      --cpu QUANTITY            CPU limit as in a pod (500m) [default: the container's own,
                                which the kernel keeps]
      --cpu-period DURATION     How often it is renewed, 1ms to 1s [default: 100ms]
      --memory QUANTITY         Memory limit (64Mi) [default: what the container has left]
      --fuel N                  Deterministic budget; the hook has to be compiled with --fuel
      --timeout DURATION        Wall-clock deadline [default: none, as the kubelet's]
      --cgroup auto|none|PATH|pid:N
                                Whose limits [default: auto, the container's own]
      --cgroup-root DIR         Where cgroups are mounted
      --max-output SIZE         Bytes kept of the end of stdout, and of stderr [default: 4Ki]
      --max-open-files N        Files, streams and requests at one time [default: 256]
      --max-requests N          HTTP requests over the whole run [default: 1000]
      --max-response SIZE       Bytes of one HTTP answer [default: 8Mi]
      --max-random SIZE         Random bytes over the whole run [default: 1Mi]
      --max-disk SIZE           Bytes written to files [default: 256Mi]
      --max-files N             Files, folders and links made [default: 10000]
      --max-depth N             Folders below a granted one [default: 64]
      --max-host-calls N        Calls of the host [default: 10000000000]

Grants (nothing by default):
      --dir HOST::GUEST[:ro]    A folder of the container
      --env K=V                 An environment variable
      --config K=V              An answer of the config interface
      --allow-host [SCHEME://]HOST[:PORT]
                                Outgoing HTTP to this host
      --allow-network CIDR      A private network that names may lead into
      --ca-file FILE            Certificate authorities for HTTPS, in PEM [default: the image's]
      --allow-signal            Let the hook signal the container's main process
      --container-pid N         Which process that is [default: 1]

Exit status: 0 succeeded; the hook's own 1..125; 2 bad options; 64 invalid input; 65 no
compiled hook; 66 no such file; 70 podhook-exec's own failure; 75 retryable; 77 a grant is
not to be had; 78 a cgroup's file is not what it should be; 124 deadline; 130/143 told to
stop; 134 trapped; 137 out of memory; 152 out of fuel; 153 another limit.
";

pub(crate) fn show(options: &AdapterOptions) -> Result<u8, CommandError> {
    let version = concat!("podhook-exec ", env!("CARGO_PKG_VERSION"), "\n");
    let text = if options.help { HELP } else { version };
    to_stdout(text.as_bytes())?;
    Ok(0)
}
