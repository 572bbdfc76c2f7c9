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
        ("nbf", json!(NOW_S + 1), "it is not good yet (nbf)"),
        ("nbf", json!("now"), "nbf is not a number of seconds"),
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
    let other = "its kid is for another algorithm";
    let own_key = "its header brings its own key";
    let cases = [
        (json!({"alg": "none", "kid": kid}), other),
        (json!({"alg": "None", "kid": kid}), other),
        (json!({"alg": "HS256", "kid": kid}), other),
        (json!({"alg": "RS256", "kid": kid}), other),
        (json!({"kid": kid}), "its header names no algorithm"),
        (json!({"alg": "EdDSA"}), "its header names no kid"),
        (json!({"alg": "EdDSA", "kid": kid, "jwk": {}}), own_key),
        (
            json!({"alg": "EdDSA", "kid": kid, "crit": ["exp"]}),
            "its header has extensions that must be understood",
        ),
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
    let damaged = dir.path().join("keys/signing-9999-x.pk8");
    fs::write(&damaged, "no key").unwrap();
    fs::set_permissions(&damaged, fs::Permissions::from_mode(0o600)).unwrap();
    let error = KeyRing::open_or_create(dir.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is not an Ed25519 key in PKCS#8"),
        "{error}"
    );
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_command_that_helps() {
    let (dir, _ring) = ring();
    let keys = dir.path().join("keys");
    let signing = fs::read_dir(&keys)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: Vec<_> = signing.map(|file| (file, 0o600)).collect();
    for (path, mode) in files.into_iter().chain([(keys.clone(), 0o700)]) {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode | 0o040)).unwrap();
        let error = KeyRing::open_or_create(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("chmod {mode:o} {}", path.display())),
            "{error}"
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    KeyRing::open_or_create(dir.path()).unwrap();
}

#[test]
fn a_secret_checks_hs256_under_its_own_name_and_nothing_else() {
    let (dir, plain) = ring();
    let file = dir.path().join("secret");
    fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
    let open = |kid: &str| {
        let ring = KeyRing::open_or_create(dir.path()).unwrap();
        ring.with_secret(kid, &file)
    };
    let ring = open("backend").unwrap();
    let claims = Claims::new("ann", Role::User, NOW_S, 60);
    let secret = SigningKey::from_secret("backend".into(), b"0123456789abcdef0123456789abcdef");
    let token = secret.sign(&claims).unwrap();
    let (verified, key) = ring.verify_with_key(&token, NOW_S).unwrap();
    assert_eq!(verified, claims);
    assert!(ring.is_in_force(key) && !plain.is_in_force(key));
    assert_eq!(
        plain.verify(&token, NOW_S),
        Err(TokenError::Invalid("its kid is unknown"))
    );
    fs::write(&file, "another secret of thirty-two bytes").unwrap();
    let changed = open("backend").unwrap();
    assert!(
        !changed.is_in_force(key),
        "the name is the same, the key is not"
    );
    assert!(changed.verify(&token, NOW_S).is_err());
    let kid = ring.newest_kid().unwrap();
    assert!(matches!(open(kid), Err(Error::KidTaken(_))));
    fs::write(&file, "short").unwrap();
    let error = open("backend").unwrap_err().to_string();
    assert!(error.contains("has 5 bytes"), "{error}");
}

#[test]
fn a_revoked_key_is_gone_and_there_is_always_one_that_signs() {
    let (dir, first) = ring();
    let token = first
        .issue(&Claims::new("ann", Role::User, NOW_S, 60))
        .unwrap();
    let kid = first.newest_kid().unwrap();
    let second = KeyRing::revoke(dir.path(), kid).unwrap();
    assert!(second.verify(&token, NOW_S).is_err());
    assert_ne!(second.newest_kid(), Some(kid));
    let listed = KeyRing::list(dir.path()).unwrap();
    assert_eq!(
        listed,
        [(second.newest_kid().unwrap().to_owned(), KeyUse::Signs)]
    );
    let error = KeyRing::revoke(dir.path(), kid).unwrap_err();
    assert!(matches!(error, Error::NoSuchKey { .. }), "{error}");
    let third = KeyRing::rotate(dir.path()).unwrap();
    let uses: Vec<_> = KeyRing::list(dir.path())
        .unwrap()
        .into_iter()
        .map(|(_, used)| used)
        .collect();
    assert_eq!(uses, [KeyUse::Checks, KeyUse::Signs]);
    assert!(third.is_admin_key(first.admin_key()));
    let fourth = KeyRing::replace_admin_key(dir.path()).unwrap();
    assert!(!fourth.is_admin_key(first.admin_key()));
}

