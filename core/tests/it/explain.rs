//! Explanations: the golden day and its variations, who changed what, and what caused a fact.

use streakline_core::{
    change::{Change, ChangeKind},
    event::{EventId, Fact, FactKind, StreakFact},
    id::{ChallengeId, RecordId},
    input::{NewProfile, Origin, Source, UserInput},
    metric::Metric,
    record::Content,
    sample::DeviceClass,
    streak::Definition,
    user::explain::{
        Evidence, Fate, HourOf, LeftOut, MinuteOf, PeriodWhy, Question, Reason, RecordWhy, Shape,
        Use,
    },
    view::DayStatus,
};

use crate::{
    golden_day::{PHONE, WATCH, after_twelve_met_days, records, send, sunday},
    history::{History, device, goal, steps},
    instruments::{close, day, person, walk},
    places::{at, date},
    targets::adaptive::{NINE, after_nine_days},
};

impl History {
    /// What answers a question, as the shell brings it together.
    pub fn evidence(&self, question: &Question) -> Evidence<'_> {
        Evidence::new(&self.user, &self.load(question.need(&self.user)))
    }

    /// All changes, stored and not yet stored, by number; there is no gap and no number twice.
    pub fn changes(&self) -> Vec<Change> {
        let stored = self.store.changes.values();
        let changes: Vec<Change> = stored.chain(&self.user.changes).cloned().collect();
        let numbers: Vec<u64> = changes.iter().map(|change| change.number).collect();
        let dense: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, dense, "changes are numbered densely from 1");
        changes
    }
}

fn golden() -> History {
    let mut history = after_twelve_met_days();
    send(&mut history, records(), 0);
    history
}

fn of_day(history: &History) -> Evidence<'_> {
    history.evidence(&Question::Day(sunday()))
}

fn of_goal(history: &History) -> Evidence<'_> {
    history.evidence(&Question::Goal(goal("steps"), sunday()))
}

fn told(history: &History, question: &Question) -> Vec<Fact> {
    let facts = history.facts().into_iter();
    facts
        .filter(|fact| question.is_told_by(&history.user, fact))
        .collect()
}

#[test]
fn the_golden_day_says_what_its_two_totals_differ_by_and_which_device_gave_what() {
    let history = golden();
    let why = of_day(&history).day(sunday(), history.now_ms);
    let [steps] = why.amounts.as_slice() else {
        panic!("steps alone: {:?}", why.amounts);
    };
    assert_eq!((steps.display, steps.eligible), (10_700, 8_400));
    assert_eq!((steps.manual, steps.capped), (2_000, 300));
    assert_eq!(
        (steps.quarantined, steps.late, steps.remainder),
        (0, 0, (0, 0))
    );
    let shares = steps
        .shares
        .iter()
        .map(|share| (share.device, share.display, share.eligible));
    let wanted = [
        (device(WATCH), (65, 6_500), (65, 6_200)),
        (device(PHONE), (50, 4_200), (20, 2_200)),
    ];
    assert_eq!(shares.collect::<Vec<_>>(), wanted);
    assert_eq!(why.zones.len(), 1);
    assert_eq!(why.shape, Shape::Usual);
    assert_eq!(why.closes.soft_ms, at("2026-10-26T03:00+1"));
    assert_eq!(why.closes.hard_ms, at("2026-10-29T00:00+1"));
}

#[test]
fn each_record_of_the_golden_day_says_what_it_gives() {
    let history = golden();
    let found = of_day(&history).records(sunday(), None);
    let told = |why: &RecordWhy| {
        (
            why.device,
            why.copy.record.id,
            why.fate,
            why.display,
            why.eligible,
        )
    };
    let told: Vec<_> = found.iter().map(told).collect();
    let (watch, phone) = (device(WATCH), device(PHONE));
    let wanted = [
        (watch, 102, Fate::Counts, 500, 500),
        (watch, 103, Fate::Counts, 500, 500),
        (watch, 101, Fate::Counts, 4_000, 4_000),
        (phone, 101, Fate::Counts, 2_200, 2_200),
        (watch, 104, Fate::Counts, 1_500, 1_500),
        (phone, 109, Fate::Manual, 2_000, 0),
    ];
    assert_eq!(
        told,
        wanted.map(|(of, id, fate, a, b)| (of, RecordId::Number(id), fate, a, b))
    );
}

