//! The host's side of `wit/podhook.wit`, generated.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction
)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "podhook:lifecycle/hook",
    imports: {
        "podhook:lifecycle/http.send": async | trappable,
        "podhook:lifecycle/http.send-all": async | trappable,
        "podhook:lifecycle/clock.sleep-ms": async | trappable,
        "podhook:lifecycle/container.wait-stopped": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});
