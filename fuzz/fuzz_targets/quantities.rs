//! Whatever an option or a field says, reading it does not panic; and what was read means the
//! same once it is written out and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podhook_ledger::CgroupName;
use podhook_lifecycle::quantity::Quantity;
use podhook_lifecycle::quote::{quote, unquote};
use podhook_lifecycle::{Access, duration};
use podhook_runner::grammar;
use std::fmt::Debug;

/// Reads `text`, and what `write` makes of it.
fn reads_back<T: PartialEq + Debug, E: PartialEq + Debug>(
    text: &str,
    read: impl Fn(&str) -> Result<T, E>,
    write: impl FnOnce(&T) -> String,
) {
    if let Ok(value) = read(text) {
        let written = write(&value);
        assert_eq!(read(&written), Ok(value), "{text:?} as {written:?}");
    }
}

fn quantity(text: &str) {
    let Ok(quantity) = text.parse::<Quantity>() else {
        return;
    };
    let (value, milli) = (quantity.value(), quantity.milli_value());
    // Rounded up, it can be one more than there may be.
    if value <= i64::MAX.cast_unsigned() {
        let again = value.to_string().parse::<Quantity>();
        assert_eq!(again.map(Quantity::value), Ok(value), "{text:?}");
    }
    let again = format!("{milli}m").parse::<Quantity>();
    assert_eq!(again.map(Quantity::milli_value), Ok(milli), "{text:?}");
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    quantity(text);
    let _ = (grammar::size(text), grammar::milli_cpu(text));
    reads_back(text, duration::parse, |span| duration::text(*span));
    reads_back(text, grammar::duration, |span| duration::text(*span));
    reads_back(text, grammar::cpu_period, |micros| format!("{micros}us"));
    reads_back(text, grammar::pid, u32::to_string);
    reads_back(text, grammar::network, ToString::to_string);
    reads_back(text, grammar::host, ToString::to_string);
    reads_back(text, grammar::request_path, String::clone);
    reads_back(text, grammar::pair, |(name, value)| {
        format!("{name}={value}")
    });
    reads_back(text, grammar::header, |(name, value)| {
        format!("{name}: {value}")
    });
    reads_back(text, grammar::dir, |grant| {
        let end = match grant.access {
            Access::ReadOnly => ":ro",
            Access::ReadWrite => "",
        };
        format!("{}::{}{end}", grant.host.display(), grant.guest)
    });
    reads_back(text, grammar::cgroup, |name| match name {
        None => "none".to_owned(),
        Some(CgroupName::Auto) => "auto".to_owned(),
        Some(CgroupName::Process(pid)) => format!("pid:{pid}"),
        Some(CgroupName::Folder(folder)) => folder.display().to_string(),
    });
    assert_eq!(unquote(&quote(data)).as_deref(), Some(text));
    // Not only what was quoted.
    let _ = unquote(text);
});
