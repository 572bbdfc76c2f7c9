//! Frames as text: those of clients, one record alone, and those of the server as a client reads them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use streakline::{
    cli::client::Frame,
    protocol::client_frame::{Batch, ClientFrame, Hello, Lane, Subscribe, View, decode},
    registry,
};
use streakline_core::{
    episode::{Episode, Segment},
    id::{ChallengeId, DeviceId, OutboxId, UserId},
    limits::{ATTEST_BYTES_MAX, BATCH_RECORDS_MAX},
    metric::{Class, Definition, Metric},
    record::{Content, Record},
    sample::DeviceClass,
};

use super::{Judged, Seen, Target, bounded, hold, told};
use crate::{mutate::Form, random::Random, values};

const INTEGER_MAX: u64 = (1 << 53) - 1;

pub(super) const CLIENT_FRAME: Target = Target {
    name: "client_frame",
    form: Form::Json,
    share: 14,
    valid: |seed| valid(seed).to_string().into_bytes(),
    check: |bytes| judge(&String::from_utf8_lossy(bytes)),
};

/// Faults in the record only: the frame around it is always sound.
pub(super) const RECORD: Target = Target {
    name: "record",
    form: Form::Json,
    share: 10,
    valid: |seed| {
        let record = any_json(&mut Random::new(seed, 20));
        record.to_string().into_bytes()
    },
    check: |bytes| {
        let record = String::from_utf8_lossy(bytes);
        let frame = format!(
            r#"{{"type":"batch","batch_id":1,"lane":"live","first_seq":1,"records":[{record}]}}"#
        );
        match judge(&frame)? {
            Seen::Taken(_) => record_alone(&frame),
            Seen::Refused => Ok(Seen::Refused),
        }
    },
};

/// Whether the one record was taken.
fn record_alone(frame: &str) -> Judged {
    match decode(frame, BATCH_RECORDS_MAX) {
        Ok(ClientFrame::Batch(batch)) => match batch.records.as_slice() {
            [Ok(record)] => {
                let json = signed_json(record, batch.signatures.first());
                Ok(Seen::Taken(Some(json.to_string().into_bytes())))
            }
            [Err(_)] => Ok(Seen::Refused),
            // Bytes that end the record and begin another, or another member.
            _ => Ok(Seen::Taken(None)),
        },
        _ => Ok(Seen::Taken(None)),
    }
}

fn judge(text: &str) -> Judged {
    let frame = match bounded((text.as_bytes(), 96, 65_536), || {
        decode(text, BATCH_RECORDS_MAX)
    })? {
        Ok(frame) => frame,
        Err(refused) => {
            let echoed = [refused.batch_id, refused.id].into_iter().flatten();
            hold(echoed.max() <= Some(INTEGER_MAX), || {
                "an echo out of bounds".into()
            })?;
            return told(&refused.refusal);
        }
    };
    sound(&frame)?;
    let again = frame_json(&frame).to_string();
    if let ClientFrame::Batch(batch) = &frame
        && batch.records.iter().any(Result::is_err)
    {
        // Refused records have no form of their own.
        return Ok(Seen::Taken(None));
    }
    let reread = decode(&again, BATCH_RECORDS_MAX).map(|read| as_long_as(read, &frame));
    hold(reread.as_ref() == Ok(&frame), || {
        format!("read again: {reread:?}")
    })?;
    Ok(Seen::Taken(Some(again.into_bytes())))
}

/// A batch knows how long its frame was, which is not what it says.
pub(super) fn as_long_as(mut read: ClientFrame, frame: &ClientFrame) -> ClientFrame {
    if let (ClientFrame::Batch(read), ClientFrame::Batch(batch)) = (&mut read, frame) {
        read.bytes = batch.bytes;
    }
    read
}

