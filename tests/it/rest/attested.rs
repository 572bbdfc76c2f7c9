//! Samples that a device signs, over REST and the stream: keys of devices, and a challenge that believes what is signed alone
//! (ADR 0077).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use streakline::protocol::form::Form;
use streakline_core::{
    attest::message,
    id::{DeviceId, RecordId, UserId},
    metric::Metric,
    record::{Content, Record},
    sample::Method,
};

use super::http::{Http, faults};
use super::people::{CLOCK, IMPORTED, challenge, device_of, make_user, published, utc};
use crate::harness::wire::hello;
use crate::harness::{Server, Wire, block_on};

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn ed25519(seed: u8) -> (Value, Sign) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let key = URL_SAFE_NO_PAD.encode(pair.public_key());
    let sign = move |message: &[u8]| pair.sign(message).as_ref().to_vec();
    let body = json!({"algorithm": "ed25519", "public_key": key});
    (body, Box::new(sign))
}

fn es256() -> (Value, Sign) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let key = URL_SAFE_NO_PAD.encode(pair.public_key());
    let sign = move |message: &[u8]| {
        let signed = pair.sign_digest(&digest(&SHA256, message)).unwrap();
        signed.as_ref().to_vec()
    };
    let body = json!({"algorithm": "es256", "public_key": key});
    (body, Box::new(sign))
}

fn minute(number: i64) -> i64 {
    utc("2016-04-13", 9, number)
}

/// Steps of a minute, whose number is the id, as ann's watch sends them.
fn record(number: i64, steps: i64) -> Value {
    json!({"id": number.to_string(), "metric": "steps", "start_ms": minute(number), "end_ms": minute(number + 1),
        "value": steps, "method": "auto"})
}

/// What signs them.
fn attest(number: i64, steps: i64, sign: &Sign) -> Vec<u8> {
    let record = Record {
        id: RecordId::Number(number.unsigned_abs()),
        version: 1,
        metric: Metric::STEPS,
        start_ms: minute(number),
        end_ms: minute(number + 1),
        offset_s: None,
        content: Content::Delta(steps),
        method: Method::Auto,
        worn: None,
    };
    let watch = DeviceId::parse(&device_of("ann")).unwrap();
    sign(&message(&UserId::parse("ann").unwrap(), watch, &record))
}

fn signed(number: i64, steps: i64, sign: &Sign) -> Value {
    let mut told = record(number, steps);
    told["attest"] = json!(URL_SAFE_NO_PAD.encode(attest(number, steps, sign)));
    told
}

/// A socket of a device, with the number of its next record.
struct Queue(Wire, u64);

impl Queue {
    async fn of(form: Form, server: &Server, device: &str, now_ms: i64) -> Self {
        let (wire, welcome) = Wire::hello_in(form, server, "ann", &hello(device, now_ms)).await;
        let next = welcome["resume_after"]["live"].as_u64().unwrap() + 1;
        Self(wire, next)
    }

