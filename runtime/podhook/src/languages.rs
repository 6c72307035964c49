//! What a module says it was written in: the `producers` section of the tool conventions.

use std::collections::BTreeSet;
use wasmparser::{KnownCustom, Parser, Payload, ProducersSectionReader};

/// Languages that the outermost part names that names any. Runtimes and libraries inside of it
/// have theirs, too.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all sections, only one says it"
)]
pub(crate) fn of(module: &[u8]) -> Vec<String> {
    let mut depth = 0_usize;
    let mut found: Option<(usize, BTreeSet<String>)> = None;
    // What is wrong with the module, others say.
    for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) => {
                let KnownCustom::Producers(producers) = section.as_known() else {
                    continue;
                };
                let languages = languages(producers);
                match &mut found {
                    _ if languages.is_empty() => {}
                    Some((outer, _)) if *outer < depth => {}
                    Some((outer, known)) if *outer == depth => known.extend(languages),
                    Some(_) | None => found = Some((depth, languages)),
                }
            }
            _ => {}
        }
    }
    found.map_or_else(Vec::new, |(_, languages)| languages.into_iter().collect())
}

fn languages(producers: ProducersSectionReader<'_>) -> BTreeSet<String> {
    let fields = producers.into_iter().map_while(Result::ok);
    let languages = fields.filter(|field| field.name == "language");
    let names = languages.flat_map(|field| field.values.into_iter().map_while(Result::ok));
    names.map(|value| value.name.to_owned()).collect()
}
