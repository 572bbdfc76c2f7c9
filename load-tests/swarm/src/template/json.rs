//! Where the numbers stand in a frame of JSON. A frame is in one piece and its members are in the order of the fixture: nothing is
//! parsed, members are looked for by their names.

use super::{Form, Slot};

/// Members that change from frame to frame.
const FIELDS: [&str; 6] = ["batch_id", "first_seq", "id", "start_ms", "end_ms", "value"];

/// The numbers of the frame, in their order, with the names of their members.
pub(super) fn slots(text: &str) -> Vec<(&'static str, Slot)> {
    let mut slots = Vec::new();
    for field in FIELDS {
        let member = format!("\"{field}\":");
        for (at, _) in text.match_indices(&member) {
            slots.extend(number(text, at + member.len()).map(|slot| (field, slot)));
        }
    }
    slots.sort_by_key(|(_, slot)| slot.at);
    slots
}

/// The number that stands there, in quotes or not.
fn number(text: &str, at: usize) -> Option<Slot> {
    let at = at + usize::from(text[at..].starts_with('"'));
    let rest = &text[at..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let form = if rest[..end].contains('.') {
        Form::Tenths
    } else {
        Form::Digits
    };
    (end > 0).then_some(Slot {
        at,
        width: end,
        form,
    })
}
