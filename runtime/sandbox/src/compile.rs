//! Compiling: here, or by whoever does it for us.

use crate::config::Profile;
use crate::invalid_module::InvalidModule;
use crate::module::Module;

/// Compiles modules, within limits of its own: wasmtime's compiler has none.
pub trait Compiler: Send + Sync {
    /// The code of `module` for engines of `profile`, as [`compile`] makes it. It is run as it
    /// is: whoever gives it is trusted like this program.
    ///
    /// # Errors
    /// [`InvalidModule::NotCompilable`], or the limit that was met.
    fn compile(&self, module: &Module, profile: Profile) -> Result<Vec<u8>, InvalidModule>;
}

/// The code of `module` for engines of `profile`, which are not in this process. No limit
/// holds but the process's own.
///
/// # Errors
/// [`InvalidModule::NotCompilable`].
#[cfg(feature = "compile")]
pub fn compile(module: &Module, profile: Profile) -> Result<Vec<u8>, InvalidModule> {
    let failed = |error| InvalidModule::NotCompilable(format!("{error:#}"));
    let config = crate::config::for_compiling(&profile).map_err(failed)?;
    let engine = wasmtime::Engine::new(&config).map_err(failed)?;
    with(&engine, module)
}

#[cfg(feature = "compile")]
pub(crate) fn with(engine: &wasmtime::Engine, module: &Module) -> Result<Vec<u8>, InvalidModule> {
    let compiled = match module.shape() {
        crate::module::Shape::Core => engine.precompile_module(module.bytes()),
        crate::module::Shape::Component => engine.precompile_component(module.bytes()),
    };
    compiled.map_err(|error| InvalidModule::NotCompilable(format!("{error:#}")))
}

/// Without a compiler nothing is compiled.
#[cfg(not(feature = "compile"))]
pub(crate) fn with(_: &wasmtime::Engine, _: &Module) -> Result<Vec<u8>, InvalidModule> {
    Err(InvalidModule::NotCompilable(
        "this build has no compiler".to_owned(),
    ))
}

#[cfg(all(test, feature = "compile"))]
mod tests {
    use super::*;
    use crate::config;
    use crate::engine::{Engine, compatibility};

    #[test]
    fn code_made_elsewhere_is_that_of_its_engine() {
        for profile in [Profile::one_shot(), Profile::pooled(2)] {
            for profile in [profile, profile.with_fuel(true)] {
                let elsewhere = config::for_compiling(&profile).unwrap();
                let elsewhere = wasmtime::Engine::new(&elsewhere).unwrap();
                let engine = Engine::new(profile).unwrap();
                assert_eq!(engine.target().compatibility, compatibility(&elsewhere));
            }
        }
    }
}
