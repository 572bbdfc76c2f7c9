//! Every series of `/metrics`, once: its name, kind, labels, unit and meaning.
//!
//! Call sites name the constants: `metrics::counter!(series::SAMPLES).increment(1)`. The tidy rules hold that no other name is
//! used and none of these is left unused, and make docs/metrics.md from this file's text. The form is
//! `CONSTANT: kind "name" [label, ...] in unit;`. A label has few values, which the code knows: never an id, a path or a code
//! that a client chooses.

use super::catalogue::series;
pub use super::catalogue::{Kind, Series};

/// Upper bounds of the buckets of every histogram in seconds.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

series! {
    buckets SECONDS;

    /// Records that arrived in batches, refused ones too
    SAMPLES: counter "streakline_samples_total" [] in records;
    /// Flushes of journals that are durable
    JOURNAL_FLUSHES: counter "streakline_journal_flushes_total" [] in flushes;
    /// What these flushes hold, sealed
    JOURNAL_BYTES: counter "streakline_journal_bytes_total" [] in bytes;
    /// From the start of a flush until it is durable
    JOURNAL_FLUSH_SECONDS: histogram "streakline_journal_flush_seconds" [] in seconds;
    /// Syncs of the store: flushes share those of its journal, snapshots those of its tables
    STORE_SYNCS: counter "streakline_store_syncs_total" [] in syncs;
    /// One attempt at a statement of a CQL store, by its name (`statement`)
    STORE_STATEMENT_SECONDS: histogram "streakline_store_statement_seconds" [statement] in seconds;
    /// Statements of a CQL store that were sent again, since the store was away or slow
    STORE_REPEATS: counter "streakline_store_repeats_total" [statement] in statements;
    /// Snapshots that are durable, of users and challenges (`kind`)
    SNAPSHOTS: counter "streakline_snapshots_total" [kind] in snapshots;
    /// Users and challenges (`kind`) that were read into memory
    ACTIVATIONS: counter "streakline_activations_total" [kind] in actors;
    /// Users that were let go from memory
    PASSIVATIONS: counter "streakline_passivations_total" [kind] in actors;
    /// Users and challenges (`kind`) in memory, by thread (`arbiter`); the whole server is the sum of its threads
    ACTORS: gauge "streakline_actors" [kind, arbiter] in actors;
    /// What users take in memory, about; bounded by `actors.memory_max_bytes`
    USERS_BYTES: gauge "streakline_users_bytes" [arbiter] in bytes;
    /// The part of it that is minutes at hand
    HEADS_BYTES: gauge "streakline_heads_bytes" [arbiter] in bytes;
    /// Users that are being read from the store; at most 64
    ACTIVATIONS_UNDER_WAY: gauge "streakline_activations_under_way" [arbiter] in users;
    /// The most users that were being read at once since the start
    ACTIVATIONS_UNDER_WAY_MAX: gauge "streakline_activations_under_way_max" [arbiter] in users;
    /// Commands that wait until their user can be read; at most 16,384
    ACTIVATIONS_WAITING: gauge "streakline_activations_waiting" [arbiter] in commands;
    /// The most commands that waited so at once since the start
    ACTIVATIONS_WAITING_MAX: gauge "streakline_activations_waiting_max" [arbiter] in commands;
    /// Users' snapshots that are being written
    SNAPSHOTS_UNDER_WAY: gauge "streakline_snapshots_under_way" [arbiter] in snapshots;
    /// Batches that wait for durability; bounded by `ingest.inflight_max_bytes`
    INGEST_INFLIGHT_BYTES: gauge "streakline_ingest_inflight_bytes" [arbiter] in bytes;
    /// Users with a score that a challenge has not confirmed
    OUTBOXES_WAITING: gauge "streakline_outboxes_waiting" [arbiter] in users;
    /// Views of boards that sockets have subscribed to
    BOARD_SUBSCRIPTIONS: gauge "streakline_board_subscriptions" [arbiter] in subscriptions;
    /// Journal that no snapshot covers, of all partitions of the thread
    JOURNAL_TAIL_BYTES: gauge "streakline_journal_tail_bytes" [arbiter] in bytes;
    /// The longest of them, of one partition; bounded by four times `journal.tail_bytes_max`
    JOURNAL_TAIL_BYTES_MAX: gauge "streakline_journal_tail_bytes_max" [arbiter] in bytes;
    /// Users and challenges with inputs that no snapshot covers
    JOURNAL_UNCOVERED: gauge "streakline_journal_uncovered" [arbiter] in actors;
    /// Users and challenges with inputs of an earlier start that are not folded yet
    TAILS_UNFOLDED: gauge "streakline_tails_unfolded" [arbiter] in actors;
    /// Folds that panicked, of users and challenges (`kind`); the state is read again from its snapshot and the journal
    PANICS: counter "streakline_panics_total" [kind] in panics;
    /// Inputs that were passed over because their fold panicked twice; `streakline stuck list` shows them
    SKIPPED: counter "streakline_skipped_total" [kind] in inputs;
    /// Inputs that are stuck now
    STUCK: gauge "streakline_stuck" [] in inputs;
    /// Users on hold now: what they send is kept and not folded
    USERS_HELD: gauge "streakline_users_held" [] in users;
    /// Stored rows that were found damaged, by what they belong to
    DAMAGED_ROWS: counter "streakline_damaged_rows_total" [kind] in rows;
    /// The sum of all accounts, which is always zero
    LEDGER_SUM_MICRO: gauge "streakline_ledger_sum_micro" [] in microtokens;
    /// Transfers in the ledger
    LEDGER_TRANSFERS: gauge "streakline_ledger_transfers" [] in transfers;
    /// Open sockets
    STREAM_SESSIONS: gauge "streakline_stream_sessions" [] in sockets;
    /// Frames on sockets, `in` and `out` (`direction`)
    STREAM_FRAMES: counter "streakline_stream_frames_total" [direction] in frames;
    /// Batches that were taken from sockets and are not answered, by lane
    STREAM_UNACKNOWLEDGED_BATCHES: gauge "streakline_stream_unacknowledged_batches" [lane] in batches;
    /// Their frames; one socket's are bounded by `limits.credit_bytes`
    STREAM_UNACKNOWLEDGED_BYTES: gauge "streakline_stream_unacknowledged_bytes" [lane] in bytes;
    /// Batches of the lane `backfill` that wait because their device is over its rate
    BACKFILL_WAITING: gauge "streakline_backfill_waiting" [] in batches;
    /// Sockets that were closed, by close code
    STREAM_CLOSES: counter "streakline_stream_closes_total" [code] in sockets;
    /// Connections that were closed before anything was read, because their address has too many
    CONNECTIONS_REFUSED: counter "streakline_connections_refused_total" [] in connections;
    /// From a batch's frame until its acknowledgement is handed to the socket
    ACK_SECONDS: histogram "streakline_ack_seconds" [] in seconds;
    /// From a change of what a user's socket sees until its newest states are handed to it; `push.progress_ms` is a part of it
    PUSH_LAG_SECONDS: histogram "streakline_push_lag_seconds" [] in seconds;
    /// REST requests that ended, by method, route pattern and status
    HTTP_REQUESTS: counter "streakline_http_requests_total" [method, route, status] in requests;
    /// From a REST request's head until its answer is made, by method and route pattern
    HTTP_REQUEST_SECONDS: histogram "streakline_http_request_seconds" [method, route] in seconds;
    /// Log lines that were not written, because their kind was over its bound
    LOG_LINES_SUPPRESSED: counter "streakline_log_lines_suppressed_total" [] in lines;
    /// The running version, as a label; the value is always 1
    BUILD_INFO: gauge "streakline_build_info" [version] in versions;
    /// Since the process started
    UPTIME_SECONDS: gauge "streakline_uptime_seconds" [] in seconds;
    /// Memory of the process that is resident
    PROCESS_RESIDENT_MEMORY_BYTES: gauge "process_resident_memory_bytes" [] in bytes;
    /// Descriptors that the process holds open: sockets and files
    PROCESS_OPEN_FDS: gauge "process_open_fds" [] in descriptors;
    /// CPU time of the process, user and system
    PROCESS_CPU_SECONDS: counter "process_cpu_seconds_total" [] in seconds;
}
