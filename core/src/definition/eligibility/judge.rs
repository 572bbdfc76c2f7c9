//! Whether attributes satisfy a rule, and which test decides where they do not. Each node is visited once.

use alloc::{format, string::String, vec::Vec};

use super::{Node, Relation, Rule, Said, Test};
use crate::attribute::{Attributes, Value};

/// Why somebody may not take part: the test that decided it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Ineligible {
    /// JSON pointer to the test, into the body of the challenge.
    pub pointer: String,
    /// What it asks and what the user has, in words.
    pub words: String,
}

/// What a branch comes to, and the test that makes it so.
#[derive(Clone, Copy)]
struct Verdict {
    holds: bool,
    leaf: usize,
    /// Whether a `not` lies between: the test is to fail.
    negated: bool,
}

impl Test {
    /// Whether an attribute passes; one that is not there passes nothing.
    #[must_use]
    pub fn holds(&self, held: Option<&Value>) -> bool {
        let Some(held) = held else { return false };
        match (self, held) {
            (Self::Compare(relation, value), _) => value.is_like(held) && relation.is(held, value),
            (Self::In(values), _) => values.contains(held),
            (Self::Between(low, high), Value::Number(held)) => (low..=high).contains(&held),
            (Self::Between(..), Value::Text(_)) => false,
        }
    }
}

impl Relation {
    fn is(self, one: &Value, other: &Value) -> bool {
        match self {
            Self::Eq => one == other,
            Self::Ne => one != other,
            Self::Lt => one < other,
            Self::Lte => one <= other,
            Self::Gt => one > other,
            Self::Gte => one >= other,
        }
    }
}

impl Rule {
    /// Whether somebody with these attributes may take part.
    ///
    /// # Errors
    /// [`Ineligible`] names the test that decides: of `all` the first that fails, of `any` the first.
    ///
    /// ```
    /// use streakline_core::attribute::{Attributes, Name, Value};
    /// use streakline_core::definition::eligibility::{Node, Rule, Test};
    /// let attribute = Name::parse("region").unwrap();
    /// let [eu, us] = ["EU", "US"].map(|text| Value::Text(text.into()));
    /// let test = Test::In(vec![eu.clone()]);
    /// let rule = Rule(vec![Node::Leaf { attribute: attribute.clone(), test }]);
    /// let with = |value| Attributes::from_iter([(attribute.clone(), value)]);
    /// assert!(rule.judge(&with(eu)).is_ok());
    /// let why = rule.judge(&with(us)).unwrap_err();
    /// assert_eq!(why.words, "region must be one of \"EU\"; it is \"US\"");
    /// assert_eq!(why.pointer, "/eligibility/in");
    /// ```
    pub fn judge(&self, attributes: &Attributes) -> Result<(), Ineligible> {
        match self.verdict(attributes) {
            Some(verdict) if !verdict.holds => Err(self.why(verdict, attributes)),
            _ => Ok(()),
        }
    }

    /// From the last node to the first: what branches come to lies on top of the stack, the first one topmost.
    fn verdict(&self, attributes: &Attributes) -> Option<Verdict> {
        let mut branches: Vec<Verdict> = Vec::new();
        for (at, node) in self.0.iter().enumerate().rev() {
            let verdict = match node {
                Node::All(count) => decided(&mut branches, *count, (false, at)),
                Node::Any(count) => decided(&mut branches, *count, (true, at)),
                Node::Not => {
                    let branch = decided(&mut branches, 1, (true, at));
                    Verdict {
                        holds: !branch.holds,
                        negated: !branch.negated,
                        ..branch
                    }
                }
                Node::Leaf { attribute, test } => Verdict {
                    holds: test.holds(attributes.get(attribute)),
                    leaf: at,
                    negated: false,
                },
            };
            branches.push(verdict);
        }
        branches.pop()
    }

    fn why(&self, verdict: Verdict, attributes: &Attributes) -> Ineligible {
        let places = self.places();
        let place = places.get(verdict.leaf);
        let mut pointer = place.map_or_else(String::new, |place| place.pointer.clone());
        let Some(Node::Leaf { attribute, test }) = self.0.get(verdict.leaf) else {
            let words = String::from("nobody may take part");
            return Ineligible { pointer, words };
        };
        pointer.push('/');
        pointer.push_str(test.name());
        let must = if verdict.negated {
            "must not be"
        } else {
            "must be"
        };
        let is = match attributes.get(attribute) {
            Some(value) => format!("is {}", Said(value)),
            None => "is not set".into(),
        };
        let words = format!("{attribute} {must} {}; it {is}", test.words());
        Ineligible { pointer, words }
    }
}

/// What so many branches come to together: the first that is `decides` settles it, else none is, and the first one stands for them.
/// `at` stands for branches that are not there.
fn decided(branches: &mut Vec<Verdict>, count: u32, (decides, at): (bool, usize)) -> Verdict {
    let mut first = None;
    let mut settled = None;
    for _ in 0..count {
        let Some(branch) = branches.pop() else { break };
        first = first.or(Some(branch));
        if branch.holds == decides {
            settled = settled.or(Some(branch));
        }
    }
    let none = Verdict {
        holds: !decides,
        leaf: at,
        negated: false,
    };
    settled.or(first).unwrap_or(none)
}
