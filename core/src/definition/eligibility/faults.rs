//! What is wrong with a rule: too large, tests that compare what does not compare, and tests that nobody can pass together.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use super::{Node, Relation, Rule, Test, places::Place};
use crate::{
    attribute::{Name, Value},
    definition::DefinitionFault,
    limits,
};

/// A test, and where it is.
struct Leaf<'a> {
    attribute: &'a Name,
    test: &'a Test,
    place: &'a Place,
}

impl Leaf<'_> {
    fn fault(&self, code: &'static str, words: impl Into<String>) -> DefinitionFault {
        let pointer = format!("{}/{}", self.place.pointer, self.test.name());
        DefinitionFault::at(pointer, code, words)
    }

    /// Whether it lets somebody through who has that.
    fn lets(&self, held: Option<&Value>) -> bool {
        self.test.holds(held) != self.place.negated
    }
}

impl Rule {
    /// All that is wrong with it, each with its place.
    #[must_use]
    pub fn faults(&self) -> Vec<DefinitionFault> {
        let mut faults = self.faults_of_size();
        if !faults.is_empty() {
            return faults;
        }
        let places = self.places();
        for (node, place) in self.0.iter().zip(&places) {
            let (name, is_empty) = match node {
                Node::All(branches) => ("all", *branches == 0),
                Node::Any(branches) => ("any", *branches == 0),
                Node::Not | Node::Leaf { .. } => continue,
            };
            if is_empty {
                let pointer = format!("{}/{name}", place.pointer);
                faults.push(DefinitionFault::at(pointer, "empty", "has no branches"));
            }
        }
        let leaves = self.leaves(&places);
        let of_types = faults_of_types(&leaves);
        // What does not compare contradicts nothing either.
        if of_types.is_empty() {
            faults.extend(contradictions(&leaves));
        }
        faults.extend(of_types);
        faults
    }

    fn leaves<'a>(&'a self, places: &'a [Place]) -> Vec<Leaf<'a>> {
        let leaf = |(node, place): (&'a Node, &'a Place)| match node {
            Node::Leaf { attribute, test } => Some(Leaf {
                attribute,
                test,
                place,
            }),
            _ => None,
        };
        self.0.iter().zip(places).filter_map(leaf).collect()
    }

    fn faults_of_size(&self) -> Vec<DefinitionFault> {
        let fault =
            |code, words: &str| Vec::from([DefinitionFault::at("/eligibility", code, words)]);
        let count = |node: &Node| match node {
            Node::Leaf { test, .. } => test.nodes(),
            _ => 1,
        };
        let nodes = self.0.iter().map(count);
        let nodes = nodes.fold(0, usize::saturating_add);
        if nodes > limits::RULE_NODES_MAX {
            return fault("range", "a rule has at most 256 nodes, values included");
        }
        if !self.is_tree() {
            return fault("incomplete", "is not one tree");
        }
        let deep = |place: &Place| place.depth > limits::RULE_DEPTH_MAX;
        if self.places().iter().any(deep) {
            return fault("range", "a rule is at most 16 nodes deep");
        }
        if self.stored_bytes() > limits::RULE_BYTES_MAX {
            return fault("range", "a rule has at most 8 KiB");
        }
        Vec::new()
    }

    fn stored_bytes(&self) -> usize {
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail, so there is no error to pass on.
        let _ = minicbor::encode(self, &mut bytes);
        bytes.len()
    }
}

/// An attribute is a text or a number, the same throughout a rule; only numbers have an order.
fn faults_of_types(leaves: &[Leaf<'_>]) -> Vec<DefinitionFault> {
    let mut faults = Vec::new();
    let mut types: BTreeMap<&Name, Value> = BTreeMap::new();
    for leaf in leaves {
        let values = leaf.test.values();
        let Some(first) = values.first() else {
            faults.push(leaf.fault("empty", "nobody is one of none"));
            continue;
        };
        let mixed = values.iter().any(|value| !value.is_like(first));
        let ordered = !matches!(
            leaf.test,
            Test::In(_) | Test::Compare(Relation::Eq | Relation::Ne, _)
        );
        if mixed {
            faults.push(leaf.fault("type", "texts and numbers do not mix"));
        } else if ordered && matches!(first, Value::Text(_)) {
            faults.push(leaf.fault("type", "only numbers have an order"));
        } else if !types
            .entry(leaf.attribute)
            .or_insert_with(|| first.clone())
            .is_like(first)
        {
            let words = "an attribute is a text or a number, the same throughout a rule";
            faults.push(leaf.fault("type", words));
        }
    }
    faults
}

/// Tests of one attribute that must hold together and cannot; each is told at the first test that leaves nobody over.
fn contradictions(leaves: &[Leaf<'_>]) -> Vec<DefinitionFault> {
    let mut together: BTreeMap<(usize, &Name), Vec<&Leaf<'_>>> = BTreeMap::new();
    for leaf in leaves {
        let key = (leaf.place.group, leaf.attribute);
        together.entry(key).or_default().push(leaf);
    }
    together.values().filter_map(contradiction).collect()
}

fn contradiction(leaves: &Vec<&Leaf<'_>>) -> Option<DefinitionFault> {
    let mut left = candidates(leaves);
    for (count, leaf) in leaves.iter().enumerate() {
        left.retain(|held| leaf.lets(held.as_ref()));
        if left.is_empty() {
            let with = if count == 0 {
                ""
            } else {
                " together with what is asked before"
            };
            let words = format!("nobody's {} passes this{with}", leaf.attribute);
            return Some(leaf.fault("contradiction", words));
        }
    }
    None
}

/// What an attribute may be, one of everything that the tests tell apart: nothing, each value, the numbers beside it, another text.
fn candidates(leaves: &[&Leaf<'_>]) -> Vec<Option<Value>> {
    let values = leaves.iter().flat_map(|leaf| leaf.test.values());
    let beside = values.flat_map(|value| match value {
        Value::Number(number) => [number.saturating_sub(1), number, number.saturating_add(1)]
            .map(Value::Number)
            .to_vec(),
        // No attribute is an empty text, so no test names it.
        text @ Value::Text(_) => Vec::from([text, Value::Text(String::new())]),
    });
    let all = beside.map(Some).chain([None]);
    all.collect()
}
