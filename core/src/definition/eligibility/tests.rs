//! Rules: how they judge, that they say why, and which of them are refused.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{attribute::Attributes, limits};

/// A rule as it is read and thought of.
#[derive(Clone, Debug)]
enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Leaf(&'static str, Test),
}

impl Tree {
    fn flat(&self) -> Rule {
        let mut nodes = Vec::new();
        self.push(&mut nodes);
        Rule(nodes)
    }

    fn push(&self, nodes: &mut Vec<Node>) {
        match self {
            Self::All(branches) => {
                nodes.push(Node::All(branches.len() as u32));
                branches.iter().for_each(|branch| branch.push(nodes));
            }
            Self::Any(branches) => {
                nodes.push(Node::Any(branches.len() as u32));
                branches.iter().for_each(|branch| branch.push(nodes));
            }
            Self::Not(branch) => {
                nodes.push(Node::Not);
                branch.push(nodes);
            }
            Self::Leaf(name, test) => nodes.push(Node::Leaf {
                attribute: named(name),
                test: test.clone(),
            }),
        }
    }

    /// What the rule says, by recursion.
    fn holds(&self, attributes: &Attributes) -> bool {
        match self {
            Self::All(branches) => branches.iter().all(|branch| branch.holds(attributes)),
            Self::Any(branches) => branches.iter().any(|branch| branch.holds(attributes)),
            Self::Not(branch) => !branch.holds(attributes),
            Self::Leaf(name, test) => passes(test, attributes.get(&named(name))),
        }
    }
}

fn passes(test: &Test, held: Option<&Value>) -> bool {
    use Relation::{Eq, Gt, Gte, Lt, Lte, Ne};
    use Value::{Number, Text};
    match (test, held) {
        (_, None) => false,
        (Test::In(values), Some(held)) => values.iter().any(|value| value == held),
        (Test::Between(low, high), Some(Number(held))) => low <= held && held <= high,
        (Test::Compare(Eq, value), Some(held)) => value == held,
        (Test::Compare(Ne, Text(value)), Some(Text(held))) => value != held,
        (Test::Compare(Ne, Number(value)), Some(Number(held))) => value != held,
        (Test::Compare(Lt, Number(value)), Some(Number(held))) => held < value,
        (Test::Compare(Lte, Number(value)), Some(Number(held))) => held <= value,
        (Test::Compare(Gt, Number(value)), Some(Number(held))) => held > value,
        (Test::Compare(Gte, Number(value)), Some(Number(held))) => held >= value,
        (Test::Compare(Lt, Text(value)), Some(Text(held))) => held < value,
        (Test::Compare(Lte, Text(value)), Some(Text(held))) => held <= value,
        (Test::Compare(Gt, Text(value)), Some(Text(held))) => held > value,
        (Test::Compare(Gte, Text(value)), Some(Text(held))) => held >= value,
        _ => false,
    }
}

fn named(name: &str) -> Name {
    Name::parse(name).unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn eq(name: &'static str, value: Value) -> Tree {
    Tree::Leaf(name, Test::Compare(Relation::Eq, value))
}

fn number(name: &'static str, relation: Relation, value: i64) -> Tree {
    Tree::Leaf(name, Test::Compare(relation, Value::Number(value)))
}

fn one_of(name: &'static str, values: &[&str]) -> Tree {
    let values = values.iter().map(|value| text(value)).collect();
    Tree::Leaf(name, Test::In(values))
}

fn not(branch: Tree) -> Tree {
    Tree::Not(Box::new(branch))
}

fn with(said: &[(&str, Value)]) -> Attributes {
    let one = |(name, value): &(&str, Value)| (named(name), value.clone());
    said.iter().map(one).collect()
}

fn found(tree: &Tree) -> Vec<(String, &'static str)> {
    let faults = tree.flat().faults().into_iter();
    faults
        .map(|fault| (fault.pointer.into_owned(), fault.code))
        .collect()
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3..4_i64).prop_map(Value::Number),
        "[a-c]".prop_map(Value::Text)
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let relation = prop::sample::select(vec![
        Relation::Eq,
        Relation::Ne,
        Relation::Lt,
        Relation::Lte,
        Relation::Gt,
        Relation::Gte,
    ]);
    prop_oneof![
        (relation, value()).prop_map(|(relation, value)| Test::Compare(relation, value)),
        prop::collection::vec(value(), 0..4).prop_map(Test::In),
        (-3..4_i64, -3..4_i64).prop_map(|(low, high)| Test::Between(low, high)),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let name = prop::sample::select(vec!["region", "age"]);
    let leaf = (name, test()).prop_map(|(name, test)| Tree::Leaf(name, test));
    leaf.prop_recursive(6, 60, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::All),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::Any),
            inner.prop_map(|branch| Tree::Not(Box::new(branch))),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let held = || prop::option::of(value());
    (held(), held()).prop_map(|(region, age)| {
        let both = [("region", region), ("age", age)].into_iter();
        let held = both.filter_map(|(name, value)| Some((named(name), value?)));
        held.collect()
    })
}

