//! Where podhook-exec as it is shipped differs from what a linker makes by itself.

fn main() {
    let folder = env!("CARGO_MANIFEST_DIR");
    // Written anew by `cargo run --release --example order_adapter`.
    let scripts = ["unwind.ld", "order.ld"].map(|name| format!("{folder}/{name}"));
    for script in &scripts {
        println!("cargo::rerun-if-changed={script}");
    }
    if std::env::var_os("CARGO_FEATURE_SHIPPED").is_some() {
        println!("cargo::rustc-link-arg-bins=--no-eh-frame-hdr");
        for script in &scripts {
            println!("cargo::rustc-link-arg-bins=-T{script}");
        }
    }
}
