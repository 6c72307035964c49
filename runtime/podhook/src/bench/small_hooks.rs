//! Hooks to measure where none is given: the smallest that there can be, put together here.

use anyhow::{Context, Result};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const CLOCK: &str = "podhook:lifecycle/clock@0.1.0";

const WIT: &str = include_str!("../../../../wit/podhook.wit");

/// Worlds of hooks whose imports are no more than what they call.
const WORLDS: &str = "
world noop { export pre-stop; }
world sleeper { import clock; export pre-stop; }
";

/// What its function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Nothing,
    Sleep,
    Compute,
}

/// A preStop hook that does nothing.
pub(super) fn noop() -> Result<Vec<u8>> {
    component("noop", Does::Nothing)
}

/// A preStop hook that computes for as long as it may.
pub(super) fn spinner() -> Result<Vec<u8>> {
    component("noop", Does::Compute)
}

/// A preStop hook that waits for longer than anybody does.
pub(super) fn sleeper() -> Result<Vec<u8>> {
    component("sleeper", Does::Sleep)
}

fn component(world: &str, does: Does) -> Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("podhook.wit", &format!("{WIT}{WORLDS}"))?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut module = core(does);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(ComponentEncoder::encode)
        .context("a small hook")
}

/// The canonical ABI's side of it: the host hands the context over in memory that
/// `cabi_realloc` gives, and is answered with the address of a result.
fn core(does: Does) -> Vec<u8> {
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    types.ty().function([ValType::I64], []);
    types.ty().function([ValType::I32], [ValType::I32]);
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    functions.function(1).function(2);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    let next = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    globals.global(next, &ConstExpr::i32_const(FREE));
    let imported = u32::from(does == Does::Sleep);
    let mut exports = ExportSection::new();
    exports.export(
        "podhook:lifecycle/pre-stop@0.1.0#run",
        ExportKind::Func,
        imported,
    );
    exports.export("cabi_realloc", ExportKind::Func, imported + 1);
    exports.export("memory", ExportKind::Memory, 0);
    let mut code = CodeSection::new();
    code.function(&run(does)).function(&realloc());
    let mut module = Module::new();
    module.section(&types);
    if does == Does::Sleep {
        let mut imports = ImportSection::new();
        imports.import(CLOCK, "sleep-ms", EntityType::Function(0));
        module.section(&imports);
    }
    module.section(&functions).section(&memories);
    module.section(&globals).section(&exports).section(&code);
    module.finish()
}

/// Where what is handed over begins; below it is the result, all zeroes: `ok`.
const FREE: i32 = 1024;

fn run(does: Does) -> Function {
    let mut run = Function::new([]);
    match does {
        Does::Nothing => {}
        Does::Sleep => {
            run.instruction(&Instruction::I64Const(i64::from(u32::MAX)));
            run.instruction(&Instruction::Call(0));
        }
        Does::Compute => {
            run.instruction(&Instruction::Loop(BlockType::Empty));
            run.instruction(&Instruction::Br(0));
            run.instruction(&Instruction::End);
        }
    }
    run.instruction(&Instruction::I32Const(0));
    run.instruction(&Instruction::End);
    run
}

/// The next bytes, at a multiple of eight; nothing is ever given back.
fn realloc() -> Function {
    let mut realloc = Function::new([]);
    for instruction in [
        Instruction::GlobalGet(0),
        Instruction::GlobalGet(0),
        Instruction::LocalGet(3),
        Instruction::I32Add,
        Instruction::I32Const(7),
        Instruction::I32Add,
        Instruction::I32Const(-8),
        Instruction::I32And,
        Instruction::GlobalSet(0),
        Instruction::End,
    ] {
        realloc.instruction(&instruction);
    }
    realloc
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook_lifecycle::{Hook, ModuleKind};

    #[test]
    fn they_are_hooks_that_import_next_to_nothing() {
        for (bytes, imports) in [
            (noop().unwrap(), 1),
            (spinner().unwrap(), 1),
            (sleeper().unwrap(), 2),
        ] {
            let module = podhook_sandbox::Module::new(bytes).unwrap();
            assert_eq!(module.kind(), ModuleKind::Lifecycle);
            assert_eq!(module.hooks(), [Hook::PreStop]);
            assert!(module.imports().len() <= imports, "{:?}", module.imports());
        }
    }
}
