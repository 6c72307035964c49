//! Leaves tables for unwinding out of podhook-exec as it is shipped.

fn main() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/unwind.ld");
    println!("cargo::rerun-if-changed={script}");
    if std::env::var_os("CARGO_FEATURE_SHIPPED").is_some() {
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{script}");
    }
}
