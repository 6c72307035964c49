//! Whatever a case of `podhook test` says, it is a case, or an error with exit status 78.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podhook_host::fuzzing;

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("case.yaml"), data).unwrap();
    if let Err(error) = fuzzing::test_cases(folder.path()) {
        assert_eq!(error.status(), 78);
        assert!(error.to_string().starts_with("error: "));
    }
});
