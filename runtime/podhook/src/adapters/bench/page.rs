//! Figures as one page that needs nothing else.

use super::chart::{escaped, svg, time};
use crate::bench::{Figures, Row, Workers};

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#111}table{border-collapse:collapse;width:100%}th,td{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:right}th:first-child,td:first-child,td:nth-child(2){text-align:left}";

const METHOD: &str = "All rows take turns, one measurement each, so that whatever else the machine does is shared between them; the first turn does not count. Processes are measured from just before they are made until they were waited for, with standard streams at /dev/null and no environment but PATH and HOME. Rows that take microseconds (in-process, bare, serve) are measured ten times in a turn, after unmeasured runs that fill the processor's caches again. CPU time is user and system: of processes what the kernel says at their end, children included; of in-process rows this process's; of serve the server's threads. Peak memory is the process's, of in-process rows the hook's. p50 and so on are quantiles over runs; ratios are those of medians. Workers are threads that share compiled code and nothing else; one, two and so on have their turns in each of seven rounds, and a ratio is the median of those within a round. runc and crun execute /bin/true in a container that is already there: what a kubelet's exec hook pays before the CRI and the kubelet add their own.";

/// The file.
pub(super) fn html(figures: &Figures) -> String {
    let machine = &figures.machine;
    let versions: Vec<String> = machine
        .versions
        .iter()
        .map(|(name, version)| format!("{name}: {version}"))
        .collect();
    let rows: String = figures.rows.iter().map(row).collect();
    let skipped: String = figures
        .skipped
        .iter()
        .map(|skipped| {
            format!(
                "<li>{}: {}</li>",
                escaped(&skipped.name),
                escaped(&skipped.why)
            )
        })
        .collect();
    let workers: String = figures.workers.iter().map(worker_row).collect();
    let workers = match workers.is_empty() {
        true => workers,
        false => format!(
            "<h2>Workers</h2><table><thead><tr><th>workers</th><th></th><th>hooks per second</th><th>of one</th></tr></thead><tbody>\n{workers}</tbody></table>"
        ),
    };
    let left_out = match skipped.is_empty() {
        true => String::new(),
        false => format!("<h2>Left out</h2><ul>{skipped}</ul>"),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>What a hook costs</title><style>{STYLE}</style></head><body>\n<h1>What a hook costs</h1>\n<p>{hook}; {processors} × {cpu}{virtually}, {gib} GiB, Linux {kernel}, load {load} before; {at}. {versions}.</p>\n{chart}\n<table><thead><tr><th>row</th><th></th><th>runs</th><th>p50</th><th>p90</th><th>p99</th><th>CPU</th><th>peak</th><th>to sh</th></tr></thead><tbody>\n{rows}</tbody></table>\n{workers}\n{left_out}\n<h2>How it was measured</h2>\n<p>{METHOD}</p>\n</body></html>\n",
        hook = escaped(&figures.hook),
        processors = machine.processors,
        cpu = escaped(&machine.cpu),
        virtually = if machine.is_virtual { " (virtual)" } else { "" },
        gib = machine.memory_bytes >> 30,
        kernel = escaped(&machine.kernel),
        load = machine.load,
        at = escaped(&machine.measured_at),
        versions = escaped(&versions.join("; ")),
        chart = svg(figures),
    )
}

fn worker_row(row: &Workers) -> String {
    format!(
        "<tr><td>{}</td><td></td><td>{:.0}</td><td>{:.2}</td></tr>\n",
        row.workers, row.hooks_per_second, row.ratio_to_one
    )
}

fn row(row: &Row) -> String {
    let wall = row.wall_us;
    let ratio = row
        .ratio_to_sh
        .map_or(String::new(), |ratio| format!("{ratio:.3}"));
    format!(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} KiB</td><td>{ratio}</td></tr>\n",
        escaped(&row.name),
        escaped(&row.what),
        row.runs,
        time(wall.p50),
        time(wall.p90),
        time(wall.p99),
        time(row.cpu_us.p50),
        row.peak_bytes.div_ceil(1024),
    )
}
