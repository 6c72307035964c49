//! How grants and limits are spelled on a command line, in a configuration file and
//! in a pod's `exec.command`.

use ipnet::IpNet;
use podhook_ledger::CgroupName;
use podhook_lifecycle::quantity::Quantity;
use podhook_lifecycle::{Access, CpuMax, DirGrant, HostGrant, Scheme};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What is wrong with a grant or a limit; says how it is written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Malformed {
    /// `--dir`.
    #[error("write HOST::GUEST or HOST::GUEST:ro, none empty, GUEST without a colon")]
    Dir,
    /// `--env`, `--config`.
    #[error("write NAME=VALUE")]
    Pair,
    /// `--header`.
    #[error("write 'NAME: VALUE', in characters a header field can have")]
    Header,
    /// `--http-get`.
    #[error("write a path and perhaps a query, beginning with /, escaped as in a URL")]
    Path,
    /// `--allow-host`.
    #[error(
        "write [SCHEME://]HOST[:PORT]: a name or address (IPv6 in brackets), http or https, no path, no wildcard"
    )]
    Host,
    /// `--allow-network`.
    #[error("write an address and a prefix length, like 10.0.0.0/8")]
    Network,
    /// A number of bytes.
    #[error("{0}")]
    Size(String),
    /// A span of time.
    #[error("{0}")]
    Duration(String),
    /// `--container-pid`.
    #[error("write a process's number, from 1")]
    Process,
    /// `--cgroup`.
    #[error("write auto, none, pid:N or a folder, not {0:?}")]
    Cgroup(String),
}

/// `HOST::GUEST[:ro]`.
///
/// # Errors
/// [`Malformed::Dir`].
pub fn dir(text: &str) -> Result<DirGrant, Malformed> {
    let (host, guest) = text.split_once("::").ok_or(Malformed::Dir)?;
    let (guest, access) = match guest.strip_suffix(":ro") {
        Some(guest) => (guest, Access::ReadOnly),
        None => (guest, Access::ReadWrite),
    };
    if host.is_empty() || guest.is_empty() || guest.contains(':') {
        return Err(Malformed::Dir);
    }
    Ok(DirGrant {
        host: PathBuf::from(host),
        guest: guest.to_owned(),
        access,
    })
}

/// `NAME=VALUE`; the value may be empty, and may have `=` in it.
///
/// # Errors
/// [`Malformed::Pair`].
pub fn pair(text: &str) -> Result<(String, String), Malformed> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(Malformed::Pair),
    }
}

/// `NAME: VALUE`, as in HTTP.
///
/// # Errors
/// [`Malformed::Header`].
pub fn header(text: &str) -> Result<(String, String), Malformed> {
    let (name, value) = text.split_once(':').ok_or(Malformed::Header)?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_text = |byte: u8| byte == b'\t' || byte >= b' ' && byte != 0x7f;
    let value = value.trim_matches([' ', '\t']);
    if name.is_empty() || !name.bytes().all(is_token) || !value.bytes().all(is_text) {
        return Err(Malformed::Header);
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Path and query of a URL: `/a/b?c=d`, in visible ASCII.
///
/// # Errors
/// [`Malformed::Path`].
pub fn request_path(text: &str) -> Result<String, Malformed> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    match text.starts_with('/') && text.bytes().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err(Malformed::Path),
    }
}

/// `[SCHEME://]HOST[:PORT]`; an IPv6 address in brackets.
///
/// # Errors
/// [`Malformed::Host`].
pub fn host(text: &str) -> Result<HostGrant, Malformed> {
    let (scheme, rest) = match text.split_once("://") {
        Some(("http", rest)) => (Some(Scheme::Http), rest),
        Some(("https", rest)) => (Some(Scheme::Https), rest),
        Some(_) => return Err(Malformed::Host),
        None => (None, text),
    };
    let (host, port) = host_and_port(rest)?;
    let is_name = |host: &str| {
        host.split('.').all(|label| {
            let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            !label.is_empty() && label.bytes().all(inner)
        })
    };
    let bare = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    // Without brackets the last part of an IPv6 address could be a port.
    let bracketed = rest.starts_with('[');
    if !bracketed && !is_name(&bare) {
        return Err(Malformed::Host);
    }
    Ok(HostGrant {
        scheme,
        host: bare,
        port,
    })
}

