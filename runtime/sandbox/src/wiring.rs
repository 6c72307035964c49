//! What a run is connected to, beside its invocation.

use crate::cancel::Cancel;
use crate::host::network::Network;
use crate::record::Tee;
use podhook_lifecycle::{MemoryState, Meter, State};
use std::sync::Arc;

/// Who pays for a run, what outlives it, who watches it and who may stop it.
pub struct Wiring {
    /// Whom memory and CPU time are charged to.
    pub meter: Arc<dyn Meter>,
    /// Where the `state` interface keeps values.
    pub state: Arc<dyn State>,
    /// What outgoing HTTP is connected to; `None`: the machine's network.
    pub network: Option<Arc<dyn Network>>,
    /// Who gets output as it comes.
    pub tee: Option<Arc<dyn Tee>>,
    /// Who may stop the run.
    pub cancel: Option<Cancel>,
}

impl Wiring {
    /// To an account alone: state is gone with it, the network is the machine's, nobody watches
    /// or stops the run.
    #[must_use]
    pub fn new(meter: Arc<dyn Meter>) -> Self {
        Self {
            meter,
            state: Arc::new(MemoryState::default()),
            network: None,
            tee: None,
            cancel: None,
        }
    }
}