#[test]
fn the_parts_that_records_give_sum_to_the_totals_also_when_their_day_was_let_go() {
    let mut history = golden();
    history.tick(at("2026-10-29T12:00+1"));
    let before = of_day(&history).records(sunday(), None);
    for day in 27..=28 {
        history.send(
            WATCH,
            vec![steps(
                200 + day,
                at(&format!("2026-10-{day}T12:00+1")),
                10,
                900,
            )],
        );
    }
    history.snapshot();
    assert!(history.user.days[&sunday()].is_cold());
    let after = of_day(&history).records(sunday(), None);
    assert_eq!(before, after);
    let sum = |of: fn(&RecordWhy) -> i64| after.iter().map(of).sum::<i64>();
    assert_eq!(
        (sum(|why| why.display), sum(|why| why.eligible)),
        (10_700, 8_700),
        "before the cap"
    );
}

#[test]
fn corrections_deletions_and_skewed_clocks_show_in_what_became_of_each_copy() {
    let mut history = golden();
    let mut corrected = steps(104, at("2026-10-25T12:00+1"), 5, 1_000);
    corrected.version = 2;
    history.send(WATCH, vec![corrected]);
    let mut deleted = steps(103, 0, 0, 0);
    (deleted.version, deleted.content) = (2, Content::Deleted);
    history.send(WATCH, vec![deleted]);
    history.send_skewed(WATCH, vec![steps(105, at("2026-10-25T13:00+1"), 5, 400)]);
    history.send(PHONE, vec![steps(110, at("2026-10-25T07:00+1"), 10, 50)]);
    let evidence = of_day(&history);
    let found = evidence.records(sunday(), Some(Metric::STEPS));
    let fates = |of: u8, id: u64| {
        let own = |why: &&RecordWhy| {
            why.device == device(of) && why.copy.record.id == RecordId::Number(id)
        };
        let own = found.iter().filter(own);
        own.map(|why| (why.copy.record.version, why.fate, why.instead))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        fates(WATCH, 104),
        [(1, Fate::Superseded, Some(2)), (2, Fate::Counts, None)]
    );
    assert_eq!(
        fates(WATCH, 103),
        [(1, Fate::Deleted, Some(2)), (2, Fate::Deletion, None)]
    );
    assert_eq!(fates(WATCH, 105), [(1, Fate::Quarantined, None)]);
    assert_eq!(fates(PHONE, 110), [(1, Fate::Outranked, None)]);
    let amounts = evidence.amounts(sunday());
    assert_eq!(
        (amounts[0].quarantined, amounts[0].manual, amounts[0].capped),
        (400, 2_000, 0)
    );
    assert_eq!(amounts[0].display - amounts[0].eligible, 2_400);
}

#[test]
fn minutes_say_who_is_believed_and_the_repeated_hour_is_told_twice() {
    let history = golden();
    let evidence = of_day(&history);
    let minutes = evidence.minutes(sunday(), Metric::STEPS);
    let seven = minutes
        .iter()
        .find(|minute| minute.start_ms == at("2026-10-25T07:00+1"));
    let seven = seven.unwrap();
    let watch = Some((Some(device(WATCH)), 100));
    let wanted = MinuteOf::Amount {
        display: watch,
        eligible: watch,
        covered_ms: 60_000,
    };
    assert_eq!(
        (&seven.of, &seven.outranked),
        (&wanted, &vec![device(PHONE)])
    );
    let hours = evidence.hours(sunday(), Metric::STEPS);
    let told = |hour: &streakline_core::user::explain::Hour| (hour.local.iso_minute(), hour.of);
    let amount = |display, eligible| HourOf::Amount { display, eligible };
    let wanted = [
        ("2026-10-25T02:00", amount(500, 500)),
        ("2026-10-25T02:00", amount(500, 500)),
        ("2026-10-25T07:00", amount(6_200, 6_200)),
        ("2026-10-25T12:00", amount(1_500, 1_200)),
        ("2026-10-25T18:00", amount(2_000, 0)),
    ];
    let hours: Vec<_> = hours.iter().map(told).collect();
    assert_eq!(hours, wanted.map(|(local, of)| (local.to_owned(), of)));
}

