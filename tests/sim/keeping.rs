//! How the boards of a script are kept.

use streakline_core::definition::Keeping;

use crate::script::Script;

/// The same script, whose boards are kept in parts where they can be; nothing where none can.
pub(crate) fn in_parts(script: &Script) -> Option<Script> {
    let mut parted = script.clone();
    let mut found = false;
    for (_, definition) in &mut parted.challenges {
        definition.keeping = Keeping::Parts;
        let may = definition.faults().is_empty();
        found |= may;
        if !may {
            definition.keeping = Keeping::Whole;
        }
    }
    found.then_some(parted)
}