/// What every frame that is taken keeps.
pub(super) fn sound(frame: &ClientFrame) -> Result<(), String> {
    match frame {
        ClientFrame::Batch(batch) => {
            let count = batch.records.len();
            hold((1..=BATCH_RECORDS_MAX).contains(&count), || {
                format!("{count} records")
            })?;
            hold((1..=INTEGER_MAX).contains(&batch.first_seq), || {
                "first_seq".into()
            })?;
            hold(batch.batch_id <= INTEGER_MAX, || "batch_id".into())?;
            let is_bound = |(place, bytes): &(u32, Box<[u8]>)| {
                (*place as usize) < count && (1..=ATTEST_BYTES_MAX).contains(&bytes.len())
            };
            hold(batch.signatures.iter().all(is_bound), || {
                "a signature".into()
            })?;
            for record in &batch.records {
                match record {
                    Ok(record) => {
                        let of = registry::metrics().get(record.metric);
                        let sound = of.is_some_and(|of| record.check(of).is_ok());
                        hold(sound || record.is_deleted(), || format!("{record:?}"))?;
                    }
                    Err(refusal) => {
                        let words = refusal.detail.len();
                        hold((1..=1_024).contains(&words), || {
                            format!("{words} bytes of words")
                        })?;
                    }
                }
            }
            Ok(())
        }
        ClientFrame::Hello(hello) => hold(
            hello
                .zone
                .as_ref()
                .is_none_or(|zone| zone.chars().count() <= 64),
            || "a long zone".into(),
        ),
        ClientFrame::Device(report) => hold(report.percent <= 100, || "percent".into()),
        ClientFrame::Subscribe(wanted) => {
            let (rows, most) = match &wanted.view {
                View::Top(rows) => (*rows, 1_000),
                View::Around { k, .. } | View::AroundScore { k, .. } => (*k, 50),
                View::Percentile | View::Teams => (1, 1),
                View::Friends(token) => (u32::from(!token.is_empty()), 1),
            };
            hold((1..=most).contains(&rows), || "rows of a view".into())
        }
        ClientFrame::Unsubscribe { id } | ClientFrame::Ping { id } => {
            hold(*id <= INTEGER_MAX, || "id".into())
        }
        ClientFrame::Auth { token } => hold(!token.is_empty(), || "no token".into()),
    }
}

pub(super) fn frame_json(frame: &ClientFrame) -> Value {
    match frame {
        ClientFrame::Hello(hello) => hello_json(hello),
        ClientFrame::Batch(batch) => batch_json(batch),
        ClientFrame::Device(report) => {
            json!({"type": "device", "battery": report.percent, "charging": report.charging})
        }
        ClientFrame::Subscribe(wanted) => subscribe_json(wanted),
        ClientFrame::Unsubscribe { id } => json!({"type": "unsubscribe", "id": id}),
        ClientFrame::Ping { id } => json!({"type": "ping", "id": id}),
        ClientFrame::Auth { token } => json!({"type": "auth", "token": token}),
    }
}

fn hello_json(hello: &Hello) -> Value {
    let mut json = json!({"type": "hello", "zone": hello.zone, "zone_since_ms": hello.zone_since_ms,
            "client_time_ms": hello.client_time_ms});
    if let Some(device) = &hello.device {
        json["device_id"] = device.device.to_string().into();
        json["outbox_id"] = device.outbox.to_string().into();
        json["class"] = device.class.map(DeviceClass::name).into();
        json["vendor"] = device.vendor.clone().into();
        json["model"] = device.model.clone().into();
    }
    if let Some((epoch, after_seq)) = &hello.events {
        json["events"] = json!({"epoch": epoch, "after_seq": after_seq});
    }
    json
}

fn batch_json(batch: &Batch) -> Value {
    let lane = match batch.lane {
        Lane::Live => "live",
        Lane::Backfill => "backfill",
    };
    let records = (0..).zip(batch.records.iter());
    let told = |(place, record): (u32, &Result<Record, _>)| {
        let signature = batch.signatures.iter().find(|(at, _)| *at == place);
        let record = record.as_ref().ok()?;
        Some(signed_json(record, signature))
    };
    let records: Vec<Value> = records.filter_map(told).collect();
    json!({"type": "batch", "batch_id": batch.batch_id, "lane": lane, "first_seq": batch.first_seq,
        "records": records})
}