#[test]
fn keys_in_force_change_for_every_clone_and_stay_when_a_file_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let keys = CurrentKeys::open(KeySource::of(dir.path())).unwrap();
    let clone = keys.clone();
    let before = keys.ring();
    KeyRing::rotate(dir.path()).unwrap();
    assert_eq!(clone.ring().newest_kid(), before.newest_kid());
    keys.reload().unwrap();
    assert_ne!(clone.ring().newest_kid(), before.newest_kid());
    let newest = keys.ring();
    fs::write(dir.path().join("keys/admin.key"), "sk_damaged").unwrap();
    keys.reload().unwrap_err();
    assert_eq!(keys.ring().newest_kid(), newest.newest_kid());
    assert!(keys.ring().is_admin_key(newest.admin_key()));
}

#[test]
fn the_first_master_key_is_made_where_no_setting_gives_one() {
    let (dir, ring) = ring();
    assert!(ring.masters().is_empty(), "commands need none");
    let names = || KeyRing::list_masters(dir.path()).unwrap();
    assert_eq!(names(), Vec::<String>::new());
    let given = "mk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let ring = ring.with_masters(dir.path(), Some(given)).unwrap();
    assert_eq!(ring.masters()[0].bytes(), &[0; 32]);
    assert_eq!(names(), Vec::<String>::new());
    let ring = ring.with_masters(dir.path(), None).unwrap();
    let first = ring.masters().to_vec();
    assert_eq!((first.len(), names().len()), (1, 1));
    let file = dir.path().join(format!("keys/{}.key", names()[0]));
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(
        ring.with_masters(dir.path(), None).unwrap().masters(),
        first
    );
    assert!(!format!("{first:?}").contains("mk_"), "it is not shown");
}

#[test]
fn a_rotated_master_key_comes_last_and_the_older_ones_stay() {
    let (dir, ring) = ring();
    let first = ring.with_masters(dir.path(), None).unwrap();
    let name = KeyRing::rotate_master(dir.path()).unwrap();
    assert!(name.starts_with("master-0002-"), "{name}");
    let names = KeyRing::list_masters(dir.path()).unwrap();
    assert_eq!((names.len(), names.last()), (2, Some(&name)));
    let earlier = first.masters()[0].clone();
    let both = first.with_masters(dir.path(), None).unwrap();
    assert_eq!(both.masters()[0], earlier);
    assert_ne!(both.masters()[1], earlier);
}

#[test]
fn a_master_key_of_another_form_is_refused_in_words() {
    let (dir, ring) = ring();
    for bad in [
        "",
        "mk_short",
        "AAAA",
        "mk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,",
    ] {
        let refused = KeyRing::open_or_create(dir.path())
            .unwrap()
            .with_masters(dir.path(), Some(bad));
        let words = refused.unwrap_err().to_string();
        assert!(
            words.contains("sealing.master_keys must be keys"),
            "{words}"
        );
        assert!(!words.contains("AAAA"), "{words}");
    }
    let ring = ring.with_masters(dir.path(), None).unwrap();
    let name = KeyRing::list_masters(dir.path()).unwrap().remove(0);
    let file = dir.path().join(format!("keys/{name}.key"));
    fs::write(&file, "no key").unwrap();
    let words = ring.with_masters(dir.path(), None).unwrap_err().to_string();
    assert!(words.contains("is not a master key (mk_...)"), "{words}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let ring = KeyRing::open_or_create(dir.path()).unwrap();
    let words = ring.with_masters(dir.path(), None).unwrap_err().to_string();
    assert!(words.contains("chmod 600"), "{words}");
}
