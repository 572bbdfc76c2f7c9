//! What the key files are, and which tokens pass.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;

const NOW_S: i64 = 1_460_505_600;

fn ring() -> (tempfile::TempDir, KeyRing) {
    let dir = tempfile::tempdir().unwrap();
    let ring = KeyRing::open_or_create(dir.path()).unwrap();
    (dir, ring)
}

fn with(name: &str, value: Value) -> Claims {
    let mut claims = Claims::new("ann", Role::User, NOW_S, 3600);
    claims.extra.insert(name.to_owned(), value);
    claims
}

/// The token with another header, its signature kept.
fn with_header(token: &str, header: &Value) -> String {
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[test]
fn a_token_says_what_was_signed() {
    let (_dir, ring) = ring();
    let mut claims = Claims::new("ann", Role::Admin, NOW_S, 3600);
    claims.device = Some("5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11".into());
    let token = ring.issue(&claims).unwrap();
    assert_eq!(ring.verify(&token, NOW_S), Ok(claims));
}

#[test]
fn a_token_is_good_until_the_second_in_which_it_ends() {
    let (_dir, ring) = ring();
    let token = ring
        .issue(&Claims::new("ann", Role::User, NOW_S, 60))
        .unwrap();
    assert!(ring.verify(&token, NOW_S + 59).is_ok());
    assert_eq!(ring.verify(&token, NOW_S + 60), Err(TokenError::Expired));
    let born_dead = ring
        .issue(&Claims::new("ann", Role::User, NOW_S, -1))
        .unwrap();
    assert_eq!(ring.verify(&born_dead, NOW_S), Err(TokenError::Expired));
}

#[test]
fn claims_that_do_not_fit_are_refused() {
    let (_dir, ring) = ring();
    let cases = [
        ("iss", json!("someone"), "iss is not the one configured"),
        ("iss", Value::Null, "iss is not the one configured"),
        ("aud", json!("elsewhere"), "aud is not streakline"),
        ("aud", json!(["elsewhere"]), "aud is not streakline"),
        ("aud", Value::Null, "aud is not streakline"),
        ("sub", json!("ann smith"), "sub is not a user id"),
        ("sub", json!(7), "sub is missing"),
        ("role", json!("root"), "role is neither user nor admin"),
        ("role", json!(1), "role is neither user nor admin"),
        ("device", json!("watch"), "device is not a UUID"),
        ("device", json!(5), "device is not a UUID"),
        ("exp", Value::Null, "exp is not a number of seconds"),
        ("exp", json!("soon"), "exp is not a number of seconds"),
        (
            "exp",
            json!(NOW_S + LIFETIME_S_MAX + 1),
            "exp is more than 30 days away",
        ),
    ];
    for (name, value, why) in cases {
        let token = ring.issue(&with(name, value.clone())).unwrap();
        assert_eq!(
            ring.verify(&token, NOW_S),
            Err(TokenError::Invalid(why)),
            "{name}={value}"
        );
    }
    let token = ring
        .issue(&with("exp", json!(NOW_S + LIFETIME_S_MAX)))
        .unwrap();
    assert!(ring.verify(&token, NOW_S).is_ok());
    let token = ring
        .issue(&with("aud", json!(["elsewhere", "streakline"])))
        .unwrap();
    assert!(ring.verify(&token, NOW_S).is_ok());
}

#[test]
fn a_token_without_an_end_is_refused() {
    let claims = json!({"iss": "streakline", "aud": "streakline", "sub": "ann"});
    let read = token::read_claims(claims.as_object().unwrap(), ISSUER, NOW_S);
    assert_eq!(read, Err(TokenError::Invalid("exp is missing")));
}

#[test]
fn headers_that_do_not_fit_are_refused() {
    let (_dir, ring) = ring();
    let token = ring
        .issue(&Claims::new("ann", Role::User, NOW_S, 3600))
        .unwrap();
    let kid = ring.signing[0].kid();
    let unknown = "it is no JWT of an algorithm known here";
    let cases = [
        (json!({"alg": "none", "kid": kid}), unknown),
        (json!({"alg": "None", "kid": kid}), unknown),
        (
            json!({"alg": "HS256", "kid": kid}),
            "its kid is for EdDSA only",
        ),
        (
            json!({"alg": "RS256", "kid": kid}),
            "its kid is for EdDSA only",
        ),
        (json!({"alg": "EdDSA"}), "its header names no kid"),
        (
            json!({"alg": "EdDSA", "kid": "0000-00000000"}),
            "its kid is unknown",
        ),
        (
            json!({"alg": "EdDSA", "kid": kid, "typ": "at+jwt"}),
            "its signature does not fit",
        ),
    ];
    for (header, why) in cases {
        let forged = with_header(&token, &header);
        assert_eq!(
            ring.verify(&forged, NOW_S),
            Err(TokenError::Invalid(why)),
            "{header}"
        );
    }
    for garbage in ["", ".", "..", "a.b.c", "sk_abc", &token[1..]] {
        assert!(
            matches!(ring.verify(garbage, NOW_S), Err(TokenError::Invalid(_))),
            "{garbage}"
        );
    }
}

#[test]
fn a_changed_or_unsigned_token_is_refused() {
    let (_dir, ring) = ring();
    let token = ring
        .issue(&Claims::new("ann", Role::User, NOW_S, 3600))
        .unwrap();
    let mut parts = token.split('.');
    let (header, _claims, signature) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    let claims = URL_SAFE_NO_PAD.encode(
        json!({"iss":"streakline","aud":"streakline","sub":"eve","exp":NOW_S + 60}).to_string(),
    );
    for forged in [
        format!("{header}.{claims}.{signature}"),
        format!("{header}.{claims}."),
    ] {
        let refused = Err(TokenError::Invalid("its signature does not fit"));
        assert_eq!(ring.verify(&forged, NOW_S), refused);
    }
}

#[test]
fn a_token_of_another_directory_is_refused() {
    let ((_dir, ring), (_other_dir, other)) = (ring(), ring());
    let token = other
        .issue(&Claims::new("ann", Role::User, NOW_S, 3600))
        .unwrap();
    assert_eq!(
        ring.verify(&token, NOW_S),
        Err(TokenError::Invalid("its kid is unknown"))
    );
}

#[test]
fn another_issuer_can_be_configured() {
    let (_dir, ring) = ring();
    let ring = ring.with_issuer("https://id.example");
    let token = ring
        .issue(&with("iss", json!("https://id.example")))
        .unwrap();
    assert_eq!(
        ring.verify(&token, NOW_S).unwrap().iss,
        "https://id.example"
    );
    let token = ring
        .issue(&Claims::new("ann", Role::User, NOW_S, 60))
        .unwrap();
    assert!(ring.verify(&token, NOW_S).is_err());
}

#[test]
fn the_key_before_the_newest_still_checks_and_the_one_before_that_does_not() {
    let (dir, first) = ring();
    let claims = Claims::new("ann", Role::User, NOW_S, 3600);
    let of_first = first.issue(&claims).unwrap();
    let second = KeyRing::rotate(dir.path()).unwrap();
    let of_second = second.issue(&claims).unwrap();
    assert_eq!(second.verify(&of_first, NOW_S), Ok(claims.clone()));
    assert_ne!(first.signing[0].kid(), second.signing[1].kid());
    let third = KeyRing::rotate(dir.path()).unwrap();
    assert_eq!(third.verify(&of_second, NOW_S), Ok(claims));
    assert_eq!(
        third.verify(&of_first, NOW_S),
        Err(TokenError::Invalid("its kid is unknown"))
    );
    assert_eq!(fs::read_dir(dir.path().join("keys")).unwrap().count(), 3);
}

#[test]
fn keys_are_made_once_and_only_their_owner_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("not/yet/there");
    let first = KeyRing::open_or_create(&data).unwrap();
    let path = data.join("keys/admin.key");
    assert_eq!(first.created_admin_key(), Some(path.as_path()));
    assert!(first.admin_key().starts_with("sk_"));
    assert!(first.is_admin_key(first.admin_key()));
    assert!(!first.is_admin_key("sk_"));
    assert!(!first.is_admin_key(""));
    let again = KeyRing::open_or_create(&data).unwrap();
    assert_eq!(again.created_admin_key(), None);
    assert_eq!(again.admin_key(), first.admin_key());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data.join("keys")), 0o700);
    for entry in fs::read_dir(data.join("keys")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    assert_eq!(
        fs::read_dir(&data).unwrap().count(),
        1,
        "no draft is left behind"
    );
}