fn signed_json(record: &Record, signature: Option<&(u32, Box<[u8]>)>) -> Value {
    let mut json = record_json(record);
    if let Some((_, bytes)) = signature {
        json["attest"] = URL_SAFE_NO_PAD.encode(bytes).into();
    }
    json
}

/// A record, signed or not.
fn any_json(random: &mut Random) -> Value {
    let mut json = record_json(&values::record(random));
    if random.permille(300) {
        let bytes = [values::bytes32(random), values::bytes32(random)].concat();
        let most = usize::try_from(random.within(1, 64)).unwrap_or(64);
        json["attest"] = URL_SAFE_NO_PAD.encode(&bytes[..most]).into();
    }
    json
}

fn record_json(record: &Record) -> Value {
    let Some(of) = registry::metrics().get(record.metric) else {
        return Value::Null;
    };
    let mut json =
        json!({"id": record.id.to_string(), "version": record.version, "metric": of.name});
    if record.is_deleted() {
        json["deleted"] = true.into();
        return json;
    }
    json["start_ms"] = record.start_ms.into();
    json["end_ms"] = record.end_ms.into();
    json["offset_s"] = record.offset_s.into();
    json["method"] = record.method.name().into();
    json["worn"] = record.worn.into();
    json["class"] = record.class().map(Class::name).into();
    json["value"] = record.value().map(|value| amount_json(of, value)).into();
    match &record.content {
        Content::Cumulative { epoch, .. } => json["epoch_id"] = epoch.name().into(),
        Content::Episode(episode) => episode_json(&mut json, episode),
        Content::Delta(_) | Content::Gauge(_) | Content::Deleted => {}
    }
    if of.store_per_unit == 60 {
        json["unit"] = "s".into();
    }
    json
}

/// Seconds where the metric's unit is minutes, which thousandths do not show exactly.
pub(super) fn amount_json(of: &Definition, value: i64) -> Value {
    if of.store_per_unit == 60 {
        return value.into();
    }
    serde_json::from_str(&of.shown(value)).unwrap_or(Value::Null)
}

fn episode_json(json: &mut Value, episode: &Episode) {
    let segment = |held: &Segment| json!({"stage": held.stage.name(), "start_ms": held.start_ms, "end_ms": held.end_ms});
    json["segments"] = episode.segments.iter().map(segment).collect();
    if let Some(sport) = &episode.sport {
        json["sport"] = sport.clone().into();
        let total = |(metric, value): &(Metric, i64)| {
            let of = registry::metrics().get(*metric)?;
            Some((of.name.clone(), amount_json(of, *value)))
        };
        json["totals"] = Value::Object(episode.totals.iter().filter_map(total).collect());
    }
}

fn subscribe_json(wanted: &Subscribe) -> Value {
    let since = wanted.since.as_ref();
    let since = since.map(|since| json!({"epoch": since.epoch, "offset": since.offset}));
    let mut view = match &wanted.view {
        View::Top(top) => json!({"top": top}),
        View::Around { user, k } => {
            json!({"around": {"user": user.as_ref().map(UserId::as_str), "k": k}})
        }
        View::AroundScore { score, k } => json!({"around_score": {"score": score, "k": k}}),
        View::Percentile => json!({"percentile": true}),
        View::Teams => json!({"teams": true}),
        View::Friends(token) => json!({"friends": token}),
    };
    if let Some(segment) = &wanted.segment {
        view["segment"] = segment.to_string().into();
    }
    json!({"type": "subscribe", "id": wanted.id, "topic": format!("board/{}", wanted.challenge),
        "view": view, "deltas": wanted.deltas, "since": since})
}

