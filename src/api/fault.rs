//! Collects every fault of a request, so that a client is told all of them at once (protocol.md 7).

use std::cell::RefCell;

use crate::protocol::error_code::{Code, Fault, Refusal};

/// Most faults that are listed; a body of the largest size could hold thousands of unknown fields.
const FAULTS_MAX: usize = 256;

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Short, for programs.
    pub(super) code: &'static str,
    /// In words.
    pub(super) detail: String,
}

impl Wrong {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }

    /// Another shape than the protocol's: a missing member, a wrong JSON type.
    pub(super) fn shape(detail: impl Into<String>) -> Self {
        Self::new("bad_frame", detail)
    }

    /// Outside its bounds.
    pub(super) fn range(detail: impl Into<String>) -> Self {
        Self::new("range", detail)
    }

    /// Not a date.
    pub(super) fn date() -> Self {
        Self::new("date", "must be a date such as 2016-04-13")
    }

    /// A name that the request should not have.
    pub(super) fn unknown() -> Self {
        Self::new("unknown_field", "no such field here")
    }
}

/// The faults found so far. Readers of nested objects share it, hence the cell.
#[derive(Debug, Default)]
pub(super) struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// Notes a fault.
    pub(super) fn add(&self, pointer: impl Into<String>, wrong: Wrong) {
        let mut faults = self.0.borrow_mut();
        if faults.len() < FAULTS_MAX {
            faults.push(Fault {
                pointer: pointer.into(),
                code: wrong.code,
                detail: wrong.detail,
            });
        }
    }

    /// Whether a fault was found at that place or inside of it.
    pub(super) fn concern(&self, pointer: &str) -> bool {
        let within = |fault: &Fault| {
            let rest = fault.pointer.strip_prefix(pointer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.0.borrow().iter().any(within)
    }

    /// Refuses when there is a fault.
    pub(super) fn none(self) -> Result<(), Refusal> {
        let faults = self.0.into_inner();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(refusal(faults))
        }
    }
}

/// `invalid`, unless every fault is one of shape: that is the table's `bad_frame`, with another status. The other codes
/// that faults may share have the status of `invalid` and are found when the problem is made.
fn refusal(faults: Vec<Fault>) -> Refusal {
    let shape = Code::BadFrame.name();
    let all_shape = faults.iter().all(|fault| fault.code == shape);
    let mut refusal = Refusal::invalid(faults);
    if all_shape {
        refusal.code = Code::BadFrame;
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_shape_alone_are_a_bad_frame_and_others_are_invalid() {
        let shape = Faults::default();
        shape.add("/title", Wrong::shape("is required"));
        let refusal = shape.none().unwrap_err();
        assert_eq!(
            (refusal.code, refusal.detail.as_str()),
            (Code::BadFrame, "is required")
        );

        let both = Faults::default();
        both.add("/title", Wrong::shape("is required"));
        both.add("/capacity", Wrong::range("1 to 10"));
        let refusal = both.none().unwrap_err();
        assert_eq!(
            (refusal.code, refusal.detail.as_str()),
            (Code::Invalid, "2 faults")
        );
        assert!(Faults::default().none().is_ok());
    }

    #[test]
    fn a_fault_concerns_the_objects_around_it_but_not_its_namesakes() {
        let faults = Faults::default();
        faults.add("/window/ends", Wrong::date());
        assert!(faults.concern("/window/ends") && faults.concern("/window"));
        assert!(!faults.concern("/window/starts") && !faults.concern("/win"));
    }

    #[test]
    fn the_list_of_faults_is_bounded() {
        let faults = Faults::default();
        (0..10_000).for_each(|n| faults.add(format!("/{n}"), Wrong::unknown()));
        assert_eq!(faults.none().unwrap_err().faults.len(), FAULTS_MAX);
    }
}