proptest! {
    /// T5.10: what is stored flat says what the tree says, and the test that is named decides it.
    #[test]
    fn t5_10_a_rule_that_is_kept_flat_judges_like_the_tree(tree in tree(), attributes in attributes()) {
        let judged = tree.flat().judge(&attributes);
        prop_assert_eq!(judged.is_ok(), tree.holds(&attributes));
        if let Err(why) = judged {
            prop_assert!(why.pointer.starts_with("/eligibility"));
            prop_assert!(!why.words.is_empty());
        }
    }

    /// What no attribute can pass is found where it is asked of one attribute at a time; nothing else is.
    #[test]
    fn tests_of_one_attribute_contradict_each_other_where_nothing_passes_them_all(
        tests in prop::collection::vec((test(), any::<bool>()), 1..5)
    ) {
        let leaves = tests.into_iter().map(|(test, negated)| {
            let leaf = Tree::Leaf("age", test);
            if negated { not(leaf) } else { leaf }
        });
        let tree = Tree::All(leaves.collect());
        let found = found(&tree);
        prop_assume!(found.iter().all(|(_, code)| *code == "contradiction"));
        let texts = ["a", "b", "c", "d"].map(text);
        let all = (-6..7).map(Value::Number).chain(texts).map(|value| with(&[("age", value)]));
        let any = all.chain([Attributes::default()]).any(|held| tree.holds(&held));
        prop_assert_eq!(found.is_empty(), any, "{:?}", tree);
    }

    #[test]
    fn a_rule_survives_its_storage(tree in tree()) {
        let rule = tree.flat();
        let bytes = minicbor::to_vec(&rule).unwrap();
        prop_assert_eq!(minicbor::decode::<Rule>(&bytes).unwrap(), rule);
    }
}

#[test]
fn whoever_is_refused_is_told_by_which_test() {
    let rule = Tree::All(vec![
        number("age", Relation::Gte, 18),
        Tree::Any(vec![
            one_of("region", &["EU", "UK"]),
            eq("vip", text("yes")),
        ]),
        not(eq("team", text("red"))),
    ])
    .flat();
    let why = |said: &[(&str, Value)]| rule.judge(&with(said)).unwrap_err();
    let adult = ("age", Value::Number(40));
    let young = why(&[("age", Value::Number(17))]);
    assert_eq!(young.pointer, "/eligibility/all/0/gte");
    assert_eq!(young.words, "age must be at least 18; it is 17");
    let unknown = why(&[]);
    assert_eq!(unknown.words, "age must be at least 18; it is not set");
    let far = why(&[adult.clone(), ("region", text("US"))]);
    assert_eq!(far.pointer, "/eligibility/all/1/any/0/in");
    let words = "region must be one of \"EU\", \"UK\"; it is \"US\"";
    assert_eq!(far.words, words);
    let red = why(&[adult.clone(), ("vip", text("yes")), ("team", text("red"))]);
    assert_eq!(red.pointer, "/eligibility/all/2/not/eq");
    assert_eq!(red.words, "team must not be \"red\"; it is \"red\"");
    let fits = with(&[adult, ("region", text("UK"))]);
    assert_eq!(rule.judge(&fits), Ok(()));
}

