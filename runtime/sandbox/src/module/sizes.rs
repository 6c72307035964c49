//! How much a module costs its compiler, as far as that can be told before.

use super::{at_most, malformed};
use crate::invalid_module::InvalidModule;
use wasmparser::{FunctionBody, Payload};

/// Functions over all modules inside; the largest toolchains' have 60,000.
const MAX_FUNCTIONS: usize = 150_000;
/// Bytes of one function; interpreters' main loops have 300,000.
const MAX_BODY: usize = 2 << 20;
/// Locals of one function, and over all of them: a few bytes make 50,000, and every one
/// costs the compiler.
const MAX_LOCALS: usize = 20_000;
const MAX_LOCALS_IN_ALL: usize = 10_000_000;
/// Types, segments and globals over all modules inside.
const MAX_TYPES: usize = 200_000;
const MAX_SEGMENTS: usize = 200_000;
const MAX_GLOBALS: usize = 100_000;
/// Modules and components inside of each other, and beside.
const MAX_MODULES: usize = 1_000;

/// How much there is for a compiler to do, over all modules inside.
#[derive(Default)]
pub(super) struct Sizes {
    modules: usize,
    types: usize,
    functions: usize,
    locals: usize,
    globals: usize,
    segments: usize,
}

impl Sizes {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of all sections, those that cost a compiler"
    )]
    pub(super) fn count(&mut self, payload: &Payload<'_>) -> Result<(), InvalidModule> {
        let add = |what, sum: &mut usize, count: u32, most| {
            *sum = sum.saturating_add(count as usize);
            at_most(what, *sum, most)
        };
        match payload {
            Payload::Version { .. } => add("modules", &mut self.modules, 1, MAX_MODULES),
            Payload::TypeSection(section) => {
                add("types", &mut self.types, section.count(), MAX_TYPES)
            }
            Payload::ComponentTypeSection(section) => {
                add("types", &mut self.types, section.count(), MAX_TYPES)
            }
            Payload::CoreTypeSection(section) => {
                add("types", &mut self.types, section.count(), MAX_TYPES)
            }
            Payload::GlobalSection(section) => {
                add("globals", &mut self.globals, section.count(), MAX_GLOBALS)
            }
            Payload::FunctionSection(section) => add(
                "functions",
                &mut self.functions,
                section.count(),
                MAX_FUNCTIONS,
            ),
            Payload::DataSection(section) => add(
                "segments",
                &mut self.segments,
                section.count(),
                MAX_SEGMENTS,
            ),
            Payload::ElementSection(section) => add(
                "segments",
                &mut self.segments,
                section.count(),
                MAX_SEGMENTS,
            ),
            Payload::CodeSectionEntry(body) => self.count_body(body),
            _ => Ok(()),
        }
    }

    fn count_body(&mut self, body: &FunctionBody<'_>) -> Result<(), InvalidModule> {
        at_most("bytes in one function", body.range().len(), MAX_BODY)?;
        let mut locals = 0_usize;
        for group in body.get_locals_reader().map_err(malformed)? {
            let (count, _) = group.map_err(malformed)?;
            locals = locals.saturating_add(count as usize);
        }
        at_most("locals in one function", locals, MAX_LOCALS)?;
        self.locals = self.locals.saturating_add(locals);
        at_most("locals", self.locals, MAX_LOCALS_IN_ALL)
    }
}