pub(super) fn valid(seed: u64) -> Value {
    let random = &mut Random::new(seed, 21);
    let id = random.next() >> 11;
    match random.index(9) {
        0 => json!({"type": "ping", "id": id}),
        1 => json!({"type": "unsubscribe", "id": id}),
        2 => json!({"type": "auth", "token": values::words(random, 300)}),
        3 => {
            let topic = format!("board/{}", ChallengeId(values::bytes16(random)));
            let (k, score) = (random.within(1, 50), random.within(0, 1 << 40));
            let view = match random.index(6) {
                5 => json!({"friends": values::words(random, 300)}),
                4 => json!({"teams": true}),
                0 => json!({"top": random.within(1, 1_000)}),
                1 => {
                    let user = ["ann", "bob"][random.index(2)];
                    json!({"around": {"user": user, "k": k}})
                }
                2 => json!({"around_score": {"score": score, "k": k}}),
                _ => json!({"percentile": true}),
            };
            let since = random
                .permille(500)
                .then(|| json!({"epoch": "b1", "offset": id}));
            json!({"type": "subscribe", "id": id, "topic": topic, "view": view,
                "deltas": random.permille(500), "since": since})
        }
        4 => hello(random),
        5 => {
            json!({"type": "device", "battery": random.within(0, 100), "charging": random.permille(500)})
        }
        _ => {
            let count = random.within(1, 6);
            let records: Vec<Value> = (0..count).map(|_| any_json(random)).collect();
            let lane = ["live", "backfill"][random.index(2)];
            json!({"type": "batch", "batch_id": id, "lane": lane, "first_seq": id.max(1), "records": records})
        }
    }
}

fn hello(random: &mut Random) -> Value {
    let zone = random.permille(700).then(|| values::ZONES[random.index(5)]);
    let time_ms = random.permille(700).then_some(values::FROM_MS);
    let since_ms = random.permille(300).then_some(values::FROM_MS);
    let mut json = json!({"type": "hello", "zone": zone, "zone_since_ms": since_ms, "client_time_ms": time_ms});
    if random.permille(800) {
        let device = values::introduction(random);
        json["device_id"] = DeviceId(values::bytes16(random)).to_string().into();
        json["outbox_id"] = OutboxId(values::bytes16(random)).to_string().into();
        json["class"] = device.class.name().into();
        json["vendor"] = device.vendor.into();
        json["model"] = device.model.into();
    }
    if random.permille(500) {
        json["events"] = json!({"epoch": "k3v9", "after_seq": random.next() >> 11});
    }
    json
}

pub(super) const SERVER_FRAME: Target = Target {
    name: "server_frame",
    form: Form::Json,
    share: 3,
    valid: |seed| {
        let random = &mut Random::new(seed, 22);
        let seq = random.next() >> 11;
        let frame = match random.index(4) {
            0 => {
                json!({"type": "welcome", "server_time_ms": 1, "user": "ann", "zone": "UTC", "session": "x",
                "zone_refused": {"code": "limit", "detail": values::words(random, 40)},
                "resume_after": {"live": seq, "backfill": 0}, "credits": 4, "max_records": 500,
                "max_bytes": 65_536, "heartbeat_s": 25, "events": {"epoch": "a", "next_seq": 1, "recovered": true}})
            }
            1 => {
                json!({"type": "ack", "batch_id": seq, "lane": "live", "up_to_seq": seq, "credits": 4,
                "results": [{"seq": seq, "status": "rejected", "code": "range", "detail": values::words(random, 40)}]})
            }
            2 => {
                json!({"type": "error", "code": "seq_gap", "detail": "expected", "batch_id": 1, "expected_seq": seq})
            }
            _ => json!({"type": "state", "topic": "me/day/2016-04-13", "version": seq}),
        };
        frame.to_string().into_bytes()
    },
    check: server_frame,
};

fn server_frame(bytes: &[u8]) -> Judged {
    let text = String::from_utf8_lossy(bytes);
    let read = bounded((bytes, 96, 65_536), || {
        Frame::parse(&text).map_err(|error| error.to_string())
    })?;
    match read {
        Ok(frame) => {
            hold(!frame.kind().is_empty() || text.contains("\"\""), || {
                "no kind".into()
            })?;
            let _ = frame.json();
            Ok(Seen::Taken(None))
        }
        Err(words) => {
            hold(!words.is_empty(), || "no words".into())?;
            Ok(Seen::Refused)
        }
    }
}