#[test]
fn a_goal_names_the_sample_that_crossed_its_target() {
    let history = golden();
    let why = of_goal(&history)
        .goal(&goal("steps"), sunday(), history.now_ms)
        .unwrap();
    assert_eq!(why.met_at.unwrap().0, at("2026-10-25T07:58+1"));
    let crossing = &why.crossing[0];
    assert_eq!((crossing.before, crossing.added), (6_980, 110));
    assert_eq!(
        crossing.records,
        [(device(PHONE), RecordId::Number(101), 1, 110)]
    );
    assert_eq!(
        (why.parts[0].whole, why.parts[0].target, why.share),
        (7_000, 7_000, (1, 1))
    );
}

#[test]
fn an_adaptive_target_says_which_days_made_it_and_which_were_passed_over() {
    let mut history = after_nine_days(streakline_core::goal::Policy::Percentile);
    history.tick(at("2016-05-11T04:00Z"));
    let (today, id) = (date("2016-05-11"), goal("g"));
    let question = Question::Goal(id.clone(), today);
    let why = history
        .evidence(&question)
        .goal(&id, today, history.now_ms)
        .unwrap();
    let why = why.target.unwrap();
    let mut sorted = NINE;
    sorted.sort_unstable();
    assert_eq!(why.percentile, (sorted.to_vec(), Some(6)));
    assert_eq!(
        (why.issued.base, why.held.rounded, why.held.bounded),
        (7_000, 7_000, 7_000)
    );
    assert_eq!(why.held.target, why.issued.target);
    let used = |day: &str| {
        let day = date(day);
        let looked = why.looked.iter().find(|looked| looked.day == day).unwrap();
        (looked.used, looked.then)
    };
    assert_eq!(used("2016-05-02"), (Use::Counted, Some(4_200)));
    assert_eq!(used("2016-05-10"), (Use::Counted, Some(5_600)));
    assert_eq!(used("2016-05-01").1, None);
}

