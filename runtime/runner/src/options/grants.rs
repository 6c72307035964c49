//! What a hook may touch.

use crate::command_error::CommandError;
use crate::grammar;
use crate::options::lexer::{Lexer, Misspelt};
use ipnet::IpNet;
use podhook_lifecycle::{Authorities, DirGrant, Grants, HostGrant, SignalGrant};
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Grants as they are written; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantOptions {
    /// `--dir`, repeatable.
    pub dirs: Vec<DirGrant>,
    /// `--env`, repeatable.
    pub env: Vec<(String, String)>,
    /// `--config`, repeatable.
    pub config: Vec<(String, String)>,
    /// `--allow-host`, repeatable.
    pub hosts: Vec<HostGrant>,
    /// `--allow-network`, repeatable.
    pub networks: Vec<IpNet>,
    /// `--ca-file`.
    pub ca_file: Option<PathBuf>,
    /// `--allow-signal`.
    pub allow_signal: bool,
    /// `--container-pid`.
    pub container_pid: Option<u32>,
}

impl GrantOptions {
    /// Takes `--NAME` if it is one of these.
    pub(super) fn take(&mut self, name: &str, lexer: &mut Lexer) -> Result<bool, Misspelt> {
        match name {
            "dir" => self.dirs.push(lexer.value(grammar::dir)?),
            "env" => self.env.push(lexer.value(grammar::pair)?),
            "config" => self.config.push(lexer.value(grammar::pair)?),
            "allow-host" => self.hosts.push(lexer.value(grammar::host)?),
            "allow-network" => self.networks.push(lexer.value(grammar::network)?),
            "ca-file" => self.ca_file = Some(lexer.path()?),
            "allow-signal" => self.allow_signal = true,
            "container-pid" => self.container_pid = Some(lexer.value(grammar::pid)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What they grant.
    ///
    /// # Errors
    /// 2, where a folder of the guest is granted twice; 66, where there is no `--ca-file`,
    /// 78, where it has no certificate.
    pub fn grants(self) -> Result<Grants, CommandError> {
        let mut seen = HashSet::new();
        let bare = |dir: &DirGrant| dir.guest.trim_end_matches('/').to_owned();
        if let Some(twice) = self.dirs.iter().find(|dir| !seen.insert(bare(dir))) {
            let why = format!("{} is granted twice", twice.guest);
            return Err(CommandError::usage("--dir", why));
        }
        let authorities = self.ca_file.as_deref().map(authorities).transpose()?;
        Ok(Grants {
            dirs: self.dirs,
            env: self.env,
            config: self.config,
            hosts: self.hosts,
            networks: self.networks,
            authorities,
            signal: match (self.allow_signal, self.container_pid) {
                (false, None) => SignalGrant::Denied,
                (true, None) => SignalGrant::Unknown,
                (_, Some(pid)) => SignalGrant::Process(pid),
            },
        })
    }
}

/// Bytes of all certificate authorities there are: a bundle has 200 KiB.
const MAX_AUTHORITIES: u64 = 4 << 20;

fn authorities(file: &Path) -> Result<Authorities, CommandError> {
    let what = || format!("--ca-file {}", file.display());
    let unreadable = |why| CommandError::no_input(what(), why);
    let mut pem = Vec::new();
    let mut opened = File::open(file)
        .map_err(unreadable)?
        .take(MAX_AUTHORITIES + 1);
    opened.read_to_end(&mut pem).map_err(unreadable)?;
    let begins = b"-----BEGIN CERTIFICATE-----";
    let has_one = pem.windows(begins.len()).any(|text| text == begins);
    if pem.len() as u64 > MAX_AUTHORITIES || !has_one {
        return Err(CommandError::config(what(), "no certificates in PEM"));
    }
    Ok(Authorities { pem: pem.into() })
}
