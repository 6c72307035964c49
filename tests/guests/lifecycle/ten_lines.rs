//! Reads its config, writes a file and logs, in ten lines.

use podhook::{config, log};

#[podhook::post_start]
fn write() -> podhook::Result {
    let text = config::require("text")?;
    std::fs::write("/data/text", &text)?;
    log::info!(bytes = text.len(); "written");
    Ok(())
}
