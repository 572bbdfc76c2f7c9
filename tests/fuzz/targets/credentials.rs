//! Tokens, claims under a good signature, and the headers that bring them or are about versions and keys.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    sync::OnceLock,
};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use streakline::{
    api::fuzzing as api,
    gateway::fuzzing as gateway,
    keys::{Claims, KeyRing, LIFETIME_S_MAX, Role, TokenError},
};
use streakline_core::id::UserId;

use super::{Judged, Seen, Target, bounded, hold, told};
use crate::{mutate::Form, random::Random, values};

const NOW_S: i64 = values::FROM_MS / 1_000;
/// A key of this test alone, in PKCS#8, with its public half; nothing else is signed with it.
const KEY: &[u8] = &hex(b"3051020101300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60812100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");

const fn hex(text: &[u8; 166]) -> [u8; 83] {
    const fn digit(byte: u8) -> u8 {
        if byte < b'a' {
            byte - b'0'
        } else {
            byte - b'a' + 10
        }
    }
    let mut bytes = [0; 83];
    let mut at = 0;
    while at < 83 {
        bytes[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    bytes
}

/// Keys that are the same in every run.
fn keys() -> &'static KeyRing {
    static KEYS: OnceLock<KeyRing> = OnceLock::new();
    KEYS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        // Keys that others may read are refused.
        DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let mut key = OpenOptions::new();
        let key = key.write(true).create_new(true).mode(0o600);
        let file = key.open(folder.join("signing-0001-fuzz.pk8"));
        file.unwrap().write_all(KEY).unwrap();
        KeyRing::open_or_create(dir.path()).unwrap()
    })
}

fn claims(random: &mut Random) -> Claims {
    let (user, ttl_s) = (values::name(random), random.within(1, LIFETIME_S_MAX));
    if random.permille(300) {
        let friends = (0..random.index(5)).map(|_| UserId::parse(&values::name(random)).unwrap());
        let friends: Vec<UserId> = friends.collect();
        return Claims::of_friends(&user, &friends, NOW_S, ttl_s);
    }
    let role = [Role::User, Role::Admin][random.index(2)];
    Claims::new(&user, role, NOW_S, ttl_s)
}

/// A whole token: header, claims, signature.
pub(super) const TOKEN: Target = Target {
    name: "token",
    form: Form::Plain,
    share: 2,
    valid: |seed| {
        keys()
            .issue(&claims(&mut Random::new(seed, 40)))
            .unwrap()
            .into_bytes()
    },
    check: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        judge(bytes, &text)
    },
};

/// Claims that are signed as they are.
pub(super) const CLAIMS: Target = Target {
    name: "claims",
    form: Form::Json,
    share: 2,
    valid: |seed| {
        let claims = claims(&mut Random::new(seed, 41));
        let role = claims.role.as_str();
        let mut json = serde_json::json!({"iss": claims.iss, "aud": claims.aud, "sub": claims.sub,
            "exp": claims.exp, "iat": claims.iat, "role": role});
        if let Some(friends) = claims.extra.get("friends") {
            json["friends"] = friends.clone();
        }
        json.to_string().into_bytes()
    },
    check: signed,
};

fn signed(bytes: &[u8]) -> Judged {
    let Ok(claims) = serde_json::from_slice::<Map<String, Value>>(bytes) else {
        return Ok(Seen::Refused);
    };
    let mut signed = Claims::new("nobody", Role::User, NOW_S, 60);
    for name in ["iss", "aud", "sub", "exp", "iat", "role"] {
        // What is absent here is absent there: null stands for it.
        signed.extra.insert(name.into(), Value::Null);
    }
    signed.extra.extend(claims);
    let token = keys().issue(&signed).map_err(|error| error.to_string())?;
    judge(token.as_bytes(), &token)
}

fn judge(bytes: &[u8], token: &str) -> Judged {
    let friends = bounded((bytes, 64, 65_536), || {
        keys().verify_friends(token, None, NOW_S)
    })?;
    let verified = bounded((bytes, 64, 65_536), || keys().verify(token, NOW_S))?;
    hold(friends.is_err() || verified.is_err(), || {
        "a friends token lets its bearer in".into()
    })?;
    if friends.is_ok() {
        return Ok(Seen::Taken(None));
    }
    match verified {
        Ok(claims) => {
            hold(UserId::parse(&claims.sub).is_ok(), || {
                format!("sub {:?}", claims.sub)
            })?;
            let lives_s = claims.exp - NOW_S;
            hold((1..=LIFETIME_S_MAX).contains(&lives_s), || {
                format!("lives {lives_s} s")
            })?;
            Ok(Seen::Taken(None))
        }
        Err(TokenError::Expired) => Ok(Seen::Refused),
        Err(TokenError::Invalid(why)) => {
            hold(!why.is_empty(), || "no words".into())?;
            Ok(Seen::Refused)
        }
    }
}

/// Headers, one a line, as `name: value`.
pub(super) const HEADERS: Target = Target {
    name: "headers",
    form: Form::Plain,
    share: 4,
    valid: |seed| {
        let random = &mut Random::new(seed, 42);
        let tag = api::tag(Some(random.next() >> 8), "{}");
        let key = values::name(random);
        let lines = [
            format!("authorization: Bearer {key}"),
            format!("sec-websocket-protocol: streakline.v1.json, bearer.{key}"),
            format!("if-match: {tag}"),
            format!("idempotency-key: {key}"),
        ];
        lines.join("\n").into_bytes()
    },
    check: headers,
};

fn map(bytes: &[u8]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let at = line
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(line.len());
        let (name, value) = line.split_at(at);
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value) {
            map.append(name, value);
        }
    }
    map
}

fn headers(bytes: &[u8]) -> Judged {
    let map = map(bytes);
    let most = (bytes, 32, 16_384);
    let mut all = true;
    match bounded(most, || gateway::token(&map))? {
        Ok(token) => hold(
            !token.contains(char::is_whitespace) || map.contains_key("authorization"),
            || format!("token {token:?}"),
        )?,
        Err(refusal) => all &= told(&refusal)? != Seen::Refused,
    }
    match bounded(most, || api::bearer(&map))? {
        Ok(bearer) => hold(bearer.trim() == bearer, || format!("bearer {bearer:?}"))?,
        Err(refusal) => all &= told(&refusal)? != Seen::Refused,
    }
    match bounded(most, || api::idempotency_key(&map))? {
        Ok(key) => hold((1..=128).contains(&key.len()) && key.is_ascii(), || {
            format!("key {key:?}")
        })?,
        Err(refusal) => all &= told(&refusal)? != Seen::Refused,
    }
    match bounded(most, || api::precondition(&map))? {
        Ok(wanted) => hold(
            !wanted.only_create || map.contains_key("if-none-match"),
            || "*".into(),
        )?,
        Err(refusal) => all &= told(&refusal)? != Seen::Refused,
    }
    let _ = bounded(most, || api::is_known(&map, "\"1-00\""))?;
    Ok(if all {
        Seen::Taken(None)
    } else {
        Seen::Refused
    })
}
