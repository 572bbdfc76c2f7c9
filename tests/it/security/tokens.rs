//! Forged, confused and odd tokens: each is refused by REST, by the upgrade, and by the `auth` frame.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use streakline::clock;

use crate::harness::{Server, Wire, block_on, streakline};
use crate::rest::http::Http;
use crate::rest::people::CLOCK;

const SECRET: &str = "a shared secret of more than thirty-two bytes";
const SECRET_KID: &str = "backend-7";
const DAY_S: i64 = 86_400;
/// What every public Ed25519 key begins with as SubjectPublicKeyInfo (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// A server with a key of each kind, and what a thief of its public parts knows.
struct Scene {
    server: Server,
    kid: String,
    pair: Ed25519KeyPair,
    _settings: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let settings = dir.path().join("settings.toml");
        let text = format!("[auth]\nhs256_secret_file = {secret:?}\nhs256_kid = {SECRET_KID:?}\n");
        std::fs::write(&settings, text).unwrap();
        let clock = format!("virtual:{CLOCK}");
        let server = Server::start(&clock, &["--config", settings.to_str().unwrap()]);
        let kid = server.keys().newest_kid().unwrap().to_owned();
        let file = server.data().join(format!("keys/signing-{kid}.pk8"));
        let pair = Ed25519KeyPair::from_pkcs8(&std::fs::read(file).unwrap()).unwrap();
        Self {
            server,
            kid,
            pair,
            _settings: dir,
        }
    }

    /// Signed as the server would, whatever header and claims say.
    fn ed25519(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", part(signature.as_ref()))
    }

    fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": "EdDSA", "kid": self.kid})
    }

    /// Good but for what is changed in its header.
    fn with_header(&self, changes: Value) -> String {
        let header = merged(self.header(), changes);
        self.ed25519(&header.to_string(), &claims().to_string())
    }

    /// Good but for what is changed in its claims.
    fn with_claims(&self, changes: Value) -> String {
        let claims = merged(claims(), changes);
        self.ed25519(&self.header().to_string(), &claims.to_string())
    }
}

fn claims() -> Value {
    let now_s = clock::unix_s();
    json!({"iss": "streakline", "aud": "streakline", "sub": "ann", "role": "user", "exp": now_s + 600})
}

fn part(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Members of `changes` replace those of `of`; null removes one.
fn merged(mut of: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        let members = of.as_object_mut().unwrap();
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    of
}

/// Signed with that secret, under that name.
fn hs256(kid: &str, secret: &[u8], alg: &str) -> String {
    hmac_signed(
        &json!({"typ": "JWT", "alg": alg, "kid": kid}),
        secret,
        &claims(),
    )
}

/// What a backend with the shared secret makes.
pub(super) fn hs256_of(kid: &str, secret: &[u8], claims: &Value) -> String {
    hmac_signed(&json!({"alg": "HS256", "kid": kid}), secret, claims)
}

fn hmac_signed(header: &Value, secret: &[u8], claims: &Value) -> String {
    let message = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", part(signature.as_ref()))
}

type Case = (String, String);

fn case(what: &str, token: String) -> Case {
    (what.to_owned(), token)
}

/// `none`, in every spelling, with and without a signature.
fn unsigned(scene: &Scene) -> Vec<Case> {
    let mut cases = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "", "none\u{0}"] {
        let signed = scene.with_header(json!({ "alg": alg }));
        let bare = signed.rsplit_once('.').unwrap().0.to_owned();
        cases.push(case(&format!("{alg:?}, signed"), signed));
        cases.push(case(
            &format!("{alg:?}, signature empty"),
            format!("{bare}."),
        ));
        cases.push(case(&format!("{alg:?}, no signature"), bare));
    }
    cases
}

