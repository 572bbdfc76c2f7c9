//! Who may take part, out of the rule in a challenge's body: a tree of objects with one member each, such as
//! `{"in":[{"attr":"region"},["EU","UK"]]}`.

use serde_json::{Map, Value};
use streakline_core::{
    attribute::{self, Name},
    definition::eligibility::{Node, Relation, Rule, Test},
    limits::{RULE_DEPTH_MAX, RULE_NODES_MAX},
};

use crate::api::{
    attributes::{named, value},
    fault::{Faults, Wrong},
    fields::escaped,
};

const OPERATORS: &str = "must have one of all, any, not, eq, ne, lt, lte, gt, gte, in, between";

/// The rule, or nothing where it has a fault of shape; what is wrong with a rule of the right shape is the definition's to find.
pub(super) fn rule(value: &Value, faults: &Faults) -> Option<Rule> {
    let mut reader = Reader {
        nodes: Vec::new(),
        is_whole: true,
        faults,
    };
    reader.node(value, "/eligibility", 1);
    reader.is_whole.then_some(Rule(reader.nodes))
}

struct Reader<'a> {
    nodes: Vec<Node>,
    is_whole: bool,
    faults: &'a Faults,
}

impl Reader<'_> {
    fn fault(&mut self, at: &str, wrong: Wrong) {
        self.is_whole = false;
        self.faults.add(at, wrong);
    }

    fn node(&mut self, value: &Value, at: &str, depth: usize) {
        if depth > RULE_DEPTH_MAX || self.nodes.len() >= RULE_NODES_MAX {
            let words = format!("a rule has at most {RULE_NODES_MAX} nodes, {RULE_DEPTH_MAX} deep");
            return self.fault("/eligibility", Wrong::range(words));
        }
        let only = value.as_object().filter(|members| members.len() == 1);
        let Some((name, inside)) = only.and_then(|members: &Map<_, _>| members.iter().next())
        else {
            return self.fault(at, Wrong::shape(OPERATORS));
        };
        let at = format!("{at}/{}", escaped(name));
        match name.as_str() {
            "all" => self.branches(inside, &at, (depth, Node::All)),
            "any" => self.branches(inside, &at, (depth, Node::Any)),
            "not" => {
                self.nodes.push(Node::Not);
                self.node(inside, &at, depth.saturating_add(1));
            }
            name => match test(name, inside) {
                Ok(node) => self.nodes.push(node),
                Err(wrong) => self.fault(&at, wrong),
            },
        }
    }

    fn branches(&mut self, value: &Value, at: &str, (depth, node): (usize, fn(u32) -> Node)) {
        let items = value.as_array();
        let Some((items, count)) = items.and_then(|items| Some((items, count(items)?))) else {
            return self.fault(at, Wrong::shape("must be a list of rules"));
        };
        self.nodes.push(node(count));
        for (index, item) in items.iter().enumerate() {
            if !self.is_whole && self.nodes.len() >= RULE_NODES_MAX {
                return; // Said already.
            }
            self.node(item, &format!("{at}/{index}"), depth.saturating_add(1));
        }
    }
}

fn count(items: &[Value]) -> Option<u32> {
    u32::try_from(items.len()).ok()
}

fn test(name: &str, value: &Value) -> Result<Node, Wrong> {
    let relation = match name {
        "eq" => Some(Relation::Eq),
        "ne" => Some(Relation::Ne),
        "lt" => Some(Relation::Lt),
        "lte" => Some(Relation::Lte),
        "gt" => Some(Relation::Gt),
        "gte" => Some(Relation::Gte),
        "in" | "between" => None,
        _ => return Err(Wrong::new("unknown_field", OPERATORS)),
    };
    let items = value.as_array().map(Vec::as_slice);
    let (attribute, test) = match (relation, items) {
        (Some(relation), Some([of, than])) => {
            (attr(of)?, Test::Compare(relation, self::value(than)?))
        }
        (None, Some([of, among])) if name == "in" => (attr(of)?, Test::In(values(among)?)),
        (None, Some([of, low, high])) if name == "between" => {
            (attr(of)?, Test::Between(number(low)?, number(high)?))
        }
        _ => {
            let words = match name {
                "in" => "must be [{\"attr\": name}, [values]]",
                "between" => "must be [{\"attr\": name}, low, high]",
                _ => "must be [{\"attr\": name}, value]",
            };
            return Err(Wrong::shape(words));
        }
    };
    Ok(Node::Leaf { attribute, test })
}