    /// Sends records; what became of those that are not plainly accepted, each as its status and code.
    async fn send(&mut self, records: &[Value]) -> Vec<String> {
        let batch = json!({"type": "batch", "batch_id": self.1, "lane": "live", "first_seq": self.1,
            "records": records});
        self.1 += records.len() as u64;
        let ack = self.0.ack(&batch).await;
        let results = ack["results"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told =
            |result: &Value| format!("{} {}", text(&result["status"]), text(&result["code"]));
        results.map(told).collect()
    }
}

async fn score(admin: &Http, of: &str, at_ms: i64) -> Value {
    // The score comes to the board behind the answer.
    admin.advance(at_ms).await;
    let row = admin.get(&format!("{of}/leaderboard/ann")).await;
    row.expect(200).json()["score"].clone()
}

/// What a day's list says of the records of ann's watch: id, signature, fate.
async fn fates(admin: &Http) -> Vec<(String, Value, String)> {
    let path = "/v1/users/ann/days/2016-04-13/records";
    let all = admin.all(path, 100).await;
    let own = all
        .into_iter()
        .filter(|row| row["device"] == device_of("ann"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    own.map(|row| {
        (
            text(&row["id"]),
            row["signature"].clone(),
            text(&row["fate"]),
        )
    })
    .collect()
}

fn key_path() -> String {
    format!("/v1/users/ann/devices/{}/key", device_of("ann"))
}

/// Ann, her challenge, and what the clock says then.
async fn scene(server: &Server) -> (Http, String, i64) {
    let admin = Http::admin(server);
    make_user(&admin, "ann").await;
    let mut body = challenge("2016-04-13", "2016-04-14");
    body["evidence"] = json!("attested");
    let of = published(&admin, &body).await;
    assert_eq!(admin.get(&of).await.json()["evidence"], "attested");
    let path = format!("{of}/enrolments/ann");
    admin.enrol(&path).await.expect(201);
    let now_ms = utc("2016-04-13", 12, 0);
    admin.advance(now_ms).await;
    (admin, of, now_ms)
}

const ACCEPTED: [String; 0] = [];

#[test]
fn only_what_a_registered_key_has_signed_counts_where_a_challenge_asks_for_it() {
    let mut server = Server::virtual_at(CLOCK);
    let of = block_on(async {
        let (admin, of, now_ms) = scene(&server).await;
        let mut watch = Queue::of(Form::Json, &server, &device_of("ann"), now_ms).await;
        let mut phone = Queue::of(Form::Json, &server, IMPORTED, now_ms).await;
        let (first, sign) = ed25519(1);
        // Before there is a key nobody looks at a signature.
        let mut ignored = record(0, 100);
        ignored["attest"] = json!("AAAA");
        assert_eq!(watch.send(&[ignored]).await, ACCEPTED);
        admin.put(&key_path(), &first).await.expect(201);
        assert_eq!(phone.send(&[record(1, 200)]).await, ACCEPTED);
        assert_eq!(score(&admin, &of, now_ms + 1).await, 0);
        let walked = [signed(1, 10, &sign), record(2, 20), signed(3, 40, &sign)];
        let told = watch.send(&walked).await;
        assert_eq!(told, ["quarantined bad_signature"]);
        assert_eq!(score(&admin, &of, now_ms + 2).await, 50);
        assert_eq!(watch.send(&[signed(0, 100, &sign)]).await, ACCEPTED);
        assert_eq!(score(&admin, &of, now_ms + 3).await, 150);
        // Both devices are watches, and the older binding is believed for the minute that both have.
        let day = "/v1/users/ann/days/2016-04-13";
        let day = admin.get(day).await.expect(200).json();
        assert_eq!(
            (&day["display"], &day["eligible"]),
            (&json!(170), &json!(150))
        );
        of
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        let now_ms = utc("2016-04-13", 12, 10);
        let again = score(&admin, &of, now_ms).await;
        assert_eq!(again, 150, "the journal says what was signed");
        let held = admin.get(&key_path()).await.expect(200).json();
        assert_eq!(held["public_key"], ed25519(1).0["public_key"]);
    });
}

#[test]
fn a_signature_of_something_else_keeps_a_record_aside_and_an_ill_formed_one_refuses_it() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (admin, of, now_ms) = scene(&server).await;
        let mut watch = Queue::of(Form::Json, &server, &device_of("ann"), now_ms).await;
        let (first, sign) = ed25519(1);
        admin.put(&key_path(), &first).await.expect(201);
        let mut changed = signed(2, 20, &sign);
        changed["value"] = json!(200);
        let mut moved = record(3, 20);
        moved["attest"] = signed(2, 20, &sign)["attest"].clone();
        let mut ill_formed = record(4, 1);
        ill_formed["attest"] = json!("not base64url");
        let told = watch.send(&[changed, moved, ill_formed]).await;
        let aside = "quarantined bad_signature";
        assert_eq!(told, [aside, aside, "rejected bad_signature"]);
        assert_eq!(score(&admin, &of, now_ms + 1).await, 0);
        let fate = |id: &str| (id.to_owned(), json!("missing"), "unsigned".to_owned());
        assert_eq!(fates(&admin).await, [fate("2"), fate("3")]);
        // The same content under its own signature counts after all.
        assert_eq!(watch.send(&[signed(3, 20, &sign)]).await, ACCEPTED);
        assert_eq!(score(&admin, &of, now_ms + 2).await, 20);
    });
}

#[test]
fn a_key_is_registered_replaced_and_taken_away() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let admin = Http::admin(&server);
        make_user(&admin, "ann").await;
        let (path, (first, sign)) = (key_path(), ed25519(1));
        admin.put(&path, &first).await.problem(404, "not_found");
        let now_ms = utc("2016-04-13", 12, 0);
        admin.advance(now_ms).await;
        let mut watch = Queue::of(Form::Cbor, &server, &device_of("ann"), now_ms).await;
        admin.get(&path).await.problem(404, "not_found");
        let made = admin.put(&path, &first).await.expect(201).json();
        assert_eq!(made["public_key"], first["public_key"]);
        assert_eq!(made["since_ms"], now_ms);
        assert_eq!(admin.get(&path).await.expect(200).json(), made);
        let devices = admin.get("/v1/users/ann/devices").await.json();
        let shown = json!({"key_id": made["key_id"], "algorithm": "ed25519", "since_ms": now_ms});
        assert_eq!(devices["items"][0]["key"], shown);
        let (second, sign_anew) = es256();
        let unconditional = admin.put(&path, &second).await;
        unconditional.problem(428, "precondition_required");
        admin.replace(&path, &first).await.expect(200);
        let wrong = json!({"algorithm": "es256", "public_key": first["public_key"]});
        let refused = admin.replace(&path, &wrong).await.faults(422, "invalid");
        assert_eq!(refused, faults(&[("/public_key", "range")]));
        // In the compact form a signature travels as its bytes.
        assert_eq!(watch.send(&[signed(0, 10, &sign)]).await, ACCEPTED);
        admin.replace(&path, &second).await.expect(200);
        let told = watch
            .send(&[signed(1, 20, &sign), signed(2, 40, &sign_anew)])
            .await;
        assert_eq!(told, ["quarantined bad_signature"]);
        admin.delete(&path).await.expect(204);
        admin.delete(&path).await.problem(404, "not_found");
        assert_eq!(watch.send(&[record(3, 80)]).await, ACCEPTED);
        let wanted = [
            ("0", json!("valid"), "counts"),
            ("1", json!("missing"), "unsigned"),
            ("2", json!("valid"), "counts"),
            ("3", json!(null), "counts"),
        ];
        let wanted =
            wanted.map(|(id, signature, fate)| (id.to_owned(), signature, fate.to_owned()));
        assert_eq!(fates(&admin).await, wanted);
        let again = admin.put(&path, &second).await.expect(201).json();
        assert_eq!(again["algorithm"], "es256");
    });
}
