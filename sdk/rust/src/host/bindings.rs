//! What wit-bindgen makes of `wit/podhook.wit`: once what hooks import, and once for
//! each attribute what it exports, so that a hook exports no more than it has.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "generated"
)]

pub(super) mod imports {
    wit_bindgen::generate!({
        path: "wit",
        world: "imports",
        // The context and the error are used by the exports alone.
        generate_unused_types: true,
    });
}

pub mod post_start {
    wit_bindgen::generate!({
        path: "wit",
        world: "post-start-export",
        with: { "podhook:lifecycle/types@0.1.0": super::imports::podhook::lifecycle::types },
        pub_export_macro: true,
        default_bindings_module: "podhook::__private::post_start",
    });
}

pub mod pre_stop {
    wit_bindgen::generate!({
        path: "wit",
        world: "pre-stop-export",
        with: { "podhook:lifecycle/types@0.1.0": super::imports::podhook::lifecycle::types },
        pub_export_macro: true,
        default_bindings_module: "podhook::__private::pre_stop",
    });
}