#[test]
fn contradictions_are_told_where_they_arise() {
    let at = |tree: Tree, wanted: &[(&str, &str)]| {
        let found = found(&tree);
        let found: Vec<_> = found
            .iter()
            .map(|(at, code)| (at.as_str(), *code))
            .collect();
        assert_eq!(found, wanted, "{tree:?}");
    };
    let age = |relation, value| number("age", relation, value);
    at(one_of("region", &[]), &[("/eligibility/in", "empty")]);
    let crossed = vec![age(Relation::Gte, 65), age(Relation::Lte, 18)];
    let wanted = [("/eligibility/all/1/lte", "contradiction")];
    at(Tree::All(crossed.clone()), &wanted);
    at(Tree::Any(crossed.clone()), &[]);
    let nested = Tree::All(vec![
        crossed[0].clone(),
        Tree::All(vec![crossed[1].clone()]),
    ]);
    at(nested, &[("/eligibility/all/1/all/0/lte", "contradiction")]);
    let both = |other: Tree| Tree::All(vec![eq("region", text("EU")), other]);
    let wanted = |leaf: &'static str| [(leaf, "contradiction")];
    at(
        both(eq("region", text("UK"))),
        &wanted("/eligibility/all/1/eq"),
    );
    let denied = both(not(eq("region", text("EU"))));
    at(denied, &wanted("/eligibility/all/1/not/eq"));
    at(both(eq("team", text("UK"))), &[]);
    at(both(not(eq("region", text("UK")))), &[]);
    let reversed = Tree::Leaf("age", Test::Between(65, 18));
    at(reversed, &wanted("/eligibility/between"));
    let hole = vec![
        age(Relation::Gt, 17),
        age(Relation::Lt, 19),
        age(Relation::Ne, 18),
    ];
    at(Tree::All(hole), &wanted("/eligibility/all/2/ne"));
    let mixed = both(number("region", Relation::Eq, 5));
    at(mixed, &[("/eligibility/all/1/eq", "type")]);
    let ordered = Tree::Leaf("region", Test::Compare(Relation::Lt, text("EU")));
    at(ordered, &[("/eligibility/lt", "type")]);
    let list = Tree::Leaf("region", Test::In(vec![text("EU"), Value::Number(5)]));
    at(list, &[("/eligibility/in", "type")]);
    at(Tree::All(vec![]), &[("/eligibility/all", "empty")]);
}

#[test]
fn the_size_of_a_rule_is_bounded() {
    let deep = |depth: usize| {
        let leaf = eq("age", Value::Number(1));
        (1..depth).fold(leaf, |tree, _| not(tree))
    };
    assert_eq!(found(&deep(limits::RULE_DEPTH_MAX)), []);
    let too_much = [("/eligibility".into(), "range")];
    assert_eq!(found(&deep(limits::RULE_DEPTH_MAX + 1)), too_much);
    let wide = |leaves: i64| {
        let leaf = |value| number("age", Relation::Eq, value);
        Tree::Any((0..leaves).map(leaf).collect())
    };
    // A test is three nodes: itself, its attribute, its value.
    assert_eq!(found(&wide(85)), []);
    assert_eq!(found(&wide(86)), too_much);
    let long: Vec<String> = (0..200).map(|n| format!("{n:0>60}")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    assert_eq!(found(&one_of("region", &long)), too_much);
}

#[test]
fn nodes_that_are_no_tree_are_a_fault_and_still_judged() {
    let leaf = eq("age", Value::Number(1)).flat().0;
    for nodes in [
        vec![],
        vec![Node::Not],
        vec![Node::All(2), leaf[0].clone()],
        vec![leaf[0].clone(), leaf[0].clone()],
        vec![Node::All(u32::MAX)],
    ] {
        let rule = Rule(nodes);
        let faults = rule.faults();
        assert_eq!(faults[0].code, "incomplete", "{rule:?}");
        let _total = rule.judge(&Attributes::default());
    }
}