/// What is public as a secret, and one kind of key under the other's name.
fn confused(scene: &Scene) -> Vec<Case> {
    let raw = scene.pair.public_key().as_ref().to_vec();
    let der = [&SPKI[..], &raw].concat();
    let lines = STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n");
    let mut cases = Vec::new();
    for (form, secret) in [
        ("raw", raw.clone()),
        ("DER", der),
        ("PEM", pem.clone().into_bytes()),
        ("PEM, trimmed", pem.trim().into()),
        ("base64", STANDARD.encode(&raw).into_bytes()),
        ("base64url", part(&raw).into_bytes()),
        ("hex", hex(&raw).into_bytes()),
        ("kid", scene.kid.clone().into_bytes()),
        ("empty", Vec::new()),
    ] {
        for kid in [scene.kid.as_str(), SECRET_KID] {
            let what = format!("HS256 of {kid} with the public key as {form}");
            cases.push(case(&what, hs256(kid, &secret, "HS256")));
        }
        let what = format!("said to be EdDSA, with the public key as {form}");
        cases.push(case(&what, hs256(&scene.kid, &secret, "EdDSA")));
    }
    let secret = SECRET.as_bytes();
    cases.push(case(
        "the secret, EdDSA's kid",
        hs256(&scene.kid, secret, "HS256"),
    ));
    cases.push(case(
        "the secret, HS512",
        hs256(SECRET_KID, secret, "HS512"),
    ));
    cases.push(case(
        "the secret, said to be EdDSA",
        hs256(SECRET_KID, secret, "EdDSA"),
    ));
    cases
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn odd_headers(scene: &Scene) -> Vec<Case> {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": part(scene.pair.public_key())});
    let mut cases: Vec<Case> = [
        json!({"kid": null}),
        json!({"kid": 7}),
        json!({"kid": ""}),
        json!({"kid": "0001-00000000"}),
        json!({"kid": format!("../keys/{}", scene.kid)}),
        json!({"kid": SECRET_KID}),
        json!({"alg": null}),
        json!({"alg": ["EdDSA"]}),
        json!({"alg": "eddsa"}),
        json!({"alg": "HS256"}),
        json!({"alg": "RS256"}),
        json!({"alg": "ES256"}),
        json!({"crit": ["exp"]}),
        json!({"crit": [], "b64": false}),
        json!({ "jwk": jwk }),
        json!({"jku": "https://evil.example/keys"}),
        json!({"x5u": "https://evil.example/chain"}),
        json!({"x5c": ["MIIB"]}),
    ]
    .into_iter()
    .map(|changes| (changes.to_string(), scene.with_header(changes)))
    .collect();
    let twice = format!(r#"{{"alg":"none","alg":"EdDSA","kid":"{}"}}"#, scene.kid);
    let token = scene.ed25519(&twice, &claims().to_string());
    cases.push(case("alg twice", token));
    cases.push(case(
        "no object",
        scene.ed25519("[]", &claims().to_string()),
    ));
    cases
}

fn odd_claims(scene: &Scene) -> Vec<Case> {
    let now_s = clock::unix_s();
    let mut cases: Vec<Case> = [
        json!({"iss": null}),
        json!({"iss": "mallory"}),
        json!({"iss": ["streakline"]}),
        json!({"aud": null}),
        json!({"aud": "elsewhere"}),
        json!({"aud": "streakline2"}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": "../root"}),
        json!({"sub": "x".repeat(65)}),
        json!({"role": "god"}),
        json!({"role": ["admin"]}),
        json!({"device": "watch"}),
        json!({"exp": null}),
        json!({"exp": (now_s + 600).to_string()}),
        json!({"exp": 1e300}),
        json!({"exp": (now_s + 600) as f64 + 0.5}),
        json!({"exp": u64::MAX}),
        json!({"exp": now_s + 31 * DAY_S}),
        json!({"exp": 4_000_000_000_000_i64}),
        json!({"nbf": now_s + 300}),
        json!({"nbf": "0"}),
    ]
    .into_iter()
    .map(|changes| (changes.to_string(), scene.with_claims(changes)))
    .collect();
    let good = claims().to_string();
    let twice = good.replacen('{', r#"{"sub":"root","#, 1);
    cases.push(case(
        "sub twice",
        scene.ed25519(&scene.header().to_string(), &twice),
    ));
    let twice = good.replacen('{', r#"{"r\u006fle":"admin","#, 1);
    cases.push(case(
        "role twice",
        scene.ed25519(&scene.header().to_string(), &twice),
    ));
    let trailing = format!("{good}{{}}");
    cases.push(case(
        "two objects",
        scene.ed25519(&scene.header().to_string(), &trailing),
    ));
    cases
}

fn odd_forms(scene: &Scene) -> Vec<Case> {
    let good = scene.with_claims(json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let other = Ed25519KeyPair::generate().unwrap();
    let message = format!("{}.{}", parts[0], parts[1]);
    let forged = part(other.sign(message.as_bytes()).as_ref());
    let admin = part(merged(claims(), json!({"role": "admin"})).to_string());
    vec![
        case("another key", format!("{message}.{forged}")),
        case(
            "changed claims",
            format!("{}.{admin}.{}", parts[0], parts[2]),
        ),
        case("no dot", parts.concat()),
        case("one dot", message.clone()),
        case("a dot after it", format!("{good}.")),
        case("a dot before it", format!(".{good}")),
        case("four parts", format!("{good}.{}", parts[2])),
        case("a byte more", format!("{good}A")),
        case("padding", format!("{good}==")),
        case("a byte less", good[..good.len() - 1].to_owned()),
        case("half a signature", good[..good.len() - 43].to_owned()),
        case("only dots", "..".to_owned()),
        case("the admin key's form", "sk_AAAA".to_owned()),
        case("huge", scene.with_claims(json!({"x": "x".repeat(20_000)}))),
        case("huge noise", "a.".repeat(10_000)),
    ]
}

/// Over, which is told apart.
fn expired(scene: &Scene) -> Vec<Case> {
    let now_s = clock::unix_s();
    [now_s, now_s - 1, now_s - 86_400, 0, -1, i64::MIN]
        .map(|exp| {
            (
                format!("exp {exp}"),
                scene.with_claims(json!({ "exp": exp })),
            )
        })
        .to_vec()
}

/// Asks all three ways in.
async fn must_be_refused(scene: &Scene, (what, token): &Case, code: &str) {
    let server = &scene.server;
    let answer = Http::bearing(server, token).get("/v1/me").await;
    assert_eq!(answer.status, 401, "{what}: {}", answer.text);
    answer.problem(401, code);
    let (status, problem) = Wire::upgrade(server, token).await.err().expect(what);
    assert_eq!((status, &problem["code"]), (401, &json!(code)), "{what}");
    let good = scene.with_claims(json!({}));
    let mut wire = Wire::upgrade(server, &good).await.unwrap();
    wire.send(&json!({"type": "hello"})).await;
    wire.expect("welcome").await;
    let error = wire.error(&json!({"type": "auth", "token": token})).await;
    if error["code"] == "bad_frame" {
        // Too long for any token, so it is not looked at.
        assert!(token.len() > streakline::keys::TOKEN_BYTES_MAX, "{what}");
        return;
    }
    assert_eq!(
        (&error["code"], &error["fatal"]),
        (&json!(code), &json!(true)),
        "{what}"
    );
    assert_eq!(wire.closed().await.code, 4401, "{what}");
}

fn all_are_refused(cases: impl FnOnce(&Scene) -> Vec<Case>, code: &str) {
    let scene = Scene::new();
    block_on(async {
        for case in cases(&scene) {
            must_be_refused(&scene, &case, code).await;
        }
        let good = scene.with_claims(json!({}));
        Http::bearing(&scene.server, &good)
            .get("/v1/me")
            .await
            .expect(200);
    });
}

#[test]
fn a_token_that_nobody_signed_is_refused() {
    all_are_refused(unsigned, "unauthenticated");
}

#[test]
fn a_public_key_is_no_secret_and_a_kid_has_one_algorithm() {
    all_are_refused(confused, "unauthenticated");
}

#[test]
fn a_header_that_is_not_of_the_plain_kind_is_refused() {
    all_are_refused(odd_headers, "unauthenticated");
}

#[test]
fn claims_that_are_not_exactly_right_are_refused() {
    all_are_refused(odd_claims, "unauthenticated");
}

#[test]
fn a_token_that_is_not_whole_is_refused() {
    all_are_refused(odd_forms, "unauthenticated");
}

#[test]
fn a_token_whose_time_is_over_is_told_so() {
    all_are_refused(expired, "token_expired");
}

#[test]
fn a_configured_secret_opens_both_doors_under_its_own_name() {
    let scene = Scene::new();
    block_on(async {
        let token = hs256(SECRET_KID, SECRET.as_bytes(), "HS256");
        let me = Http::bearing(&scene.server, &token).get("/v1/me").await;
        assert_eq!(me.expect(200).json()["user"], "ann");
        let mut wire = Wire::upgrade(&scene.server, &token).await.unwrap();
        wire.send(&json!({"type": "hello"})).await;
        wire.expect("welcome").await;
        let other = scene.with_claims(json!({}));
        wire.send(&json!({"type": "auth", "token": other})).await;
        wire.expect("authenticated").await;
    });
    // A server without the secret knows nobody of that name.
    let plain = Server::virtual_at(CLOCK);
    block_on(async {
        let token = hs256(SECRET_KID, SECRET.as_bytes(), "HS256");
        let refused = Http::bearing(&plain, &token).get("/v1/me").await;
        refused.problem(401, "unauthenticated");
    });
}

#[test]
fn odd_claims_are_made_only_for_a_server_on_a_virtual_clock() {
    let server = Server::virtual_at(CLOCK);
    let data = server.data_arg();
    let odd = [
        "token",
        "--data",
        &data,
        "--user",
        "ann",
        "--claim",
        "aud=elsewhere",
    ];
    streakline(&odd).expect_ok();
    let system = Server::start("system", &[]);
    let data = system.data_arg();
    let odd = [
        "token",
        "--data",
        &data,
        "--user",
        "ann",
        "--claim",
        "aud=elsewhere",
    ];
    let told = streakline(&odd).expect_failure();
    assert!(told.contains("virtual clock"), "{told}");
    streakline(&["token", "--data", &data, "--user", "ann"]).expect_ok();
    let long = [
        "token", "--data", &data, "--user", "ann", "--ttl", "2592001",
    ];
    streakline(&long).expect_failure();
}