fn attr(of: &Value) -> Result<Name, Wrong> {
    let only = of.as_object().filter(|members| members.len() == 1);
    let Some((operand, name)) = only.and_then(|members| members.iter().next()) else {
        return Err(Wrong::shape("the first must be {\"attr\": name}"));
    };
    match (operand.as_str(), name) {
        ("attr", Value::String(name)) => named(name),
        ("attr", _) => Err(Wrong::shape("the name of an attribute must be a string")),
        _ => {
            let words = "in this version attributes alone are judged: {\"attr\": name}";
            Err(Wrong::new("unsupported", words))
        }
    }
}

fn values(among: &Value) -> Result<Vec<attribute::Value>, Wrong> {
    let items = among.as_array();
    let items = items.ok_or_else(|| Wrong::shape("the second must be a list of values"))?;
    items.iter().map(value).collect()
}

fn number(said: &Value) -> Result<i64, Wrong> {
    match value(said)? {
        attribute::Value::Number(number) => Ok(number),
        attribute::Value::Text(_) => Err(Wrong::new("type", "only numbers have an order")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::body::challenge::eligibility::shown;

    fn read(body: &Value) -> Result<Rule, Vec<(String, &'static str)>> {
        let faults = Faults::default();
        let rule = rule(body, &faults);
        let Err(refusal) = faults.none() else {
            return Ok(rule.unwrap());
        };
        assert_eq!(rule, None);
        let found = refusal.faults.into_iter();
        Err(found.map(|fault| (fault.pointer, fault.code)).collect())
    }

    #[test]
    fn a_rule_is_shown_as_it_was_written() {
        for body in [
            json!({"in": [{"attr": "region"}, ["EU", "UK"]]}),
            json!({"all": [{"gte": [{"attr": "age"}, 18]}, {"not": {"any": [
                {"eq": [{"attr": "team"}, "red"]}, {"between": [{"attr": "age"}, 30, 40]},
                {"ne": [{"attr": "x"}, -5]}]}}, {"lt": [{"attr": "age"}, 65]}]}),
            json!({"all": [{"lte": [{"attr": "age"}, 18]}, {"gt": [{"attr": "age"}, 1]}]}),
        ] {
            assert_eq!(shown(&read(&body).unwrap()), body);
        }
    }

    #[test]
    fn every_part_that_is_no_rule_is_told_with_its_place() {
        let bad = json!({"all": [
            {"gte": [{"sum": ["steps", "window"]}, 70_000]}, {}, {"like": [1, 2]},
            {"in": [{"attr": "region"}, "EU"]}, {"between": [{"attr": "age"}, "a", 3]},
            {"eq": [{"attr": "a b"}, 1]}, {"eq": [{"attr": "x"}, 1.5]}, {"not": []},
            {"any": {}}, {"ne": [{"attr": "x"}]}]});
        let wanted = [
            ("/eligibility/all/0/gte", "unsupported"),
            ("/eligibility/all/1", "bad_frame"),
            ("/eligibility/all/2/like", "unknown_field"),
            ("/eligibility/all/3/in", "bad_frame"),
            ("/eligibility/all/4/between", "type"),
            ("/eligibility/all/5/eq", "name"),
            ("/eligibility/all/6/eq", "range"),
            ("/eligibility/all/7/not", "bad_frame"),
            ("/eligibility/all/8/any", "bad_frame"),
            ("/eligibility/all/9/ne", "bad_frame"),
        ];
        let wanted = wanted.map(|(at, code)| (at.to_owned(), code));
        assert_eq!(read(&bad).unwrap_err(), wanted);
    }

    #[test]
    fn a_rule_that_is_too_deep_or_too_wide_is_one_fault() {
        let leaf = json!({"eq": [{"attr": "x"}, 1]});
        let deep = (0..40).fold(leaf.clone(), |rule, _| json!({"not": rule}));
        let wide = json!({"any": vec![leaf; 1_000]});
        for body in [deep, wide] {
            let found = read(&body).unwrap_err();
            assert_eq!(found, [("/eligibility".to_owned(), "range")]);
        }
    }
}
