//! `resources`, of a container or of the pod: each a quantity, as written.
//!
//! What a kubelet makes of them is `podhook_lifecycle::spec::resources`'s.

use super::convert::Findings;
use super::fault::Fault;
use k8s_openapi::api::core::v1 as api;
use k8s_openapi::apimachinery::pkg::api::resource;
use podhook_lifecycle::quantity::Quantity;
use podhook_lifecycle::spec::{Amounts, Resources};
use std::collections::BTreeMap;

type Quantities = BTreeMap<String, resource::Quantity>;

pub(super) fn resources(
    path: &str,
    resources: Option<&api::ResourceRequirements>,
    found: &mut Findings,
) -> Resources {
    let Some(resources) = resources else {
        return Resources::default();
    };
    Resources {
        limits: amounts(&format!("{path}.limits"), resources.limits.as_ref(), found),
        requests: amounts(
            &format!("{path}.requests"),
            resources.requests.as_ref(),
            found,
        ),
    }
}

/// Every limit and request has to be a quantity, of whatever it is.
fn amounts(list: &str, quantities: Option<&Quantities>, found: &mut Findings) -> Amounts {
    let mut amounts = Amounts::default();
    for (name, quantity) in quantities.into_iter().flatten() {
        let read = quantity.0.parse::<Quantity>();
        let read = read.map_err(|why| Fault::of_field(format!("{list}[{name}]"), why));
        let Some(quantity) = found.keep(read) else {
            continue;
        };
        match name.as_str() {
            "cpu" => amounts.milli_cpu = Some(quantity.milli_value()),
            "memory" => amounts.memory = Some(quantity.value()),
            _ => {}
        }
    }
    amounts
}
