//! Every statement of the store, prepared once at the start, with its kind of work.
//!
//! A kind has its own execution profile: how durable, how long one attempt may take, how large a page. Tables and their access
//! paths are in schema/cql. Made by `ScyllaStore::open`.

use std::sync::Arc;

use scylla::{
    client::{
        execution_profile::{ExecutionProfile, ExecutionProfileHandle},
        session::Session,
    },
    policies::{
        load_balancing::{DefaultPolicy, LoadBalancingPolicy},
        retry::{DefaultRetryPolicy, FallthroughRetryPolicy},
    },
    statement::{Consistency, SerialConsistency},
};

use super::{
    super::Error,
    cql::{Statement, within},
};

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Durable when it is done, and repeatable.
    Write,
    /// Few rows by their key.
    Read,
    /// Many rows, page by page, behind what is live.
    Scan,
    /// A lightweight transaction, whose outcome a time-out leaves open.
    Condition,
    /// What such transactions have decided.
    Decided,
}

/// Ms that one attempt may take.
const WRITE_WITHIN_MS: u64 = 5_000;
const SCAN_WITHIN_MS: u64 = 20_000;
const CONDITION_WITHIN_MS: u64 = 10_000;
/// Rows of one page.
const READ_ROWS: i32 = 1_000;
const SCAN_ROWS: i32 = 64;

/// One profile a kind of work.
struct Profiles {
    write: ExecutionProfileHandle,
    read: ExecutionProfileHandle,
    scan: ExecutionProfileHandle,
    condition: ExecutionProfileHandle,
    decided: ExecutionProfileHandle,
}

impl Profiles {
    fn new(datacenter: Option<&str>) -> Self {
        let balancing = balancing(datacenter);
        let profile = |within_ms: u64, consistency| {
            ExecutionProfile::builder()
                .load_balancing_policy(balancing.clone())
                .request_timeout(within(within_ms))
                .consistency(consistency)
                .serial_consistency(Some(SerialConsistency::LocalSerial))
                .retry_policy(Arc::new(DefaultRetryPolicy::new()))
        };
        let quorum = Consistency::LocalQuorum;
        let never = Arc::new(FallthroughRetryPolicy::new());
        let condition = profile(CONDITION_WITHIN_MS, quorum).retry_policy(never);
        Self {
            write: profile(WRITE_WITHIN_MS, quorum).build().into_handle(),
            read: profile(WRITE_WITHIN_MS, quorum).build().into_handle(),
            scan: profile(SCAN_WITHIN_MS, quorum).build().into_handle(),
            condition: condition.build().into_handle(),
            decided: profile(CONDITION_WITHIN_MS, Consistency::LocalSerial)
                .build()
                .into_handle(),
        }
    }

    fn of(&self, work: Work) -> ExecutionProfileHandle {
        match work {
            Work::Write => &self.write,
            Work::Read => &self.read,
            Work::Scan => &self.scan,
            Work::Condition => &self.condition,
            Work::Decided => &self.decided,
        }
        .clone()
    }
}