fn host_and_port(text: &str) -> Result<(&str, Option<u16>), Malformed> {
    let port = |digits: &str| match digits.parse::<u16>() {
        Ok(port) if port > 0 && !digits.starts_with('+') => Ok(Some(port)),
        _ => Err(Malformed::Host),
    };
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(Malformed::Host)?;
        let _: std::net::Ipv6Addr = host.parse().map_err(|_| Malformed::Host)?;
        return match after.strip_prefix(':') {
            Some(digits) => Ok((host, port(digits)?)),
            None if after.is_empty() => Ok((host, None)),
            None => Err(Malformed::Host),
        };
    }
    match text.split_once(':') {
        Some((host, digits)) if !digits.contains(':') => Ok((host, port(digits)?)),
        _ => Ok((text, None)),
    }
}

/// An address range; a single address is a range of one.
///
/// # Errors
/// [`Malformed::Network`].
pub fn network(text: &str) -> Result<IpNet, Malformed> {
    let range = text.parse::<IpNet>();
    range
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| Malformed::Network)
}

/// Bytes, as a Kubernetes quantity: `64Mi`, `1G`, `4096`.
///
/// # Errors
/// [`Malformed::Size`].
pub fn size(text: &str) -> Result<u64, Malformed> {
    let quantity = text.parse::<Quantity>();
    quantity
        .map(Quantity::value)
        .map_err(|error| Malformed::Size(error.to_string()))
}

/// A CPU limit as in a pod (`500m`, `2`), in thousandths; 0 is none.
///
/// # Errors
/// [`Malformed::Size`].
pub fn milli_cpu(text: &str) -> Result<u64, Malformed> {
    let quantity = text.parse::<Quantity>();
    quantity
        .map(Quantity::milli_value)
        .map_err(|error| Malformed::Size(error.to_string()))
}

/// A period of a CPU limit in microseconds: what a kernel takes, 1 ms to 1 s.
///
/// # Errors
/// [`Malformed::Duration`].
pub fn cpu_period(text: &str) -> Result<u64, Malformed> {
    let micros = u64::try_from(duration(text)?.as_micros()).unwrap_or(u64::MAX);
    match micros {
        CpuMax::MIN_USEC..=CpuMax::MAX_PERIOD_USEC => Ok(micros),
        _ => Err(Malformed::Duration(format!(
            "{text}: a period is 1ms to 1s"
        ))),
    }
}

/// A cgroup: `auto`, `pid:N`, a folder, or `none`.
///
/// # Errors
/// [`Malformed::Cgroup`].
pub fn cgroup(text: &str) -> Result<Option<CgroupName>, Malformed> {
    let malformed = || Malformed::Cgroup(text.to_owned());
    Ok(match (text, text.strip_prefix("pid:")) {
        ("none", _) => None,
        ("auto", _) => Some(CgroupName::Auto),
        ("", _) => return Err(malformed()),
        (_, Some(pid)) => {
            let pid = self::pid(pid).map_err(|_| malformed())?;
            Some(CgroupName::Process(pid))
        }
        (folder, None) => Some(CgroupName::Folder(folder.into())),
    })
}

/// A process; 0 is none.
///
/// # Errors
/// [`Malformed::Process`].
pub fn pid(text: &str) -> Result<u32, Malformed> {
    let pid = text.parse().ok().filter(|&pid| pid > 0);
    pid.ok_or(Malformed::Process)
}

