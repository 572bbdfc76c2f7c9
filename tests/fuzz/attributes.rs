//! Valid attributes of users, and rules that judge by them.

use serde_json::{Value as Json, json};
use streakline_core::{
    attribute::{Attributes, Name, Value},
    definition::eligibility::{Node, Relation, Rule, Test},
};

use crate::{random::Random, values::words};

const NAMES: [&str; 5] = ["region", "age", "team.name", "x", "a-b_c"];

pub(crate) fn name(random: &mut Random) -> Name {
    Name::parse(NAMES[random.index(5)]).unwrap()
}

fn value(random: &mut Random) -> Value {
    if random.permille(500) {
        Value::Text(words(random, 64))
    } else {
        Value::Number(random.within(-1_000_000, 1_000_000))
    }
}

pub(crate) fn some(random: &mut Random) -> Attributes {
    let count = random.index(5);
    (0..count).map(|_| (name(random), value(random))).collect()
}

/// One as JSON has it.
pub(crate) fn said(value: &Value) -> Json {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Number(number) => (*number).into(),
    }
}

/// All of them as a body has them.
pub(crate) fn json(attributes: &Attributes) -> Json {
    let mut body = json!({});
    for (name, value) in attributes {
        body[name.as_str()] = said(value);
    }
    body
}

fn test(random: &mut Random) -> Node {
    let attribute = name(random);
    // Of which sort an attribute is follows from its name, so that a rule never mixes them.
    let number = |random: &mut Random| random.within(-1_000_000, 1_000_000);
    let test = match (attribute.as_str() == "age", random.index(3)) {
        (true, 0) => {
            let low = number(random);
            Test::Between(low, low + random.within(0, 9))
        }
        (true, 1) => Test::Compare(ORDERED[random.index(4)], Value::Number(number(random))),
        (true, _) => Test::In(vec![Value::Number(number(random))]),
        (false, 0) => Test::In(vec![
            Value::Text(words(random, 64)),
            Value::Text(words(random, 9)),
        ]),
        (false, of) => {
            let relation = [Relation::Eq, Relation::Ne][of - 1];
            Test::Compare(relation, Value::Text(words(random, 64)))
        }
    };
    Node::Leaf { attribute, test }
}

const ORDERED: [Relation; 4] = [Relation::Lt, Relation::Lte, Relation::Gt, Relation::Gte];

/// A rule that contradicts itself nowhere: what is asked of several attributes lies under `any`, or is of one attribute each.
pub(crate) fn rule(random: &mut Random) -> Rule {
    let count = u32::try_from(random.within(1, 6)).unwrap();
    let mut tests: Vec<Node> = (0..count).map(|_| test(random)).collect();
    let mut nodes = match random.index(3) {
        0 => {
            tests.truncate(1);
            return Rule(tests);
        }
        1 => vec![Node::Any(count)],
        _ => vec![Node::All(1), Node::Not, Node::Any(count)],
    };
    nodes.extend(tests);
    Rule(nodes)
}
