//! Views and facts of the examples in the protocol's text, for the tests that hold wire types against them.

use std::sync::Arc;

use streakline_core::{
    civil::{self, Day, Local},
    definition::{Definition, Measure},
    event::{EventId, Fact, FactKind},
    id::{ChallengeId, DeviceId, GoalId, PartitionId, Position, UserId},
    input::{Origin, RULES_VERSION, Source},
    metric::Metric,
    period::Period,
    sample::DeviceClass,
    small_map::SmallMap,
    streak,
    user::seen::{Battery, Gap, Seen},
    view::{
        BalanceView, BoardView, ChallengePhase, ChallengeView, Counted, DayPhase, DayStatus,
        DayTopic, DayView, DeviceView, GoalProgress, InventoryView, LiveView, RankState, RankView,
        RowView, SnapshotView, StreakView,
    },
};

pub(crate) const CHALLENGE: &str = "01960000-0000-7000-8000-000000000001";

/// A fixture of `tests/fixtures/frames-v1`, such as `client/hello`.
pub(crate) fn fixture(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read_to_string(format!("{root}/tests/fixtures/frames-v1/{name}.json")).unwrap()
}

pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn date(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub(crate) fn ann() -> UserId {
    UserId::parse("ann").unwrap()
}

pub(crate) fn goal() -> GoalId {
    GoalId::parse("steps-7500").unwrap()
}

pub(crate) fn challenge() -> ChallengeId {
    ChallengeId::parse(CHALLENGE).unwrap()
}

/// 18:18 on the wall of 2016-04-13.
pub(crate) fn met_at_local() -> Local {
    let minutes = 18 * 60 + 18;
    Local(date("2016-04-13").utc_ms() + minutes * civil::MINUTE_MS)
}

pub(crate) fn day_view() -> DayView {
    DayView {
        day: date("2016-04-13"),
        start_ms: 1_460_498_400_000,
        end_ms: 1_460_584_800_000,
        zone: "Europe/Berlin".into(),
        phase: DayPhase::Open,
        display: 10_700,
        eligible: 8_400,
        scored: 8_400,
        records: 1_440,
        amounts: SmallMap::default(),
        for_goals: SmallMap::default(),
        gauges: SmallMap::default(),
        night: None,
        workouts: Vec::new(),
        goals: vec![GoalProgress {
            goal: goal(),
            period: Period::Day,
            first: date("2016-04-13"),
            counted: Counted::Amount(Metric::STEPS),
            target: 7_500,
            progress: 8_400,
            parts: Vec::new(),
            status: DayStatus::Met,
            met_at: Some((1_460_564_280_000, met_at_local())),
        }],
        pending_micro: 6_700_000,
        posted_micro: 0,
        state_hash: [0xab; 32],
        version: 977,
    }
}

pub(crate) fn day_topic() -> DayTopic {
    let view = day_view();
    DayTopic {
        day: view.day,
        phase: view.phase,
        display: view.display,
        eligible: view.eligible,
        amounts: view.amounts,
        for_goals: view.for_goals,
        gauges: view.gauges,
        night: view.night,
        workouts: view.workouts,
        goals: view.goals,
        pending_micro: view.pending_micro,
        version: view.version,
    }
}

pub(crate) fn streak_view() -> StreakView {
    StreakView {
        goal: goal(),
        as_of: date("2016-05-11"),
        count: 12,
        with_today: 13,
        start: Some(date("2016-04-01")),
        longest: (12, Some((date("2016-04-01"), date("2016-04-12")))),
        provisional: false,
        statuses: vec![(date("2016-05-11"), DayStatus::Met)],
        definition: streak::Definition {
            freezes: 2,
            ..streak::Definition::default()
        },
        inventory: InventoryView {
            freezes: 1,
            next_freeze_in: Some(2),
            ..InventoryView::default()
        },
        version: 31,
    }
}

pub(crate) fn device_view() -> DeviceView {
    let gap = Gap {
        from_ms: 1_460_534_400_000,
        to_ms: 1_460_538_000_000,
    };
    let seen = Seen {
        last_ms: 1_460_564_280_000,
        gap: Some(gap),
    };
    DeviceView {
        device: DeviceId::parse("5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11").unwrap(),
        class: DeviceClass::Watch,
        bound_ms: 1_460_505_600_120,
        last_sample_ms: Some(1_460_564_280_000),
        metrics: vec![(Metric::STEPS, seen)],
        battery: Some(Battery {
            percent: 80,
            charging: Some(false),
            at_ms: 1_460_564_300_000,
        }),
        key: None,
        as_of_ms: 1_460_564_340_500,
        version: 12,
        resume_after: vec![],
    }
}

pub(crate) fn rank_view() -> RankView {
    RankView {
        challenge: challenge(),
        rank: 3,
        prev_rank: Some(5),
        score: 65_210,
        measure: Measure::Amount(Metric::STEPS),
        participants: 22,
        phase: ChallengePhase::Open,
        state: RankState::Provisional,
        version: 5_120,
        error_bound: None,
    }
}

/// When the examples of boards are told.
pub(crate) const BOARD_MS: i64 = 1_460_564_281_000;

/// Ann's row of the example.
pub(crate) fn row_view() -> RowView {
    RowView {
        rank: 1,
        ordinal: 1,
        key: 65_210,
        score: 65_210,
        measure: Measure::Amount(Metric::STEPS),
        achieved_at_ms: 1_460_564_280_000,
        finished_at_ms: None,
        after_min: None,
        alias: "Swift Heron".into(),
        row: "c81f".into(),
        user: Some(ann()),
        team: None,
        roster: None,
    }
}

pub(crate) fn live_view() -> LiveView {
    LiveView {
        challenge: challenge(),
        phase: ChallengePhase::Open,
        ranks: RankState::Provisional,
        participants: 22,
        partial: false,
        suppressed: false,
        percentile_bp: None,
        error_bound: None,
        next_reset_ms: None,
        rows: vec![Arc::new(row_view())],
    }
}

pub(crate) fn board_view() -> BoardView {
    BoardView {
        challenge: challenge(),
        as_of_ms: BOARD_MS,
        phase: ChallengePhase::Open,
        ranks: RankState::Provisional,
        participants: 22,
        metric: Some(Metric::STEPS),
        items: vec![row_view()],
        more: false,
        total: None,
        partial: false,
        segment: None,
        suppressed: false,
        percentile_bp: None,
        next_reset_ms: None,
        error_bound: None,
    }
}

pub(crate) fn snapshot_view() -> SnapshotView {
    SnapshotView {
        day: day_view(),
        streaks: vec![streak_view()],
        balance: BalanceView {
            available_micro: 31_200_000,
            held_micro: 0,
            debt_micro: 0,
            pending_micro: 6_700_000,
        },
        challenges: vec![challenge()],
    }
}

pub(crate) fn challenge_view() -> ChallengeView {
    let definition = Definition::new("April steps", (date("2016-04-13"), date("2016-05-11")));
    ChallengeView {
        challenge: challenge(),
        phase: ChallengePhase::Draft,
        definition,
        created_ms: 1,
        started_ms: None,
        ends_at_ms: 2,
        settles_at_ms: 3,
        reached_ms: Vec::new(),
        version: 3,
    }
}

pub(crate) fn fact(seq: u64, at_ms: i64, kind: FactKind) -> Fact {
    let id = EventId {
        partition: PartitionId(256),
        position: Position::default(),
        sub: 0,
    };
    Fact {
        seq,
        at_ms,
        id,
        kind,
        by: Origin::server(Source::Timer),
        rules: RULES_VERSION,
        causes: Vec::new(),
        device: None,
    }
}

/// The three events of protocol.md 4, in order.
pub(crate) fn facts() -> [Fact; 3] {
    let (goal, day) = (goal(), date("2016-04-13"));
    let completed = FactKind::GoalCompleted {
        goal: goal.clone(),
        day,
        target: 7_500,
        counted: Counted::Amount(Metric::STEPS),
        met_at_local: met_at_local(),
    };
    let extended = FactKind::StreakExtended {
        goal,
        day,
        count: 13,
        longest: 13,
    };
    let posted = FactKind::TokensPosted {
        day,
        rule: "steps@1".into(),
        amount_micro: 6_700_000,
        available_micro: 31_200_000,
        transfer: [0x8f; 16],
    };
    [
        fact(42, 1_460_564_280_000, completed),
        fact(43, 1_460_595_600_000, extended),
        fact(44, 1_460_595_600_000, posted),
    ]
}