#[test]
fn processes_that_start_together_share_one_set_of_keys() {
    let dir = tempfile::tempdir().unwrap();
    let rings: Vec<KeyRing> = std::thread::scope(|scope| {
        let open = || KeyRing::open_or_create(dir.path()).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let token = rings[0]
        .issue(&Claims::new("ann", Role::User, NOW_S, 60))
        .unwrap();
    for ring in &rings {
        assert!(ring.verify(&token, NOW_S).is_ok());
        assert!(ring.is_admin_key(rings[0].admin_key()));
    }
    assert_eq!(
        rings
            .iter()
            .filter(|ring| ring.created_admin_key().is_some())
            .count(),
        1
    );
}

#[test]
fn a_lost_key_is_made_again_and_a_damaged_one_is_named() {
    let (dir, first) = ring();
    let admin = dir.path().join("keys/admin.key");
    fs::remove_file(&admin).unwrap();
    let second = KeyRing::open_or_create(dir.path()).unwrap();
    assert_eq!(second.created_admin_key(), Some(admin.as_path()));
    assert!(!second.is_admin_key(first.admin_key()));
    fs::write(&admin, "sk_tooshort").unwrap();
    let error = KeyRing::open_or_create(dir.path()).unwrap_err();
    assert!(
        error.to_string().contains("admin.key is not an admin key"),
        "{error}"
    );
    fs::remove_file(&admin).unwrap();
    fs::write(dir.path().join("keys/signing-9999-x.pk8"), "no key").unwrap();
    let error = KeyRing::open_or_create(dir.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is not an Ed25519 key in PKCS#8"),
        "{error}"
    );
}