/// A span of time, as Go writes it; see [`podhook_lifecycle::duration`].
///
/// # Errors
/// [`Malformed::Duration`].
pub fn duration(text: &str) -> Result<Duration, Malformed> {
    podhook_lifecycle::duration::parse(text).map_err(|error| Malformed::Duration(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders() {
        let grant = dir("/srv/www::/www:ro").unwrap();
        assert_eq!(grant.host, PathBuf::from("/srv/www"));
        assert_eq!(
            (grant.guest.as_str(), grant.access),
            ("/www", Access::ReadOnly)
        );
        assert_eq!(dir(".::/").unwrap().access, Access::ReadWrite);
        for text in [
            "/srv",
            "::/www",
            "/srv::",
            "/srv:::ro",
            "a::b::c",
            "a::b:RO",
            "a::b:rw",
            "",
        ] {
            assert_eq!(dir(text), Err(Malformed::Dir), "{text}");
        }
    }

    #[test]
    fn pairs() {
        assert_eq!(pair("K=v=w"), Ok(("K".to_owned(), "v=w".to_owned())));
        assert_eq!(pair("K="), Ok(("K".to_owned(), String::new())));
        for text in ["K", "=v", "", "K=\0"] {
            assert_eq!(pair(text), Err(Malformed::Pair), "{text:?}");
        }
    }

    #[test]
    fn cpu_and_its_period() {
        assert_eq!(milli_cpu("1.5"), Ok(1500));
        assert_eq!(milli_cpu("0.5m"), Ok(1));
        assert!(milli_cpu("-1").is_err() && milli_cpu("half").is_err());
        assert_eq!(cpu_period("10ms"), Ok(10_000));
        assert_eq!(cpu_period("1s"), Ok(1_000_000));
        for text in ["0", "999us", "1001ms", "100"] {
            assert!(cpu_period(text).is_err(), "{text}");
        }
    }

    #[test]
    fn cgroups() {
        assert_eq!(cgroup("none"), Ok(None));
        assert_eq!(cgroup("auto"), Ok(Some(CgroupName::Auto)));
        assert_eq!(cgroup("pid:7"), Ok(Some(CgroupName::Process(7))));
        let folder = CgroupName::Folder("./pid".into());
        assert_eq!(cgroup("./pid"), Ok(Some(folder)));
        for text in ["", "pid:", "pid:0", "pid:-1", "pid:x", "pid:99999999999"] {
            assert!(cgroup(text).is_err(), "{text}");
        }
    }

    #[test]
    fn headers() {
        let expected = Ok(("X-A".to_owned(), "b: c".to_owned()));
        assert_eq!(header("X-A:  b: c "), expected);
        for text in ["X-A", ": b", "X A: b", "X-A: b\r\nC: d", "X-A: \0"] {
            assert_eq!(header(text), Err(Malformed::Header), "{text:?}");
        }
    }

    #[test]
    fn hosts() {
        let table = [
            ("example.com", None, "example.com", None),
            ("Example.com.:8080", None, "example.com", Some(8080)),
            (
                "https://example.com",
                Some(Scheme::Https),
                "example.com",
                None,
            ),
            (
                "http://127.0.0.1:80",
                Some(Scheme::Http),
                "127.0.0.1",
                Some(80),
            ),
            ("localhost:1", None, "localhost", Some(1)),
            ("[::1]:8080", None, "::1", Some(8080)),
            ("[::1]", None, "::1", None),
        ];
        for (text, scheme, name, port) in table {
            let grant = host(text).expect(text);
            assert_eq!(
                (grant.scheme, grant.host.as_str(), grant.port),
                (scheme, name, port)
            );
        }
        for text in [
            "",
            "*",
            "*.example.com",
            "ftp://x",
            "http://",
            "x/y",
            "x:0",
            "x:65536",
            "x:+8",
            "x:",
            "[::1",
            "[x]",
            "[::1]8",
            "::1",
            "::1:80",
            "a..b",
            "http://u@x",
            "x y",
        ] {
            assert_eq!(host(text), Err(Malformed::Host), "{text:?}");
        }
    }

    #[test]
    fn paths() {
        assert_eq!(request_path("/a?b=%20").as_deref(), Ok("/a?b=%20"));
        for text in ["", "a", "/a b", "/a#b", "/\n", "/ü"] {
            assert_eq!(request_path(text), Err(Malformed::Path), "{text:?}");
        }
    }

    #[test]
    fn networks_and_sizes() {
        assert_eq!(network("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(network("10.1.2.3").unwrap().to_string(), "10.1.2.3/32");
        assert_eq!(network("10.0.0.0/33"), Err(Malformed::Network));
        assert_eq!(size("64Mi"), Ok(64 << 20));
        assert!(size("64 Mi").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,30}") {
            let _ = (dir(&text), pair(&text), header(&text), host(&text), network(&text));
        }

        #[test]
        fn a_grant_reads_back_as_it_is_shown(text in "(https?://)?[a-z]{1,9}(:[1-9][0-9]{0,3})?") {
            let grant = host(&text).unwrap();
            proptest::prop_assert_eq!(host(&grant.to_string()), Ok(grant));
        }
    }
}
