//! Who may take part in a challenge, as its body has it.

use serde_json::{Map, Value, json};
use streakline_core::{
    attribute,
    definition::eligibility::{Node, Rule, Test},
};

/// The tree that the nodes of a rule are.
#[must_use]
pub fn shown(rule: &Rule) -> Value {
    // From the last node to the first: branches lie on top of the stack, the first one topmost.
    let mut branches: Vec<Value> = Vec::new();
    for node in rule.0.iter().rev() {
        let shown = match node {
            Node::All(count) => operator("all", taken(&mut branches, *count).into()),
            Node::Any(count) => operator("any", taken(&mut branches, *count).into()),
            Node::Not => operator("not", branches.pop().unwrap_or_default()),
            Node::Leaf { attribute, test } => {
                let mut operands = vec![json!({"attr": attribute.as_str()})];
                operands.extend(values(test));
                operator(test.name(), operands.into())
            }
        };
        branches.push(shown);
    }
    branches.pop().unwrap_or_default()
}

fn operator(name: &str, inside: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), inside)]))
}

fn taken(branches: &mut Vec<Value>, count: u32) -> Vec<Value> {
    (0..count).map_while(|_| branches.pop()).collect()
}

fn values(test: &Test) -> Vec<Value> {
    match test {
        Test::Compare(_, than) => vec![value(than)],
        Test::In(values) => vec![values.iter().map(value).collect()],
        Test::Between(low, high) => vec![(*low).into(), (*high).into()],
    }
}

fn value(value: &attribute::Value) -> Value {
    match value {
        attribute::Value::Text(text) => text.as_str().into(),
        attribute::Value::Number(number) => (*number).into(),
    }
}
