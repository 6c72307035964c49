//! Whatever a file is, reading it as a module ends in a module or a sentence; a module is
//! the file and nothing else.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podhook_sandbox::{Module, module};

fuzz_target!(|data: &[u8]| {
    match Module::new(data.to_vec()) {
        Ok(module) => {
            assert_eq!(module.bytes(), data);
            assert_eq!(module.digest(), module::digest(data));
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
});