/// The replicas of a row are asked first; those of another data centre never, where one is named.
fn balancing(datacenter: Option<&str>) -> Arc<dyn LoadBalancingPolicy> {
    let policy = DefaultPolicy::builder().token_aware(true);
    match datacenter {
        Some(name) => policy.prefer_datacenter(name.to_owned()),
        None => policy,
    }
    .build()
}

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $work:ident $text:literal;)*) => {
        /// The prepared statements, by name.
        pub(super) struct Statements {
            $($(#[$doc])* pub(super) $name: Statement,)*
        }

        impl Statements {
            /// Prepares all of them.
            ///
            /// # Errors
            /// [`Error::Refused`] when the keyspace has not the tables, [`Error::Unavailable`] when the store is away.
            pub(super) async fn prepare(session: &Session, datacenter: Option<&str>) -> Result<Self, Error> {
                let profiles = Profiles::new(datacenter);
                Ok(Self {
                    $($name: prepare(session, stringify!($name), $text, (Work::$work, &profiles)).await?,)*
                })
            }
        }

        #[cfg(test)]
        const TEXTS: &[(&str, &str)] = &[$((stringify!($work), $text),)*];
    };
}

async fn prepare(
    session: &Session,
    name: &'static str,
    text: &str,
    (work, profiles): (Work, &Profiles),
) -> Result<Statement, Error> {
    let prepared = session.prepare(text).await;
    let mut prepared =
        prepared.map_err(|error| Error::Unavailable(format!("preparing {name}: {error}")))?;
    prepared.set_execution_profile_handle(Some(profiles.of(work)));
    prepared.set_is_idempotent(work != Work::Condition);
    prepared.set_page_size(if work == Work::Scan {
        SCAN_ROWS
    } else {
        READ_ROWS
    });
    Ok(Statement { name, prepared })
}

statements! {
    setting: Decided "SELECT value, node FROM settings WHERE name = ?";
    setting_insert: Condition "INSERT INTO settings (name, value, node) VALUES (?, ?, ?) IF NOT EXISTS";
    setting_update: Condition "UPDATE settings SET value = ?, node = ? WHERE name = ? IF value = ?";

    setting_bytes: Decided "SELECT bytes FROM settings WHERE name = ?";
    setting_bytes_insert: Condition "INSERT INTO settings (name, bytes) VALUES (?, ?) IF NOT EXISTS";
    setting_bytes_update: Condition "UPDATE settings SET bytes = ? WHERE name = ? IF bytes = ?";
    setting_bytes_delete: Condition "DELETE FROM settings WHERE name = ? IF bytes = ?";

    data_key: Decided "SELECT bytes FROM data_keys WHERE id = ?";
    data_key_insert: Condition "INSERT INTO data_keys (id, bytes) VALUES (?, ?) IF NOT EXISTS";
    data_key_replace: Condition "UPDATE data_keys SET bytes = ? WHERE id = ? IF bytes = ?";
    data_keys_first: Scan "SELECT id, bytes FROM data_keys LIMIT ?";
    data_keys_after: Scan "SELECT id, bytes FROM data_keys WHERE token(id) > token(?) LIMIT ?";
    key_owner: Decided "SELECT id FROM key_owners WHERE user = ?";
    key_owner_insert: Condition "INSERT INTO key_owners (user, id) VALUES (?, ?) IF NOT EXISTS";
    key_owner_delete: Condition "DELETE FROM key_owners WHERE user = ? IF id = ?";

    nodes_decided: Decided "SELECT node, epoch, dead FROM nodes WHERE list = 0";
    nodes: Read "SELECT node, epoch, dead FROM nodes WHERE list = 0";
    node: Read "SELECT dead FROM nodes WHERE list = 0 AND node = ?";
    node_insert: Condition "INSERT INTO nodes (list, node, epoch, dead) VALUES (0, ?, ?, false) IF NOT EXISTS";
    node_obituary: Condition "UPDATE nodes SET dead = true WHERE list = 0 AND node = ? IF dead = false";
    node_delete: Condition "DELETE FROM nodes WHERE list = 0 AND node = ? IF dead = true";
    ceiling: Read "SELECT at_us FROM ceilings WHERE node = ?";
    ceiling_raise: Write "UPDATE ceilings USING TIMESTAMP ? SET at_us = ? WHERE node = ?";
    ceiling_delete: Write "DELETE FROM ceilings USING TIMESTAMP ? WHERE node = ?";

    seals: Read "SELECT epoch, last FROM seals WHERE partition = ?";
    seals_decided: Decided "SELECT epoch, last FROM seals WHERE partition = ?";
    seal: Condition "INSERT INTO seals (partition, epoch, last) VALUES (?, ?, ?) IF NOT EXISTS";

    journal_insert: Write "INSERT INTO journal (partition, epoch, segment, first, last, written_us, bytes, attachments) \
                           VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    journal_row: Read "SELECT last, written_us, bytes, attachments FROM journal \
                       WHERE partition = ? AND epoch = ? AND segment = ? AND first = ?";
    journal_segment: Scan "SELECT first, last, bytes FROM journal WHERE partition = ? AND epoch = ? AND segment = ?";
    journal_keys: Scan "SELECT first, last FROM journal WHERE partition = ? AND epoch = ? AND segment = ?";
    journal_drop: Write "DELETE FROM journal USING TIMESTAMP ? WHERE partition = ? AND epoch = ? AND segment = ?";
    segments: Read "SELECT epoch, segment, first FROM segments WHERE partition = ?";
    segment_insert: Write "INSERT INTO segments (partition, epoch, segment, first) VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    segments_drop: Write "DELETE FROM segments USING TIMESTAMP ? WHERE partition = ? AND (epoch, segment) <= (?, ?)";

    snapshots: Read "SELECT epoch, idx, written_us, state FROM snapshots WHERE kind = ? AND id = ? LIMIT 4";
    snapshot_keys: Read "SELECT epoch, idx, written_us FROM snapshots WHERE kind = ? AND id = ? LIMIT 4";
    snapshot_at: Read "SELECT written_us FROM snapshots WHERE kind = ? AND id = ? AND epoch = ? AND idx = ? AND written_us = ?";
    snapshot_insert: Write "INSERT INTO snapshots (kind, id, epoch, idx, written_us, state) VALUES (?, ?, ?, ?, ?, ?) \
                            USING TIMESTAMP ?";
    snapshots_drop: Write "DELETE FROM snapshots USING TIMESTAMP ? WHERE kind = ? AND id = ? \
                           AND (epoch, idx, written_us) < (?, ?, ?)";
    state_part: Read "SELECT bytes FROM state_parts WHERE kind = ? AND id = ? AND epoch = ? AND idx = ? AND written_us = ? AND part = ?";
    state_part_insert: Write "INSERT INTO state_parts (kind, id, epoch, idx, written_us, part, bytes) VALUES (?, ?, ?, ?, ?, ?, ?) \
                              USING TIMESTAMP ?";
    state_parts_drop: Write "DELETE FROM state_parts USING TIMESTAMP ? WHERE kind = ? AND id = ? \
                             AND (epoch, idx, written_us) < (?, ?, ?)";
    commit: Read "SELECT written_us, kind, id, epoch, idx, rest FROM commits WHERE partition = ?";
    commit_begin: Write "INSERT INTO commits (partition, written_us, kind, id, epoch, idx, rest) VALUES (?, ?, ?, ?, ?, ?, ?) \
                         USING TIMESTAMP ?";
    voided: Read "SELECT written_us FROM voided WHERE list = 0";
    voided_insert: Write "INSERT INTO voided (list, written_us) VALUES (0, ?) USING TIMESTAMP ?";
    partition_row: Read "SELECT bytes FROM partitions WHERE partition = ?";
    partition_put: Write "INSERT INTO partitions (partition, bytes) VALUES (?, ?) USING TIMESTAMP ?";

    chunk: Read "SELECT bytes FROM chunks WHERE user = ? AND bucket = ? AND day = ? AND number = ?";
    chunk_insert: Write "INSERT INTO chunks (user, bucket, day, number, bytes) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?";
    chunk_drop: Write "DELETE FROM chunks USING TIMESTAMP ? WHERE user = ? AND bucket = ? AND day = ? AND number = ?";
    chunks_erase: Write "DELETE FROM chunks USING TIMESTAMP ? WHERE user = ? AND bucket = ?";
    user_rows_erase: Write "DELETE FROM user_rows USING TIMESTAMP ? WHERE user = ? AND kind = ? AND bucket = ?";
    snapshots_erase: Write "DELETE FROM snapshots USING TIMESTAMP ? WHERE kind = ? AND id = ?";
    commit_erase: Write "DELETE FROM commits USING TIMESTAMP ? WHERE partition = ?";
    buckets_erase: Write "DELETE FROM buckets USING TIMESTAMP ? WHERE list = ?";
    device_free: Condition "DELETE FROM devices WHERE device = ? IF user = ?";
    answers: Read "SELECT key, expires_ms FROM answers WHERE principal = ? AND bucket = ?";
    answers_erase: Write "DELETE FROM answers USING TIMESTAMP ? WHERE principal = ? AND bucket = ?";
    user_rows: Read "SELECT number, bytes FROM user_rows WHERE user = ? AND kind = ? AND bucket = ? AND number > ? LIMIT ?";
    user_row_insert: Write "INSERT INTO user_rows (user, kind, bucket, number, bytes) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?";
    standings: Read "SELECT user, bytes FROM standings WHERE challenge = ? AND bucket = ? AND user > ? LIMIT ?";
    standing_put: Write "INSERT INTO standings (challenge, bucket, user, bytes) VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    standing_drop: Write "DELETE FROM standings USING TIMESTAMP ? WHERE challenge = ? AND bucket = ? AND user = ?";
    due: Read "SELECT at_ms, kind, id FROM due WHERE partition = ? AND bucket = ? AND at_ms <= ? LIMIT ?";
    due_insert: Write "INSERT INTO due (partition, bucket, at_ms, kind, id) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?";
    due_drop: Write "DELETE FROM due USING TIMESTAMP ? WHERE partition = ? AND bucket = ? AND at_ms = ? AND kind = ? AND id = ?";

    data_keys_all: Scan "SELECT id, bytes FROM data_keys";
    key_owners_all: Scan "SELECT user, id FROM key_owners";
    partitions_all: Scan "SELECT partition, bytes FROM partitions";
    devices_all: Scan "SELECT device, user FROM devices";
    challenges_all: Scan "SELECT challenge FROM challenges";
    answers_all: Scan "SELECT principal, key, expires_ms, bytes FROM answers";
    snapshots_all: Scan "SELECT DISTINCT kind, id FROM snapshots";
    chunks_all: Scan "SELECT user, day, number, bytes FROM chunks";
    user_rows_all: Scan "SELECT user, kind, number, bytes FROM user_rows";
    standings_all: Scan "SELECT challenge, user, bytes FROM standings";
    due_all: Scan "SELECT partition, at_ms, kind, id FROM due";

    buckets: Read "SELECT bucket FROM buckets WHERE list = ? AND bucket >= ?";
    bucket_insert: Write "INSERT INTO buckets (list, bucket) VALUES (?, ?) USING TIMESTAMP ?";
    bucket_drop: Write "DELETE FROM buckets USING TIMESTAMP ? WHERE list = ? AND bucket = ?";

    device: Decided "SELECT user FROM devices WHERE device = ?";
    device_claim: Condition "INSERT INTO devices (device, user) VALUES (?, ?) IF NOT EXISTS";
    challenges: Read "SELECT challenge FROM challenges WHERE bucket = ? AND challenge > ? LIMIT ?";
    challenge_list: Write "INSERT INTO challenges (bucket, challenge) VALUES (?, ?) USING TIMESTAMP ?";
    challenge_unlist: Write "DELETE FROM challenges USING TIMESTAMP ? WHERE bucket = ? AND challenge = ?";
    answer: Read "SELECT expires_ms, bytes FROM answers WHERE principal = ? AND bucket = ? AND key = ?";
    answer_put: Write "INSERT INTO answers (principal, bucket, key, expires_ms, bytes) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?";
    answer_drop: Write "DELETE FROM answers USING TIMESTAMP ? WHERE principal = ? AND bucket = ? AND key = ?";
    expiries: Read "SELECT expires_ms, principal, key FROM expiries WHERE bucket = ? AND expires_ms < ? LIMIT ?";
    expiry_insert: Write "INSERT INTO expiries (bucket, expires_ms, principal, key) VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    expiry_drop: Write "DELETE FROM expiries USING TIMESTAMP ? WHERE bucket = ? AND expires_ms = ? AND principal = ? AND key = ?";
    stuck_row: Read "SELECT bytes FROM stuck WHERE partition = ? AND epoch = ? AND idx = ?";
    stuck: Read "SELECT epoch, idx, bytes FROM stuck WHERE partition = ? AND (epoch, idx) > (?, ?) LIMIT ?";
    stuck_insert: Write "INSERT INTO stuck (partition, epoch, idx, bytes) VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    stuck_drop: Write "DELETE FROM stuck USING TIMESTAMP ? WHERE partition = ? AND epoch = ? AND idx = ?";
    clock: Read "SELECT now_ms FROM clocks WHERE list = 0";
    clock_set: Write "INSERT INTO clocks (list, now_ms) VALUES (0, ?) USING TIMESTAMP ?";
}

#[cfg(test)]
mod tests {
    use super::TEXTS;

    /// What a repeat must not change: a plain write names its own time, and a conditional one cannot.
    #[test]
    fn every_write_carries_its_timestamp_and_no_table_mixes_both_kinds() {
        let table = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            let at = words
                .iter()
                .position(|word| matches!(*word, "INTO" | "UPDATE" | "FROM"));
            at.and_then(|at| words.get(at + 1))
                .map(|word| (*word).to_owned())
        };
        let of = |kind: &str| -> Vec<(Option<String>, &str)> {
            let texts = TEXTS.iter().filter(|(work, _)| *work == kind);
            texts.map(|(_, text)| (table(text), *text)).collect()
        };
        let (writes, conditions) = (of("Write"), of("Condition"));
        assert!(writes.len() > 20 && conditions.len() > 5);
        for (table, text) in &writes {
            assert!(text.contains("USING TIMESTAMP ?"), "{text}");
            assert!(
                !conditions.iter().any(|(other, _)| other == table),
                "{text}"
            );
        }
        for (_, text) in &conditions {
            assert!(text.contains(" IF "), "{text}");
        }
    }
}
