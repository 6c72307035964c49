//! Figures for a person.

use super::warn;
use crate::bench::{Density, Figures, Machine, Quota, Row, Suspended, Workers};
use crate::pod_file::Source;
use podhook_runner::CommandError;
use podhook_runner::one_line::one_line;
use std::path::Path;

/// A table; what is unsure goes to stderr.
pub(super) fn table(figures: &Figures, before: Option<&Figures>) -> String {
    let mut lines = vec![
        machine(&figures.machine),
        format!("hook: {}", figures.hook),
        String::new(),
        format!(
            "{:<11} {:>5} {:>10} {:>10} {:>10} {:>10} {:>9} {:>8}{}",
            "",
            "runs",
            "p50 µs",
            "p90 µs",
            "p99 µs",
            "CPU µs",
            "peak KiB",
            "/ sh",
            if before.is_some() { "  before" } else { "" },
        ),
    ];
    lines.extend(figures.rows.iter().map(|row| {
        let old = before.and_then(|before| before.row(&row.name));
        line(row) + &old.map(|old| difference(row, old)).unwrap_or_default()
    }));
    if !figures.workers.is_empty() {
        lines.push(String::new());
        lines.extend(figures.workers.iter().map(worker_line));
    }
    if !figures.skipped.is_empty() {
        lines.push(String::new());
        let skipped = figures.skipped.iter();
        lines.extend(skipped.map(|skipped| format!("without {}: {}", skipped.name, skipped.why)));
    }
    warn(&doubts(figures, before));
    let lines: Vec<String> = lines.iter().map(|line| one_line(line) + "\n").collect();
    lines.concat()
}

fn machine(machine: &Machine) -> String {
    let Machine {
        cpu,
        processors,
        kernel,
        load,
        ..
    } = machine;
    let virtually = if machine.is_virtual { "virtual, " } else { "" };
    let gib = machine.memory_bytes >> 30;
    format!("{virtually}{processors} × {cpu}, {gib} GiB, Linux {kernel}, load {load}")
}

fn line(row: &Row) -> String {
    let wall = row.wall_us;
    let ratio = row
        .ratio_to_sh
        .map_or("".to_owned(), |ratio| format!("{ratio:.3}"));
    format!(
        "{:<11} {:>5} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>9} {:>8}",
        row.name,
        row.runs,
        wall.p50,
        wall.p90,
        wall.p99,
        row.cpu_us.p50,
        row.peak_bytes.div_ceil(1024),
        ratio,
    )
}

fn worker_line(row: &Workers) -> String {
    let Workers {
        workers,
        hooks_per_second,
        ratio_to_one,
    } = row;
    format!("workers {workers:>3} {hooks_per_second:>10.0} hooks/s, {ratio_to_one:.2} of one")
}

/// Of medians: `×1.20`; marked where the noise is smaller.
fn difference(row: &Row, old: &Row) -> String {
    let (new, was) = (row.wall_us.p50, old.wall_us.p50);
    // Fewer runs do not tell how far they lie apart.
    let is_sure =
        row.runs.min(old.runs) >= 10 && (new - was).abs() > row.spread().max(old.spread()) / 2.0;
    let mark = if is_sure { "!" } else { "" };
    format!("  ×{:.2}{mark}", new / was.max(f64::MIN_POSITIVE))
}

/// What a reader has to know before believing.
fn doubts(figures: &Figures, before: Option<&Figures>) -> Vec<String> {
    let mut doubts = figures.unsure();
    if cfg!(debug_assertions) {
        doubts.push("podhook is a debug build, and the figures are its own".to_owned());
    }
    let machine = &figures.machine;
    if machine.load > machine.processors as f64 / 2.0 {
        doubts.push(format!(
            "the machine was busy before: load {}",
            machine.load
        ));
    }
    if let Some(before) = before
        && (&before.machine.cpu, &before.machine.kernel) != (&machine.cpu, &machine.kernel)
    {
        let Machine { cpu, kernel, .. } = &before.machine;
        doubts.push(format!(
            "compared to another machine: {cpu}, Linux {kernel}"
        ));
    }
    if let Some(before) = before
        && before.hook != figures.hook
    {
        doubts.push(format!("compared to another hook: {}", before.hook));
    }
    doubts
}

/// Figures of before.
pub(super) fn old(file: &Path) -> Result<Figures, CommandError> {
    let source = Source::open(file)?;
    serde_json::from_slice(&source.bytes).map_err(|why| {
        CommandError::config(&source.name, format!("not figures of podhook bench: {why}"))
    })
}

/// One number of hooks that wait.
pub(super) fn suspended(row: &Suspended) -> String {
    format!(
        "{:>7} hooks wait on {} workers: {:.1} KB each ({:.1} of page tables), {:.1} µs CPU to start one, {:.1} µs to end one, {} mappings\n",
        row.hooks,
        row.workers,
        row.bytes_each as f64 / 1e3,
        row.page_table_bytes_each as f64 / 1e3,
        row.start_us_each,
        row.cancel_us_each,
        row.mappings,
    )
}

/// Where it ended.
pub(super) fn limit(density: &Density) -> String {
    match &density.limit {
        None => "no limit was met\n".to_owned(),
        Some(limit) => one_line(&format!("{} are too many: {}", limit.hooks, limit.why)) + "\n",
    }
}

/// What stands over [`quota`]s.
pub(super) const QUOTAS: &str =
    "CPU time used / quota; throttled: milliseconds; over: µs in a period, p90. Each beside CFS's.
quota     used   native  ratio    throttled   native  ratio  times native   error     over native
";

/// One quota.
pub(super) fn quota(quota: &Quota) -> String {
    format!(
        "{:>4}% {:>8.4} {:>8.4} {:>6.3} {:>12.0} {:>8.0} {:>6.3} {:>6.0} {:>6.0} {:>6.2}% {:>8.0} {:>6.0}\n",
        quota.per_cent,
        quota.used,
        quota.native_used,
        quota.used_to_native,
        quota.throttled_ms,
        quota.native_throttled_ms,
        quota.throttled_to_native,
        quota.nr_throttled,
        quota.native_nr_throttled,
        quota.error_per_cent,
        quota.over_p90_us,
        quota.native_over_p90_us,
    )
}
