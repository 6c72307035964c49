//! Waits until the connections to the container's port have ended. The kernel's own table
//! (`/proc/net/tcp`, proc(5)) has them, so that the server need not count.

#![forbid(unsafe_code)]

use podhook::{Context, Error, Result, budget, clock, config, events, log};
use std::io::ErrorKind;
use std::time::Duration;

/// Over IPv4 and over IPv6.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// `TCP_ESTABLISHED` of the kernel's `tcp_states.h`.
const ESTABLISHED: &str = "01";

/// Kept back to say what came of it.
const RESERVE: Duration = Duration::from_millis(500);

/// What the operator says.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    /// The port that clients connect to.
    port: u16,
    /// How often to look.
    #[serde(default = "quarter_second")]
    every_ms: u64,
}

fn quarter_second() -> u64 {
    250
}

#[podhook::pre_stop]
fn drain(ctx: Context) -> Result {
    let Settings { port, every_ms } = config::parse()?;
    let every = Duration::from_millis(every_ms.max(1));
    let mut before = None;
    loop {
        let open = connections(&ctx, port)?;
        if open == 0 {
            events::normal("Drained", &format!("nobody is connected to port {port}"));
            return Ok(());
        }
        if before != Some(open) {
            log::info!(open, port; "connections");
            before = Some(open);
        }
        if budget::remaining().is_some_and(|left| left <= every + RESERVE) {
            let text = format!("connections to port {port} that are still open: {open}");
            events::warning("StillConnected", &text);
            return Err(Error::failed(text));
        }
        clock::sleep(every);
    }
}

fn connections(ctx: &Context, port: u16) -> Result<usize> {
    let mut open = 0;
    let mut tables = 0;
    for table in TABLES {
        match std::fs::read_to_string(ctx.path(table)) {
            Ok(text) => {
                tables += 1;
                open += text.lines().filter(|line| is_open(line, port)).count();
            }
            // A kernel without IPv6.
            Err(why) if why.kind() == ErrorKind::NotFound => {}
            Err(why) => return Err(Error::failed(format_args!("read {table}: {why}"))),
        }
    }
    match tables {
        0 => Err(Error::invalid_input(
            "/proc/net was not granted: --dir /proc/net::/proc/net:ro",
        )),
        _ => Ok(open),
    }
}

/// Whether a line of the table is an established connection to `port`:
/// `0: 0100007F:1F90 0100007F:C350 01 …`.
fn is_open(line: &str, port: u16) -> bool {
    let mut fields = line.split_whitespace().skip(1);
    let (local, _remote, state) = (fields.next(), fields.next(), fields.next());
    let local = local.and_then(|address| address.rsplit_once(':'));
    let is_ours = local.is_some_and(|(_, hex)| u16::from_str_radix(hex, 16) == Ok(port));
    is_ours && state == Some(ESTABLISHED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook::Phase;
    use podhook::testing::Mock;
    use tempfile::TempDir;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue\n";
    const LISTENS: &str = "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000\n";
    const OPEN: &str = "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000\n";
    const CLIENT: &str = "   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000\n";
    const CLOSING: &str = "   3: 0100007F:1F90 0100007F:C351 06 00000000:00000000\n";

    fn container(table: &str) -> (TempDir, Mock) {
        let net = tempfile::tempdir().unwrap();
        std::fs::write(net.path().join("tcp"), format!("{HEAD}{LISTENS}{table}")).unwrap();
        let mock = Mock::new()
            .folder("/proc/net", net.path())
            .config("port", "8080")
            .timeout(Duration::from_secs(5));
        (net, mock)
    }

    fn before_stop() -> Result {
        drain(Context::new(Phase::PreStop))
    }

    #[test]
    fn connections_from_here_and_those_that_close_are_none() {
        let (_net, mock) = container(&[CLIENT, CLOSING].concat());
        assert_eq!(before_stop(), Ok(()));
        assert_eq!(mock.elapsed(), Duration::ZERO);
        assert_eq!(mock.events()[0].reason, "Drained");
    }

    #[test]
    fn who_stays_is_told_before_the_time_is_over() {
        let (net, mock) = container(&[OPEN, CLIENT].concat());
        std::fs::write(net.path().join("tcp6"), [HEAD, OPEN].concat()).unwrap();
        let text = "connections to port 8080 that are still open: 2";
        assert_eq!(before_stop(), Err(Error::failed(text)));
        assert!(mock.elapsed() > Duration::from_secs(4));
        assert_eq!(mock.events()[0].note, text);
        assert_eq!(mock.logs().len(), 1, "the number did not change");
    }

    #[test]
    fn without_the_table_the_grant_is_named() {
        let (net, _mock) = container("");
        std::fs::remove_file(net.path().join("tcp")).unwrap();
        let why = before_stop().unwrap_err();
        assert_eq!(why.kind(), podhook::ErrorKind::InvalidInput);
        assert!(why.to_string().contains("--dir /proc/net"), "{why}");
    }
}
