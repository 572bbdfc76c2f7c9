//! What a friends token says, and for whom it is.

use serde_json::{Value, json};

use super::*;
use crate::keys::KeyRing;

const NOW_S: i64 = 1_460_505_600;

#[test]
fn a_friends_token_names_friends_and_lets_nobody_in() {
    let dir = tempfile::tempdir().unwrap();
    let ring = KeyRing::open_or_create(dir.path()).unwrap();
    let [ann, bob, cat] = ["ann", "bob", "cat"].map(|name| UserId::parse(name).unwrap());
    let friends = [bob.clone(), cat];
    let token = |claims: &Claims| ring.issue(claims).unwrap();
    let good = Claims::of_friends("ann", &friends, NOW_S, 60);
    let of =
        |claims: &Claims, asker: Option<&UserId>| ring.verify_friends(&token(claims), asker, NOW_S);
    let circle = Circle::new(ann.clone(), &friends).unwrap();
    assert_eq!(of(&good, Some(&ann)), Ok(circle.clone()));
    assert_eq!(of(&good, None), Ok(circle));
    let others = TokenError::Invalid("it is of another user's friends");
    assert_eq!(of(&good, Some(&bob)), Err(others));
    let refused = ring.verify(&token(&good), NOW_S);
    assert_eq!(refused, Err(TokenError::Invalid("aud is not streakline")));
    let own = Claims::new("ann", Role::User, NOW_S, 60);
    let late = ring.verify_friends(&token(&good), None, NOW_S + 60);
    assert_eq!(late, Err(TokenError::Expired));
    let mut cases = vec![(own, "aud is not streakline/friends")];
    let many: Vec<String> = (0..1_001).map(|number| format!("u{number}")).collect();
    for (name, value, why) in [
        ("friends", Value::Null, "friends is not a list"),
        ("friends", json!(["bob", 7]), "friends are not all user ids"),
        (
            "friends",
            json!(["bob smith"]),
            "friends are not all user ids",
        ),
        ("friends", json!(many), "friends are more than 1000"),
        ("sub", Value::Null, "sub is missing"),
        ("iss", json!("someone"), "iss is not the one configured"),
        ("nbf", json!(NOW_S + 1), "it is not good yet (nbf)"),
    ] {
        let mut claims = good.clone();
        claims.extra.insert(name.into(), value);
        cases.push((claims, why));
    }
    for (claims, why) in cases {
        assert_eq!(of(&claims, None), Err(TokenError::Invalid(why)));
    }
    let uuids: Vec<UserId> = (0..1_000_u128)
        .map(|number| UserId::parse(&format!("0196a3c4-7d10-7b7e-9e7e-{number:012}")).unwrap())
        .collect();
    let most = Claims::of_friends("ann", &uuids, NOW_S, 60);
    assert!(of(&most, Some(&ann)).is_ok());
}
