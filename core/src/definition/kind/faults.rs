//! What is wrong with the parameters of a type.

use alloc::vec::Vec;

use super::Kind;
use crate::{definition::DefinitionFault, limits};

impl Kind {
    /// All that is wrong with it, each at its member of the body.
    #[must_use]
    pub fn faults(&self) -> Vec<DefinitionFault> {
        let mut faults = Vec::new();
        if let Some(line) = self.line() {
            faults.extend(amount("/target", line));
        }
        if let Self::Race {
            finishers: Some(finishers),
            ..
        } = self
        {
            let fits = (1..=limits::PARTICIPANTS_MAX).contains(finishers);
            let words = "1 to 1000000, or null";
            let fault = DefinitionFault::at("/finishers", "range", words);
            faults.extend((!fits).then_some(fault));
        }
        faults
    }
}

fn amount(pointer: &'static str, amount: i64) -> Option<DefinitionFault> {
    let fits = (1..=limits::CHALLENGE_AMOUNT_MAX).contains(&amount);
    let words = "more than 0, at most a million million of the metric's store units";
    (!fits).then(|| DefinitionFault::at(pointer, "range", words))
}
