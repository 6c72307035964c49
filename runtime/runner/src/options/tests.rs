//! How options are read, and what is said of those that cannot be.

use super::*;
use std::time::Duration;

fn read(words: &[&str], hook: HookIs) -> Result<AdapterOptions, String> {
    let mut options = AdapterOptions::default();
    let words = words.iter().map(OsString::from);
    let read = options.read(words, hook);
    read.map(|()| options).map_err(|why| why.to_string())
}

#[test]
fn options_stand_before_and_after_the_hook() {
    let words = [
        "--timeout=2s",
        "drain.cwasm",
        "--memory",
        "64Mi",
        "-o",
        "json",
        "--",
        "--fuel",
        "x",
    ];
    let options = read(&words, HookIs::Named).unwrap();
    assert_eq!(options.hook.hook, Path::new("drain.cwasm"));
    assert_eq!(options.hook.limits.timeout, Some(Duration::from_secs(2)));
    assert_eq!(options.hook.limits.memory, Some(64 << 20));
    assert_eq!(options.output, Format::Json);
    assert_eq!(options.hook.args, ["--fuel", "x"]);
}

#[test]
fn words_of_a_bundle_are_arguments_and_its_options_can_be_replaced() {
    let mut options = read(
        &["--timeout", "2s", "--env", "A=1", "--", "baked"],
        HookIs::Bundled,
    );
    let options = options.as_mut().unwrap();
    let more = ["fast", "--timeout", "0", "--env", "B=2"].map(OsString::from);
    options.read(more, HookIs::Bundled).unwrap();
    assert_eq!(options.hook.args, ["baked", "fast"]);
    assert_eq!(options.hook.limits.budget(&Budget::default()).timeout, None);
    assert_eq!(options.hook.grants.env.len(), 2);
}

#[test]
fn what_is_misspelt_is_said() {
    for (words, why) in [
        (&["--nope"][..], "unexpected argument '--nope' found"),
        (&["-x"], "unexpected argument '-x' found"),
        (&["a", "b"], "unexpected argument 'b' found"),
        (&["--cpu", "half"], "invalid value 'half' for '--cpu'"),
        (
            &["--container-pid", "0"],
            "invalid value '0' for '--container-pid'",
        ),
        (&["--fuel"], "missing argument for option '--fuel'"),
        (&["-o", "yaml"], "write text or json"),
        (
            &["--allow-signal=yes"],
            "unexpected argument for option '--allow-signal'",
        ),
    ] {
        let said = read(words, HookIs::Named).unwrap_err();
        assert!(said.contains(why), "{words:?}: {said}");
    }
}

#[test]
fn a_folder_is_granted_once_and_authorities_have_certificates() {
    let granted = |words: &[&str]| {
        let options = read(words, HookIs::Named).unwrap();
        options.hook.granted().map_err(|error| error.status())
    };
    assert_eq!(
        granted(&["--dir", "/a::/x", "--dir", "/b::/x/"]).unwrap_err(),
        2
    );
    assert_eq!(granted(&["--ca-file", "/nowhere"]).unwrap_err(), 66);
    let file = tempfile::NamedTempFile::new().unwrap();
    let name = file.path().to_str().unwrap();
    assert_eq!(granted(&["--ca-file", name]).unwrap_err(), 78);
}
