//! Keys must sort as their meaning does, and give it back.

use std::ops::RangeBounds;

use streakline_core::civil::Day;

use super::*;

const CHALLENGE_ID: ChallengeId = ChallengeId([7; 16]);

fn ann(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn users() -> Vec<UserId> {
    let longest = "z".repeat(64);
    [
        "-", "-a", ".", "0", "A", "_", "a", "a-", "a.b", "a0", "ab", "b", &longest,
    ]
    .map(ann)
    .into()
}

fn assert_sorted(keys: &[Vec<u8>]) {
    assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
}

#[test]
fn journal_keys_sort_by_partition_epoch_and_index() {
    let mut places = Vec::new();
    for partition in [1, 0x100, 0x1ff, u32::MAX].map(PartitionId) {
        for epoch in [0, 1, 256, u64::MAX] {
            for index in [0, 1, 255, 256, u64::MAX] {
                places.push((partition, Position { epoch, index }));
            }
        }
    }
    let keys: Vec<_> = places.iter().map(|(p, at)| journal(*p, *at)).collect();
    assert_sorted(&keys);
    for (place, key) in places.iter().zip(&keys) {
        assert_eq!(parse_journal(key).unwrap(), *place);
    }
}

#[test]
fn rows_of_one_user_never_mix_with_those_of_a_longer_name() {
    let mut keys = Vec::new();
    for user in users() {
        for number in [0, 1, 255, 256, u64::MAX] {
            keys.push(numbered(&user, number));
        }
    }
    assert_sorted(&keys);
    for user in users() {
        let range = numbered_after(&user, 1);
        let inside: Vec<_> = keys.iter().filter(|key| range.contains(*key)).collect();
        assert_eq!(inside.len(), 3, "{user}");
        assert!(
            inside
                .iter()
                .all(|key| key.starts_with(user.as_str().as_bytes()))
        );
        assert_eq!(parse_number(inside[2]).unwrap(), u64::MAX);
    }
}

#[test]
fn chunks_sort_by_day_before_and_after_1970() {
    let ids = [i32::MIN, -1, 0, 1, i32::MAX].map(|day| ChunkId {
        day: Day(day),
        number: 9,
    });
    assert_sorted(&ids.map(|id| chunk(&ann("a"), id)));
}

#[test]
fn standings_page_by_user_within_one_challenge() {
    let keys: Vec<_> = users()
        .iter()
        .map(|user| standing(CHALLENGE_ID, user))
        .collect();
    assert_sorted(&keys);
    for (at, user) in users().iter().enumerate() {
        assert_eq!(parse_standing_user(&keys[at]).unwrap(), *user);
        let after = standings_after(CHALLENGE_ID, Some(user));
        assert_eq!(
            keys.iter().filter(|key| after.contains(*key)).count(),
            keys.len() - at - 1
        );
    }
    let other = standing(ChallengeId([8; 16]), &ann("a"));
    assert!(!standings_after(CHALLENGE_ID, None).contains(&other));
}

#[test]
fn due_rows_sort_by_deadline_then_entity() {
    let mut places = Vec::new();
    for at_ms in [i64::MIN, -1, 0, 1, 1_460_462_400_000, i64::MAX] {
        places.extend(users().into_iter().map(|user| (at_ms, Entity::User(user))));
        places.push((at_ms, Entity::Challenge(CHALLENGE_ID)));
        places.push((at_ms, Entity::Partition(PartitionId(0x101))));
    }
    let keys: Vec<_> = places
        .iter()
        .map(|(ms, of)| due(PartitionId(0x101), *ms, of))
        .collect();
    assert_sorted(&keys);
    for ((at_ms, entity), key) in places.iter().zip(&keys) {
        assert_eq!(parse_due(key).unwrap(), (*at_ms, entity.clone()));
        assert!(due_up_to(PartitionId(0x101), *at_ms).contains(key));
        assert!(!due_up_to(PartitionId(0x102), i64::MAX).contains(key));
        assert_eq!(
            due_up_to(PartitionId(0x101), -1).contains(key),
            *at_ms <= -1
        );
    }
}

#[test]
fn idempotency_keys_cannot_be_confused() {
    let key = |principal: &str, key: &str| {
        idempotency(&IdempotencyKey {
            principal: principal.into(),
            key: key.into(),
        })
    };
    assert_ne!(key("user:a", "bc"), key("user:ab", "c"));
    assert_ne!(key("user:a", "\0b"), key("user:a\0", "b"));
    let row = expiry(-5, &key("user:a", "b"));
    assert_eq!(parse_expiry(&row).unwrap(), key("user:a", "b"));
    assert!(expired_before(-4).contains(&row));
    assert!(!expired_before(-5).contains(&row));
}

#[test]
fn malformed_keys_are_refused() {
    assert!(parse_journal(&[0; 19]).is_err());
    assert!(parse_due(&[0; 13]).is_err(), "an entity of kind 0");
    assert!(parse_standing_user(&[7; 16]).is_err(), "an empty name");
    assert!(challenge(&[7; 15]).is_err());
}
