//! Memories and stacks that are set aside in advance, for workers.
//!
//! A build without the feature `pool` has none: a process of one hook has no use for them.

use wasmtime::{Config, Result};
#[cfg(feature = "pool")]
use wasmtime::{Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How a pool's memories are made clean again after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reset {
    /// The kernel tells which pages were written (`PAGEMAP_SCAN`, Linux 6.7):
    /// those up to 1 MiB are overwritten, the pages stay.
    WrittenPages,
    /// The first 64 KiB are overwritten, the rest is given back to the kernel.
    Prefix,
}

/// Sets `slots` aside.
#[cfg(feature = "pool")]
pub(crate) fn set_aside(config: &mut Config, slots: u32, reset: Reset) -> Result<()> {
    let pool = pool(slots, reset);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(())
}

/// Whether that is what is wrong: all slots are taken.
pub(crate) fn is_full(error: &wasmtime::Error) -> bool {
    #[cfg(feature = "pool")]
    return error.is::<wasmtime::PoolConcurrencyLimitError>();
    #[cfg(not(feature = "pool"))]
    {
        let _ = error;
        false
    }
}

/// There is nothing to set aside in.
#[cfg(not(feature = "pool"))]
pub(crate) fn set_aside(_config: &mut Config, _slots: u32, _reset: Reset) -> Result<()> {
    Err(wasmtime::Error::msg("this build has no pools"))
}

/// Core instances of one component: Python's, which links its libraries as it starts, has 20.
#[cfg(feature = "pool")]
const INSTANCES: u32 = 64;
/// Tables of one component.
#[cfg(feature = "pool")]
const TABLES: u32 = 16;
/// Memories of one component: that of its toolchain, and that of one it is composed with.
#[cfg(feature = "pool")]
const MEMORIES: u32 = 2;

/// A component of the Rust toolchain is 2 to 6 core instances, 1 memory and 1 or 2
/// tables; what is set aside is address space, not memory. There is as much for every slot
/// as a component may have: none takes what another needs.
#[cfg(feature = "pool")]
fn pool(slots: u32, reset: Reset) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(INSTANCES))
        .total_memories(slots.saturating_mul(MEMORIES))
        .total_tables(slots.saturating_mul(TABLES))
        .total_stacks(slots)
        .max_core_instances_per_component(INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_tables_per_module(4)
        .max_memory_size(4 << 30)
        .max_unused_warm_slots(100)
        .async_stack_keep_resident(0);
    match reset {
        Reset::WrittenPages => pool
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(1 << 20)
            .table_keep_resident(64 << 10),
        Reset::Prefix => pool
            .pagemap_scan(Enabled::No)
            .linear_memory_keep_resident(64 << 10)
            .table_keep_resident(4 << 10)
            .decommit_batch_size(16),
    };
    pool
}
