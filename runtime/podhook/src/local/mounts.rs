//! What is mounted, and what a container should see of it.
//!
//! Reads the kernel's list and decides; mounts nothing.

use rustix::mount::MountFlags;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// One place where something is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) point: PathBuf,
    /// Those that a mount over it must keep.
    pub(super) flags: MountFlags,
    read_only: bool,
    kind: String,
}

/// How a container is to see what is mounted somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Readable, and writable into memory only.
    Overlay,
    /// As it is; what is written there is no file that stays.
    Shared,
    /// Readable.
    ReadOnly,
    /// Not at all: an automount that nobody has entered.
    Absent,
}

/// Views of the kernel and of hardware. Not writable in containers either.
const KERNEL: &[&str] = &[
    "sysfs",
    "cgroup",
    "cgroup2",
    "debugfs",
    "tracefs",
    "securityfs",
    "selinuxfs",
    "bpf",
    "pstore",
    "efivarfs",
    "configfs",
    "fusectl",
    "hugetlbfs",
    "binfmt_misc",
    "rpc_pipefs",
    "nsfs",
    "nfsd",
    "resctrl",
];

impl Mount {
    pub(super) fn view(&self) -> View {
        match self.kind.as_str() {
            "autofs" => View::Absent,
            "proc" | "devpts" | "mqueue" => View::Shared,
            kind if KERNEL.contains(&kind) => View::ReadOnly,
            _ if self.is_root() => View::Overlay,
            _ if self.read_only || !self.point.is_dir() => View::ReadOnly,
            _ => View::Overlay,
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.point == Path::new("/")
    }
}

/// Reads `/proc/self/mountinfo`: one mount for each place, the topmost, and parents
/// before what is below them.
pub(super) fn parse(table: &[u8]) -> Vec<Mount> {
    let lines = table.split(|byte| *byte == b'\n');
    let places: BTreeMap<_, _> = lines
        .filter_map(line)
        .map(|mount| (mount.point.clone(), mount))
        .collect();
    places.into_values().collect()
}

/// `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG…] - TYPE SOURCE SUPER`
fn line(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|byte| *byte == b' ');
    let point = unescape(words.nth(4)?);
    let options = String::from_utf8_lossy(words.next()?).into_owned();
    words.find(|word| *word == b"-")?;
    Some(Mount {
        point: PathBuf::from(OsString::from_vec(point)),
        flags: flags(&options),
        read_only: options.split(',').any(|option| option == "ro"),
        kind: String::from_utf8_lossy(words.next()?).into_owned(),
    })
}

fn flags(options: &str) -> MountFlags {
    let each = options.split(',').map(|option| match option {
        "nosuid" => MountFlags::NOSUID,
        "nodev" => MountFlags::NODEV,
        "noexec" => MountFlags::NOEXEC,
        _ => MountFlags::empty(),
    });
    each.fold(MountFlags::empty(), |all, flag| all | flag)
}

/// The kernel writes blanks and backslashes as three octal digits.
fn unescape(word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, after)) = rest.split_first() {
        let octal = (*first == b'\\')
            .then(|| after.split_at_checked(3))
            .flatten();
        let byte = octal.and_then(|(digits, after)| Some((number(digits)?, after)));
        let (byte, after) = byte.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn number(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 27 0:22 / /sys rw,nosuid,nodev,noexec shared:7 - sysfs sysfs rw
22 27 0:21 / /proc rw,relatime - proc proc rw
30 27 0:30 / /tmp rw,nosuid - tmpfs tmpfs rw
29 23 0:29 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw
40 27 8:1 / /usr/bin rw - ext4 /dev/sda1 rw
41 27 8:1 / /usr/lib ro - ext4 /dev/sda1 rw
42 27 8:1 /resolv /etc/passwd rw - ext4 /dev/sda1 rw
43 27 0:40 / /boot rw - autofs systemd-1 rw
44 27 0:41 / /boot rw - vfat /dev/sda2 rw
45 27 0:42 / /far rw master:2 - autofs systemd-1 rw
46 27 0:43 / /a\\040b\\134 rw - tmpfs tmpfs rw
broken";

    fn view(point: &str) -> View {
        let all = parse(TABLE.as_bytes());
        all.iter()
            .find(|mount| mount.point == Path::new(point))
            .unwrap()
            .view()
    }

    #[test]
    fn each_mount_has_its_view() {
        assert_eq!(view("/"), View::Overlay);
        assert_eq!(view("/tmp"), View::Overlay);
        assert_eq!(view("/usr/bin"), View::Overlay);
        assert_eq!(view("/usr/lib"), View::ReadOnly);
        assert_eq!(view("/etc/passwd"), View::ReadOnly);
        assert_eq!(view("/proc"), View::Shared);
        assert_eq!(view("/sys"), View::ReadOnly);
        assert_eq!(view("/far"), View::Absent);
        assert_ne!(view("/boot"), View::Absent);
    }

    #[test]
    fn parents_come_first_and_blanks_are_read() {
        let all = parse(TABLE.as_bytes());
        let points: Vec<_> = all
            .iter()
            .map(|mount| mount.point.to_str().unwrap())
            .collect();
        assert_eq!(points[..3], ["/", "/a b\\", "/boot"]);
        assert!(
            points.iter().position(|p| *p == "/sys")
                < points.iter().position(|p| *p == "/sys/fs/cgroup")
        );
        let sys = all
            .iter()
            .find(|mount| mount.point == Path::new("/sys"))
            .unwrap();
        assert_eq!(
            sys.flags,
            MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC
        );
    }

    #[test]
    fn backslashes_that_are_no_escape_stay() {
        for text in ["\\", "\\04", "\\999", "a\\x"] {
            assert_eq!(unescape(text.as_bytes()), text.as_bytes());
        }
    }
}
