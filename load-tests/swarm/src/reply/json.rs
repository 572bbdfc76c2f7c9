//! Answers in JSON. They come by the hundred thousand, so the common ones are looked through for their numbers; whatever looks
//! different is parsed.

use serde_json::Value;

use super::{Day, Reply, Welcome, fault};
use crate::dates::day_number;

/// Reads a text of the server.
pub(crate) fn read(text: &[u8]) -> Reply {
    let Ok(text) = std::str::from_utf8(text) else {
        return fault("not_utf8");
    };
    if text.starts_with(r#"{"type":"ack","#) {
        return acknowledged(text).unwrap_or_else(|| parsed(text));
    }
    if text.starts_with(r#"{"type":"state","#) {
        return day(text).map_or(Reply::Other, Reply::Day);
    }
    if text.starts_with(r#"{"type":"board","#) {
        let number = |name| number_after(text, name).unwrap_or(0);
        return Reply::Board {
            id: number(r#""id":"#),
            score: number(r#""score":"#),
            own: own_score(text),
        };
    }
    parsed(text)
}

/// The score of the row that says that it is one's own.
fn own_score(text: &str) -> Option<u64> {
    let (before, _) = text.split_once(r#""you":true"#)?;
    let row = before.rfind(r#""score":"#)?;
    number_after(&before[row..], r#""score":"#)
}

/// An acknowledgement without any record to be told of.
fn acknowledged(text: &str) -> Option<Reply> {
    let results = text.find(r#""results":["#).map(|at| &text[at + 11..]);
    if results.is_some_and(|results| !results.starts_with(']')) {
        return None;
    }
    Some(Reply::Acknowledged {
        batch: number_after(text, r#""batch_id":"#)?,
        credits: u32::try_from(number_after(text, r#""credits":"#)?).ok()?,
        refused: Vec::new(),
    })
}

fn day(text: &str) -> Option<Day> {
    let (_, topic) = text.split_once(r#""topic":"me/day/"#)?;
    let speed = topic.split_once(r#""speed":{"#).map(|(_, speed)| speed);
    let last_ms = speed.and_then(|speed| number_after(speed, r#""last_ms":"#));
    Some(Day {
        day: day_number(topic.get(..10)?)?,
        display: number_after(topic, r#""display":"#)?,
        last_ms: last_ms.and_then(|ms| i64::try_from(ms).ok()),
    })
}

fn number_after(text: &str, name: &str) -> Option<u64> {
    let rest = &text[text.find(name)? + name.len()..];
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

fn parsed(text: &str) -> Reply {
    let Ok(frame) = serde_json::from_str::<Value>(text) else {
        return fault("not_json");
    };
    let word = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
    match frame["type"].as_str().unwrap_or_default() {
        "welcome" => Reply::Welcome(welcome(&frame)),
        "ack" => Reply::Acknowledged {
            batch: number(&frame["batch_id"]),
            credits: number(&frame["credits"]) as u32,
            refused: refused(&frame["results"]),
        },
        "subscribed" => Reply::Subscribed,
        "error" => Reply::Error {
            code: word("code"),
            batch: frame["batch_id"].as_u64(),
        },
        "bye" => fault(&format!("bye_{}", word("code"))),
        _ => Reply::Other,
    }
}

fn welcome(frame: &Value) -> Welcome {
    let resume_after = &frame["resume_after"];
    let of = |value: &Value| number(value) as u32;
    Welcome {
        resume_after: [
            number(&resume_after["live"]),
            number(&resume_after["backfill"]),
        ],
        credits: [of(&frame["credits"]), of(&frame["backfill"]["credits"])],
        epoch: frame["events"]["epoch"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        next_event: number(&frame["events"]["next_seq"]),
    }
}

fn refused(results: &Value) -> Vec<String> {
    let results = results.as_array().into_iter().flatten();
    let code = |result: &Value| {
        let code = result["code"].as_str().or(result["status"].as_str());
        code.unwrap_or("unnamed").to_owned()
    };
    results.map(code).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(text: &str) -> Reply {
        // As the server sends it: in one line, in the order of its members.
        let lines = text.lines().map(|line| line.trim().replacen(": ", ":", 1));
        read(lines.collect::<String>().as_bytes())
    }

    macro_rules! server {
        ($name:literal) => {
            fixture(include_str!(concat!(
                "../../../../tests/fixtures/frames-v1/server/",
                $name,
                ".json"
            )))
        };
    }

    #[test]
    fn a_welcome_tells_where_to_resume() {
        let Reply::Welcome(welcome) = server!("welcome") else {
            panic!("no welcome");
        };
        assert_eq!(welcome.resume_after, [170, 0]);
        assert_eq!(welcome.credits, [4, 2]);
        assert_eq!((welcome.epoch.as_str(), welcome.next_event), ("k3v9", 42));
    }

    #[test]
    fn refused_records_of_an_acknowledgement_are_told_by_their_code() {
        let expected = Reply::Acknowledged {
            batch: 18,
            credits: 4,
            refused: vec!["range".to_owned()],
        };
        assert_eq!(server!("ack"), expected);
    }

    #[test]
    fn a_plain_acknowledgement_is_read_without_parsing() {
        let text = br#"{"type":"ack","batch_id":7,"lane":"live","up_to_seq":70,"credits":3,"results":[],"changes":[{"a"#;
        let expected = Reply::Acknowledged {
            batch: 7,
            credits: 3,
            refused: vec![],
        };
        assert_eq!(read(text), expected);
    }

    #[test]
    fn a_day_tells_its_date_and_how_far_it_is() {
        let expected = Day {
            day: 16_904,
            display: 10_700,
            last_ms: None,
        };
        assert_eq!(server!("state_day"), Reply::Day(expected));
        let text = br#"{"type":"state","topic":"me/day/1970-01-02","version":1,"display":0,"metrics":{"charge":{"last_ms":5},"speed":{"n":1,"last":9.0,"last_ms":77}}}"#;
        let expected = Day {
            day: 1,
            display: 0,
            last_ms: Some(77),
        };
        assert_eq!(read(text), Reply::Day(expected));
    }

    #[test]
    fn other_frames_are_told_apart() {
        let board = Reply::Board {
            id: 7,
            score: 65_210,
            own: None,
        };
        assert_eq!(server!("board"), board);
        let own = r#"{"type":"board","id":1,"rows":[{"score":9,"you":false},{"score":7,"row":"c","you":true},{"score":5,"you":false}]}"#;
        let (id, score) = (1, 9);
        assert_eq!(
            read(own.as_bytes()),
            Reply::Board {
                id,
                score,
                own: Some(7)
            }
        );
        assert_eq!(server!("subscribed"), Reply::Subscribed);
        assert_eq!(server!("state_rank"), Reply::Other);
        assert_eq!(server!("event_tokens_posted"), Reply::Other);
        let gap = Reply::Error {
            code: "seq_gap".to_owned(),
            batch: Some(19),
        };
        assert_eq!(server!("error_seq_gap"), gap);
        assert_eq!(server!("bye"), fault("bye_draining"));
    }
}