#[test]
fn a_late_sample_that_moved_a_streak_is_the_cause_of_what_was_told() {
    let mut history = after_twelve_met_days();
    history.tick(at("2026-10-30T12:00+1"));
    send(&mut history, records(), 0);
    let question = Question::Streak(goal("steps"), sunday(), sunday());
    let trail = told(&history, &question);
    let lost = trail
        .iter()
        .find(|fact| matches!(fact.kind, FactKind::StreakLost { .. }))
        .unwrap();
    assert_eq!(lost.by, Origin::server(Source::Timer), "time did it");
    let corrected = trail
        .iter()
        .find(|fact| matches!(fact.kind, FactKind::StreakCorrected { .. }));
    let corrected = corrected.unwrap();
    let completed = trail
        .iter()
        .find(|fact| matches!(fact.kind, FactKind::GoalCompleted { .. }));
    let completed = completed.unwrap();
    assert!(completed.causes.contains(&lost.id), "{completed:?}");
    assert_eq!(completed.id.position, corrected.id.position, "one input");
    let why = history.user.streak_why(
        &goal("steps"),
        (date("2026-10-24"), date("2026-10-26")),
        history.now_ms,
    );
    let periods: Vec<_> = why.unwrap().periods;
    let told = periods
        .iter()
        .map(|why| (why.status, why.reason, why.count))
        .collect::<Vec<_>>();
    let wanted = [
        (DayStatus::Met, Reason::Reached, 12),
        (DayStatus::Met, Reason::Reached, 13),
        (DayStatus::Missed, Reason::FellShort, 0),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_posting_names_the_input_that_moved_its_day() {
    let mut history = golden();
    let last = history.journal.last().unwrap().0.position;
    history.tick(at("2026-10-26T03:00+1"));
    let question = Question::Tokens(sunday());
    let posted = told(&history, &question);
    let [posted] = posted.as_slice() else {
        panic!("one posting: {posted:?}");
    };
    assert_eq!(posted.causes.len(), 1);
    assert_eq!(
        (posted.causes[0].position, posted.causes[0].sub),
        (last, EventId::INPUT)
    );
    let why = history.user.token_why(sunday(), history.now_ms);
    assert_eq!(
        (why.steps, why.earned_micro, why.posted_micro),
        (8_400, 6_700_000, 6_700_000)
    );
    let bands = why
        .bands
        .iter()
        .map(|band| (band.steps, band.micro))
        .collect::<Vec<_>>();
    assert_eq!(bands, [(5_000, 5_000_000), (3_400, 1_700_000), (0, 0)]);
    assert_eq!(why.parts, [(sunday(), 8_400)]);
}

#[test]
fn a_score_says_what_it_leaves_out_and_why() {
    let mut history = after_twelve_met_days();
    let mut window = crate::challenges::window("2026-10-25", "2026-10-25");
    window.per_day_cap = Some(5_000);
    history.enrol(8, &window);
    send(&mut history, records(), 0);
    let whole = history.user.score_why(ChallengeId([7; 16])).unwrap();
    assert_eq!(
        (whole.days[0].scored, whole.days[0].eligible),
        (8_400, 8_400)
    );
    let capped = history.user.score_why(ChallengeId([8; 16])).unwrap();
    let day = capped.days.iter().find(|day| day.day == sunday()).unwrap();
    assert_eq!(day.scored, 5_000);
    assert!(day.left_out.contains(&LeftOut::Cap), "{:?}", day.left_out);
    assert_eq!(
        capped.counted_ms.0,
        at("2026-10-25T00:30+2"),
        "the minute of joining"
    );
}

#[test]
fn an_admins_change_of_zone_says_who_made_it_and_is_behind_its_days() {
    let mut history = after_twelve_met_days();
    let zone = history
        .propose("Asia/Tokyo", Some(at("2026-10-25T00:10+2")))
        .unwrap();
    let admin = Origin {
        source: Source::Rest,
        principal: "admin-key".into(),
        request_id: "ticket-17".into(),
    };
    let profile = NewProfile {
        zone,
        ..NewProfile::default()
    };
    history.input_of(admin.clone(), UserInput::Profile(profile));
    let changes = history.changes();
    let moved = changes
        .iter()
        .find(|change| matches!(change.kind, ChangeKind::ZoneChanged { .. }));
    let moved = moved.unwrap();
    assert_eq!(moved.by, admin);
    let behind = |day: &str| Question::Day(date(day)).is_changed_by(&history.user, moved);
    assert!(behind("2026-10-25"));
    assert!(!behind("2026-10-23"));
    let why = of_day(&history).day(sunday(), history.now_ms);
    let zones: Vec<&str> = why.zones.iter().map(|held| held.zone.as_str()).collect();
    assert_eq!(zones.last(), Some(&"Asia/Tokyo"));
}

#[test]
fn everything_that_a_person_changes_is_noted_once_and_samples_are_not() {
    let mut history = golden();
    history.hello(WATCH, DeviceClass::Watch, None);
    history.input(UserInput::PutRestDay(date("2026-10-27")));
    history.input(UserInput::DeleteGoal(goal("steps")));
    history.input(UserInput::Profile(NewProfile {
        alias: Some("Swift Heron".into()),
        ..NewProfile::default()
    }));
    let kinds: Vec<ChangeKind> = history
        .changes()
        .into_iter()
        .map(|change| change.kind)
        .collect();
    let count = |wanted: fn(&ChangeKind) -> bool| kinds.iter().filter(|kind| wanted(kind)).count();
    assert_eq!(count(|kind| matches!(kind, ChangeKind::Created { .. })), 1);
    assert_eq!(
        count(|kind| matches!(kind, ChangeKind::DeviceBound { .. })),
        2
    );
    assert_eq!(count(|kind| matches!(kind, ChangeKind::GoalSet { .. })), 1);
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    let again = History::replay(&history.journal, |_| true, |_| false);
    assert_eq!(again.changes(), history.changes());
}

#[test]
fn a_day_that_a_freeze_covers_and_a_pause_say_so_and_their_facts_are_in_the_trail() {
    let freezes = Definition {
        freezes: 2,
        ..Definition::default()
    };
    let mut history = person(freezes);
    for number in 1..=8 {
        if number != 8 {
            walk(&mut history, number);
        }
        close(&mut history, number);
    }
    history.input(UserInput::Pause {
        from: day(10),
        to: day(12),
    });
    close(&mut history, 9);
    close(&mut history, 10);
    let span = (day(7), day(10));
    let why = history
        .user
        .streak_why(&goal("g"), span, history.now_ms)
        .unwrap();
    let told = |why: &PeriodWhy| (why.status, why.reason, why.count, why.freeze_of);
    let wanted = [
        (DayStatus::Met, Reason::Reached, 7, None),
        (DayStatus::Frozen, Reason::Freeze, 7, Some(day(8))),
        (DayStatus::Missed, Reason::ShortSoFar, 0, None),
        (DayStatus::Paused, Reason::Paused, 0, None),
    ];
    assert_eq!(why.periods.iter().map(told).collect::<Vec<_>>(), wanted);
    let freezes = &why.keeping.freezes;
    assert_eq!((freezes.earned, freezes.used, freezes.held()), (1, 1, 0));
    let question = Question::Streak(goal("g"), day(8), day(10));
    let trail = self::told(&history, &question);
    let has = |wanted: fn(&FactKind) -> bool| trail.iter().any(|fact| wanted(&fact.kind));
    assert!(has(|kind| matches!(
        kind,
        FactKind::Streak(StreakFact::Freeze { .. })
    )));
    assert!(has(|kind| matches!(
        kind,
        FactKind::Streak(StreakFact::Pause { .. })
    )));
}

#[test]
fn a_day_that_a_verdict_takes_names_the_verdict() {
    let mut history = person(Definition::default());
    for number in 1..=3 {
        walk(&mut history, number);
        close(&mut history, number);
    }
    history.input(UserInput::Verdict([day(2)].into()));
    let why = history
        .user
        .streak_why(&goal("g"), (day(1), day(3)), history.now_ms)
        .unwrap();
    let told = |why: &PeriodWhy| (why.reason, why.verdict, why.count);
    let wanted = [
        (Reason::Reached, None, 1),
        (Reason::Verdict, Some(1), 0),
        (Reason::Reached, None, 1),
    ];
    assert_eq!(why.periods.iter().map(told).collect::<Vec<_>>(), wanted);
    let given = told_of_verdict(&history);
    assert_eq!(given, [(day(2), true), (day(3), false)]);
}

/// Whether the verdict belongs to the trail of these days.
fn told_of_verdict(history: &History) -> Vec<(streakline_core::civil::Day, bool)> {
    let is_one = |fact: &Fact| matches!(fact.kind, FactKind::Streak(StreakFact::Verdict { .. }));
    let of = |on| told(history, &Question::Day(on)).iter().any(is_one);
    [day(2), day(3)].map(|on| (on, of(on))).to_vec()
}
