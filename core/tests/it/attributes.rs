//! Attributes of users: who said what of whom is noted like every change of a profile.

use streakline_core::{
    attribute::{Attributes, Name, Value},
    change::ChangeKind,
    definition::{
        Definition,
        eligibility::{Node, Rule, Test},
    },
    id::ChallengeId,
    input::{NewProfile, UserInput},
};

use crate::{challenges::window, history::History, places::at};

/// Attributes by name: numbers where a text is one.
pub fn attributes(said: &[(&str, &str)]) -> Attributes {
    let value = |text: &str| match text.parse() {
        Ok(number) => Value::Number(number),
        Err(_) => Value::Text(text.into()),
    };
    let one = |(name, text): &(&str, &str)| (Name::parse(name).unwrap(), value(text));
    said.iter().map(one).collect()
}

fn say(history: &mut History, said: &[(&str, &str)]) {
    history.input(UserInput::Profile(NewProfile {
        attributes: Some(attributes(said)),
        ..NewProfile::default()
    }));
}

#[test]
fn attributes_replace_each_other_and_each_change_is_noted() {
    let mut history = History::with_watch(at("2026-05-01T12:00Z"), "Europe/Berlin");
    let before = history.changes().len();
    say(&mut history, &[("region", "EU"), ("age", "41")]);
    say(&mut history, &[("region", "EU"), ("age", "41")]);
    let version = history.user.version;
    say(&mut history, &[("region", "UK")]);
    assert_eq!(history.user.attributes, attributes(&[("region", "UK")]));
    assert_eq!(history.user.version, version + 1);
    let changes = history.changes().split_off(before);
    let kinds: Vec<ChangeKind> = changes.into_iter().map(|change| change.kind).collect();
    let said = [&[("age", "41"), ("region", "EU")][..], &[("region", "UK")]];
    let wanted = said.map(|said| ChangeKind::AttributesChanged(attributes(said)));
    assert_eq!(kinds, wanted);
    let again = History::replay(&history.journal, |_| true, |_| false);
    assert_eq!(again.user.attributes, history.user.attributes);
    assert_eq!(history.user.portable().attributes, history.user.attributes);
}

#[test]
fn a_profile_without_attributes_leaves_them_as_they_are() {
    let mut history = History::with_watch(at("2026-05-01T12:00Z"), "Europe/Berlin");
    say(&mut history, &[("region", "EU")]);
    history.input(UserInput::Profile(NewProfile {
        alias: Some("Swift Heron".into()),
        ..NewProfile::default()
    }));
    assert_eq!(history.user.attributes, attributes(&[("region", "EU")]));
    say(&mut history, &[]);
    assert!(history.user.attributes.is_empty());
}

#[test]
fn a_score_says_what_the_challenge_asks_of_attributes_until_the_cut_off() {
    let mut history = History::with_watch(at("2026-05-01T12:00Z"), "UTC");
    let names = ["region", "team"].map(|name| Name::parse(name).unwrap());
    let of = Definition {
        segments: names.into(),
        ..window("2026-05-02", "2026-05-02")
    };
    say(&mut history, &[("age", "41"), ("region", "EU")]);
    history.enrol(7, &of);
    let told = |history: &History| {
        let told = history.user.contribution(ChallengeId([7; 16])).unwrap();
        (told.segments, told.version)
    };
    let (segments, version) = told(&history);
    assert_eq!(segments, ["EU", ""], "what it does not ask for is not told");
    say(
        &mut history,
        &[("age", "42"), ("region", "EU"), ("team", "7")],
    );
    let (segments, newer) = told(&history);
    assert_eq!(segments, ["EU", "7"]);
    assert!(newer > version, "the newest version wins");
    history.wait_until(of.settles_at_ms());
    history.input(UserInput::Tick);
    say(&mut history, &[]);
    assert_eq!(told(&history).0, ["EU", "7"], "as they were at the cut-off");
}

#[test]
fn who_waits_says_whether_its_attributes_still_let_it_take_part() {
    let mut history = History::with_watch(at("2026-05-01T12:00Z"), "UTC");
    let attribute = Name::parse("region").unwrap();
    let test = Test::In(vec![Value::Text("EU".into())]);
    let of = Definition {
        eligibility: Some(Rule(vec![Node::Leaf { attribute, test }])),
        ..window("2026-05-02", "2026-05-02")
    };
    let challenge = ChallengeId([7; 16]);
    let wait = |history: &mut History, definition: Definition| {
        history.input(UserInput::Await {
            challenge,
            join: 1,
            since_ms: history.now_ms,
            definition,
        });
    };
    say(&mut history, &[("region", "EU")]);
    wait(&mut history, of.clone());
    let told = |history: &History| {
        let told = history.user.contribution(challenge);
        told.map(|told| (told.is_ineligible, told.version))
    };
    let (ineligible, version) = told(&history).unwrap();
    assert!(!ineligible);
    say(&mut history, &[("region", "US")]);
    let (ineligible, newer) = told(&history).unwrap();
    assert!(ineligible && newer > version);
    assert_eq!(
        history.contributions.last().map(|told| told.is_ineligible),
        Some(true)
    );
    // Who is in is not judged any more.
    history.input(UserInput::Enrol {
        challenge,
        join: 1,
        joined_ms: history.now_ms,
        definition: of.as_told(),
    });
    assert!(!told(&history).unwrap().0);
    // Where there is no rule there is nothing to say.
    let mut other = History::with_watch(at("2026-05-01T12:00Z"), "UTC");
    wait(&mut other, window("2026-05-02", "2026-05-02"));
    assert_eq!(told(&other), None);
}
