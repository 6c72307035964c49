//! Whatever a pod's file says, `podhook pod check` has an answer: the pod, or why it is none
//! (exit status 78). What the API server fills in, it fills in once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podhook_host::fuzzing;
use podhook_lifecycle::spec::defaults;

fuzz_target!(|data: &[u8]| {
    match fuzzing::pod_check(data) {
        Ok(spec) => {
            let mut again = spec.clone();
            defaults::apply(&mut again);
            assert_eq!(spec, again);
        }
        Err(error) => {
            assert_eq!(error.status(), 78);
            assert!(error.to_string().starts_with("error: "));
        }
    }
});
