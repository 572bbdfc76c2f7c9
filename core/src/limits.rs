//! Every bound of the server in one place; `docs/limits.md` is generated from this file.
//!
//! A bound that an operator may lower is a setting with the value here as its default or its ceiling.

/// Most characters in a user, goal or challenge name (protocol.md 1).
pub const NAME_CHARS_MAX: usize = 64;
/// Most characters in an alias.
pub const ALIAS_CHARS_MAX: usize = 40;
/// Most characters in a challenge title.
pub const TITLE_CHARS_MAX: usize = 200;
/// Most bytes of a record's signature: that of P-256 in DER.
pub const ATTEST_BYTES_MAX: usize = 72;
/// Most characters in a vendor or model name.
pub const DEVICE_TEXT_CHARS_MAX: usize = 64;
/// Most attributes of one user.
pub const ATTRIBUTES_PER_USER_MAX: usize = 16;
/// Most characters in the name of an attribute.
pub const ATTRIBUTE_NAME_CHARS_MAX: usize = 32;
/// Most characters in the text of an attribute.
pub const ATTRIBUTE_TEXT_CHARS_MAX: usize = 64;
/// How deep a rule of attributes is: its operators and tests that lie in each other.
pub const RULE_DEPTH_MAX: usize = 16;
/// Most nodes of a rule of attributes: operators, tests, and the attributes and values of these.
pub const RULE_NODES_MAX: usize = 256;
/// Most bytes of a rule of attributes as it is stored.
pub const RULE_BYTES_MAX: usize = 8 * 1024;
/// Most attributes by which a challenge has segments.
pub const SEGMENTS_MAX: usize = 4;
/// Members whose alias is shown that a segment of a board must have; of one with fewer everybody sees the own row alone (domain.md 6.4).
pub const SEGMENT_VISIBLE_MIN: u32 = 11;
/// Most devices of one user.
pub const DEVICES_PER_USER_MAX: usize = 32;
/// Most outboxes remembered per device; the one used least lately is forgotten first.
pub const OUTBOXES_PER_DEVICE_MAX: usize = 8;
/// Most goals of one user, deleted ones included.
pub const GOALS_PER_USER_MAX: usize = 64;
/// Most parts of a composite goal.
pub const GOAL_PARTS_MAX: usize = 8;
/// Changes of one goal by hand within [`GOAL_CHANGES_WITHIN_MS`] (domain.md 3.1).
pub const GOAL_CHANGES_MAX: usize = 3;
/// The time within which changes of a goal are counted, in ms.
pub const GOAL_CHANGES_WITHIN_MS: i64 = 7 * 86_400_000;
/// Most rest days in an ISO week (domain.md 3.1).
pub const REST_DAYS_PER_WEEK_MAX: usize = 2;
/// How far ahead a rest day may be chosen, in days.
pub const REST_DAYS_AHEAD_MAX: i32 = 400;
/// Minutes that samples must say were worn before the wear of a day is known (domain.md 3.2).
pub const WEAR_KNOWN_MINUTES: u32 = 60;
/// Worn minutes that make a day valid for an adaptive goal (domain.md 3.2).
pub const WEAR_VALID_MINUTES: u32 = 600;
/// Eligible steps that make a day valid where its wear is not known (domain.md 3.2).
pub const VALID_STEPS: i64 = 1_000;
/// Days that a revision of a goal may reach back at most: to the start of a running month, and one more.
pub const GOAL_BACKDATED_DAYS_MAX: i32 = 62;
/// Most revisions of one goal; a further change is refused.
pub const GOAL_REVISIONS_MAX: usize = 400;
/// Workouts of one day that are kept with it, the earliest first; the records of all of them are stored.
pub const WORKOUTS_PER_DAY_MAX: usize = 48;
/// Days within [`DEVICE_ORDER_WITHIN_DAYS`] on which a user may order the devices anew.
pub const DEVICE_ORDER_CHANGES_MAX: usize = 3;
/// The time within which changes of the order of devices are counted, in days.
pub const DEVICE_ORDER_WITHIN_DAYS: i32 = 30;
/// Orders of devices that are kept of one user: more than days that may still change can need.
pub const DEVICE_ORDERS_KEPT_MAX: usize = 8;
/// Most zone changes of one user.
pub const ZONE_CHANGES_MAX: usize = 2_000;
/// Zone changes of one user within [`ZONE_CHANGES_WITHIN_MS`] that are taken without a review (domain.md 2.2).
pub const ZONE_CHANGES_UNREVIEWED_MAX: usize = 3;
/// The time within which changes of zone are counted, in ms.
pub const ZONE_CHANGES_WITHIN_MS: i64 = 7 * 86_400_000;
/// How far back a change of zone may take effect, in ms (domain.md 2.2).
pub const ZONE_PAST_MS_MAX: i64 = 72 * 3_600_000;
/// How far ahead a change of zone may take effect, in ms (domain.md 2.2).
pub const ZONE_FUTURE_MS_MAX: i64 = 5 * 60_000;
/// Speed between the places of two zones above which a change is flagged, in km/h (domain.md 2.2).
pub const TRAVEL_KM_H_MAX: i64 = 1_000;
/// A day shorter than this may be void when it is missed, in ms (domain.md 2.2).
pub const SHORT_DAY_MS: i64 = 20 * 3_600_000;
/// Latest start of a day after midnight, in minutes (domain.md 2.2).
pub const DAY_START_MIN_MAX: i64 = 360;
/// Days from one change of the day's start to the next (domain.md 2.2).
pub const DAY_START_EVERY_DAYS: i32 = 30;
/// Changes of the day's start of one user.
pub const DAY_STARTS_MAX: usize = 400;
/// Most challenges that one user has joined and that are not yet settled.
pub const ENROLMENTS_PER_USER_MAX: usize = 64;
/// Most participants of one challenge.
pub const PARTICIPANTS_MAX: u32 = 1_000_000;
/// The same where its board is kept in parts: its members are one stored row, of about 0.3 GB then (ADR 0074).
pub const PARTED_PARTICIPANTS_MAX: u32 = 2_000_000;
/// Parts of a board at most: one a thread.
pub const BOARD_PARTS_MAX: usize = 1_024;
/// Shortest time from one report of a part of a board to the next, in ms.
pub const PART_REPORT_MS: u64 = 1_000;
/// Places that one question to a part of a board is about at most: of as many views at once rows are gathered, of the next ones
/// when these are there.
pub const PART_PLACES_MAX: usize = 1_000;
/// How long a report may stay without an answer before the part tells everything again, in ms.
pub const PART_AGAIN_MS: u64 = 5_000;
/// Most users who wait for a place in one challenge.
pub const WAITLIST_MAX: u32 = 100_000;
/// Members that are given a free place of a challenge with one input.
pub const ADMITTED_AT_ONCE_MAX: usize = 256;
/// Longest window of a challenge, in days.
pub const WINDOW_DAYS_MAX: i32 = 400;
/// Largest amount that a challenge asks for, in store units of its metric.
pub const CHALLENGE_AMOUNT_MAX: i64 = 1_000_000_000_000;
/// Most rewards of one challenge.
pub const REWARDS_MAX: usize = 16;
/// Most that one reward pays, 10^-6 token.
pub const REWARD_MICRO_MAX: i64 = 1_000_000_000_000_000;
/// Most of a campaign's budget, 10^-6 token.
pub const BUDGET_MICRO_MAX: i64 = 1_000_000_000_000_000_000;
/// Most challenges that one campaign pays for, over its life.
pub const CAMPAIGN_CHALLENGES_MAX: usize = 1_000;
/// Numbers that a template's list of what may be chosen has.
pub const TEMPLATE_VALUES_MAX: usize = 100;
/// Open challenges made of templates that a user may be in when it makes one more, where the template says nothing.
pub const TEMPLATE_OPEN: u32 = 3;
/// The most that a template may say.
pub const TEMPLATE_OPEN_MAX: u32 = 16;
/// Days of a window without an end.
pub const ENDLESS_DAYS: i32 = 36_500;
/// Windows of a challenge that begins anew.
pub const CYCLES_MAX: u32 = 10_000;
/// Bytes of a cron expression that says when these start.
pub const CRON_BYTES_MAX: usize = 100;
/// How long before its window starts anywhere a cycle is made, in ms.
pub const CYCLE_AHEAD_MS: i64 = 86_400_000;
/// Members of a cycle that the next one is told of at once.
pub const HANDED_AT_ONCE_MAX: usize = 64;
/// Prizes of at least so much are held before they can be spent, 10^-6 token (domain.md 5.1).
pub const HELD_PRIZE_MICRO: i64 = 1_000_000_000;
/// How long they are held, in ms (domain.md 5.1).
pub const HELD_MS: i64 = 7 * 86_400_000;
/// Longest window of a challenge that scores from its start who joins late, in days: less than records are kept for.
pub const PRORATED_DAYS_MAX: i32 = 60;
/// Most turns of the clocks of a zone in one window of a challenge.
pub const CLOCK_TURNS_MAX: usize = 32;
/// Tiers of a collective challenge.
pub const TIERS_MAX: usize = 20;
/// Teams of a challenge.
pub const TEAMS_MAX: usize = 64;
/// Characters of a team's key.
pub const TEAM_KEY_CHARS_MAX: usize = 32;
/// Characters of a team's name.
pub const TEAM_NAME_CHARS_MAX: usize = 50;
/// Most members whose scores a team's score is the mean of, where it counts the best.
pub const TEAM_BEST_MAX: u32 = 100;
/// Most participants of a challenge in which the lowest few of each round are out: those of a round are one input.
pub const ELIMINATION_PARTICIPANTS_MAX: u32 = 10_000;
/// Most rounds of such a challenge: a score carries what each day came to.
pub const ELIMINATION_DAYS_MAX: i32 = 60;
/// Stages of a journey.
pub const STAGES_MAX: usize = 32;
/// Characters of a stage's title.
pub const STAGE_TITLE_CHARS_MAX: usize = 100;
/// Longest route of a journey, in m.
pub const ROUTE_M_MAX: i64 = 1_000_000_000;
/// Longest finalisation, in hours (domain.md 5.1).
pub const FINALISATION_H_MAX: u32 = 72;
/// Most records in a batch (protocol.md 2).
pub const BATCH_RECORDS_MAX: usize = 500;
/// Bytes of one frame, fragments joined: the default, announced in `welcome`.
pub const FRAME_BYTES: usize = 64 * 1024;
/// How deep lists, maps and tags of a frame in CBOR may lie in each other.
pub const CBOR_DEPTH_MAX: usize = 16;
/// Ceiling of the setting for bytes of one frame.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a REST body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Unacknowledged batches of one socket in the lane `live`; half of it in the lane `backfill` (protocol.md 3).
pub const CREDITS: u32 = 4;
/// Ceiling of the setting for these batches.
pub const CREDITS_MAX: u32 = 64;
/// Bytes of unacknowledged batches of one socket in the lane `live`; half of it in the lane `backfill`.
pub const CREDIT_BYTES: usize = 128 * 1024;
/// Ceiling of the setting for these bytes.
pub const CREDIT_BYTES_MAX: usize = 1024 * 1024;
/// Topics whose new values an acknowledgement tells; those of more are told by their states alone.
pub const ACK_CHANGES_MAX: usize = 16;
/// Batches of the lane `backfill` of one device within a minute of machine time (domain.md 1.5).
pub const BACKFILL_BATCHES_PER_MIN: u32 = 50;
/// Board subscriptions of one socket.
pub const SUBSCRIPTIONS_PER_SESSION_MAX: usize = 16;
/// Rows of a subscribed board view.
pub const BOARD_VIEW_ROWS_MAX: u32 = 1_000;
/// Friends who are shown beside a user's own row (domain.md 6.2).
pub const FRIENDS_MAX: usize = 1_000;
/// Bytes of a friends token: a thousand UUIDs, and within what a socket takes in one frame.
pub const FRIENDS_TOKEN_BYTES_MAX: usize = 57_344;
/// Rows on each side of an `around` view (domain.md 6.2).
pub const AROUND_ROWS_MAX: u32 = 50;
/// Share of a tick, in percent, that making and sending the views of one board may take; a round that takes more makes the tick
/// longer.
pub const BOARD_ROUND_PERCENT: u32 = 10;
/// Ticks of `push.board_ms` that the time between two views of one board may become under load.
pub const BOARD_TICKS_MAX: u64 = 5;
/// Views of one board that nobody looks at and that are kept for those who come back; the one longest without a look goes
/// first.
pub const BOARD_VIEWS_AT_REST_MAX: usize = 1_024;
/// How long such a view is kept, in ms of machine time.
pub const BOARD_VIEW_REST_MS: u64 = 2 * 60_000;
/// Rows of a list when none are asked for.
pub const PAGE_ROWS: u32 = 50;
/// Most rows of a list.
pub const PAGE_ROWS_MAX: u32 = 1_000;
/// Most days in one answer.
pub const DAYS_PER_ANSWER_MAX: i32 = 400;
/// Facts of a user that a client can resume from (protocol.md 4).
pub const FACTS_RESUMABLE: u64 = 1_000;
/// Facts that are younger than this can be resumed from too, however many they are, in ms (protocol.md 4).
pub const FACTS_RESUMABLE_MS: i64 = 7 * 86_400_000;
/// Facts, and changes, of a user that one page of an explanation's trail is picked from; the next page goes on after them.
pub const TRAIL_ROWS_MAX: usize = 5_000;
/// Metrics of one device whose last sample is remembered; the one longest without a sample is forgotten first.
pub const DEVICE_METRICS_MAX: usize = 32;
/// Shortest stretch without samples that is told as a gap, in ms.
pub const GAP_MS_MIN: i64 = 15 * 60_000;
/// A battery that says the same again is journaled again after so many ms.
pub const BATTERY_AGE_MS: i64 = 15 * 60_000;
/// Between two reports of one socket's battery that are journaled, in ms of machine time; the newest waits.
pub const BATTERY_EVERY_MS: u64 = 10_000;
/// Bytes of encoded records since the last snapshot; more forces one (design.md 5), of some users up to a quarter less, so that not
/// all who began together are written together.
pub const TAIL_BYTES_MAX: usize = 8 * 1024;
/// Facts, and changes, of one user that may wait for a snapshot; more force one.
pub const FACTS_UNWRITTEN_MAX: usize = 256;
/// Inputs of one user that may wait for durability or for stored records.
pub const PENDING_INPUTS_MAX: usize = 64;
/// Skips of one user or challenge within [`SKIPS_WITHIN_MS`] that are too many (design.md 5).
pub const SKIPS_PER_HOUR_MAX: usize = 3;
/// The time within which skips are counted, in ms.
pub const SKIPS_WITHIN_MS: i64 = 3_600_000;
/// Inputs of a user on hold that are kept; more are refused (ADR 0015).
pub const KEPT_INPUTS_MAX: u64 = 10_000;
/// Users of one thread whose snapshots are being read; who comes then waits for a place.
pub const ACTIVATIONS_MAX: usize = 64;
/// Commands of one thread that may wait for such a place; more are refused `overloaded`.
pub const ACTIVATIONS_WAITING_MAX: usize = 16 * 1024;
/// Snapshots of one thread that are written at once to free memory or the journal's tail; the next wait.
pub const SNAPSHOTS_AT_ONCE: usize = 256;
/// Chunks of one user-day, beside one for every `CHUNK_ROWS_FULL` of its records; more are joined at the next snapshot.
pub const CHUNKS_PER_DAY_MAX: usize = 16;
/// Rows on average of a day's chunks that are not worth joining: a snapshot of a device that tells every second has more.
pub const CHUNK_ROWS_FULL: usize = 2_048;
/// Fewest days for which records are kept: longer than anything that a late sample, or a goal that reaches back, can change.
pub const RECORDS_KEPT_DAYS_MIN: u16 = 70;
/// Most days for which records or minutes are kept.
pub const KEPT_DAYS_MAX: u16 = 36_500;
/// How long after its time at most the detail of a day that nobody looks at is let go, in ms.
pub const EXPIRY_WITHIN_MS: i64 = 7 * 86_400_000;
/// Most rows of a chunk, so that damaged bytes cannot ask for all memory; a user-day has far fewer.
pub const CHUNK_ROWS_MAX: usize = 1024 * 1024;
/// Days that one import may touch: all of their stored records are read for it.
pub const IMPORT_DAYS_MAX: usize = 31;
/// How long ago an imported sample may have ended, in ms.
pub const IMPORT_AGE_MS_MAX: i64 = 3_660 * 86_400_000;
/// Records of one user-day that are taken; what begins in it then is refused. Two samples a second fit, and every minute
/// of some metrics.
pub const RECORDS_PER_DAY_MAX: u32 = 200_000;
/// How far ahead of the server's clock a sample may end, in ms (domain.md 1.5).
pub const FUTURE_MS_MAX: i64 = 120_000;
/// How far a client's clock may be off, in ms (domain.md 2.4).
pub const SKEW_MS_MAX: i64 = 120_000;
/// How long after a day's local end it is archived, in ms; also the oldest end of an admissible sample (domain.md 1.5, 2.3).
pub const ARCHIVE_AFTER_MS: i64 = 30 * 86_400_000;
/// Soft close after a day's local end, in ms (domain.md 2.3).
pub const SOFT_CLOSE_AFTER_MS: i64 = 3 * 3_600_000;
/// Hard close after a day's local end, in ms (domain.md 2.3).
pub const HARD_CLOSE_AFTER_MS: i64 = 72 * 3_600_000;
/// Most runs of counters that one user's state remembers; the one read longest ago is forgotten first, and a later reading
/// of it is a new base line.
pub const COUNTER_RUNS_MAX: usize = 256;
/// Most segments of one episode: a stage a minute for a day fits.
pub const EPISODE_SEGMENTS_MAX: usize = 1_500;
/// Most characters of a sport's name or of a counter's epoch.
pub const SAMPLE_TEXT_CHARS_MAX: usize = 64;
/// Longest sample, in ms (domain.md 1.1).
pub const SAMPLE_SPAN_MS_MAX: i64 = 24 * 3_600_000;
/// Eligible steps of one minute (domain.md 9.1, S1).
pub const STEPS_PER_MINUTE_MAX: u32 = 240;
/// Users with whose history a challenge is rehearsed at once.
pub const REHEARSED_USERS_MAX: usize = 10_000;
/// Idempotency keys are kept this long, in ms (protocol.md 7).
pub const IDEMPOTENCY_MS: i64 = 86_400_000;
/// Most characters of an idempotency key.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 128;
/// Freezes of one streak that may be held (domain.md 4.2).
pub const FREEZES_MAX: u8 = 2;
/// Met periods that earn a freeze (domain.md 4.2).
pub const FREEZE_EARNED_BY: u32 = 7;
/// Price of a freeze, 10^-6 token (domain.md 4.2).
pub const FREEZE_PRICE_MICRO: i64 = 200_000_000;
/// Passes of one streak within [`PASS_DAYS`] (domain.md 4.2).
pub const PASSES_MAX: usize = 2;
/// Days within which passes are counted (domain.md 4.2).
pub const PASS_DAYS: i32 = 28;
/// Share of its target that makes a missed day a near miss, in per cent (ADR 0023).
pub const NEAR_MISS_PERCENT: i64 = 95;
/// How long after its soft close a missed day may be repaired, in ms (domain.md 4.2).
pub const REPAIR_WITHIN_MS: i64 = 72 * 3_600_000;
/// Days within which a streak is repaired once (domain.md 4.2).
pub const REPAIR_DAYS: i32 = 30;
/// Price of a repair, 10^-6 token (domain.md 4.2).
pub const REPAIR_PRICE_MICRO: i64 = 500_000_000;
/// Share of its target that each of the two next days must reach to earn a missed day back, in per cent (domain.md 4.2).
pub const EARN_BACK_PERCENT: i64 = 120;
/// Shortest pause, in days (domain.md 4.2).
pub const PAUSE_DAYS_MIN: i32 = 3;
/// Longest pause, in days (domain.md 4.2).
pub const PAUSE_DAYS_MAX: i32 = 90;
/// Pauses within [`PAUSE_AT_ONCE_DAYS`] that may begin on the day on which they are asked for (domain.md 4.2).
pub const PAUSES_AT_ONCE_MAX: usize = 2;
/// Days within which such pauses are counted (domain.md 4.2).
pub const PAUSE_AT_ONCE_DAYS: i32 = 90;
/// Paused days within [`PAUSE_YEAR_DAYS`] (domain.md 4.2).
pub const PAUSED_DAYS_MAX: i32 = 120;
/// Days within which paused days are counted (domain.md 4.2).
pub const PAUSE_YEAR_DAYS: i32 = 365;
/// How long a verdict may be appealed; then it is final, in ms (domain.md 4.3).
pub const APPEAL_MS: i64 = 14 * 86_400_000;
/// Verdicts on one user.
pub const VERDICTS_PER_USER_MAX: usize = 100;
/// Most that one adjustment of a balance gives or takes, 10^-6 token: a million tokens.
pub const ADJUSTMENT_MICRO_MAX: i64 = 1_000_000_000_000;
/// Days of one verdict.
pub const VERDICT_DAYS_MAX: usize = 31;
/// Days behind the last hard close up to which a streak's fold is kept, so that a close need not begin at the beginning; data
/// is too old before that.
pub const CHECKPOINT_DAYS: i32 = 40;
/// Bytes of rows that a copy or an audit reads at a time, about; a single row may be longer.
pub const BULK_PAGE_BYTES: usize = 1024 * 1024;
/// Bytes of stored rows that one export gathers before it is sent.
pub const EXPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Exports that a server makes at once; a further one is refused.
pub const EXPORTS_AT_ONCE_MAX: usize = 4;
/// How often an export begins again where a snapshot has joined or dropped what it was reading.
pub const EXPORT_TRIES_MAX: usize = 3;
/// Longest time that a client may take to read an export, in ms.
pub const EXPORT_WITHIN_MS: u64 = 600_000;
/// Bytes of an export that are made at once.
pub const EXPORT_PORTION_BYTES: usize = 64 * 1024;
/// Longest line of an export that is read back, in bytes: the state of a long life.
pub const EXPORT_LINE_BYTES_MAX: u64 = 128 * 1024 * 1024;
