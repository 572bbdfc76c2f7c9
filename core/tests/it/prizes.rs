//! Prizes of challenges: paid once, held where they are much, and what is owed is repaid from them (domain.md 5.1, 8.1).

use streakline_core::{
    challenge::prizes::Prize,
    change::ChangeKind,
    civil::MINUTE_MS,
    definition::{
        Definition,
        rewards::{Basis, Reward},
    },
    event::{FactKind, Transfer, WonPrize},
    id::{CampaignId, ChallengeId},
    input::{Adjustment, Conclusion, UserInput},
    ledger::Totals,
    limits::{HELD_MS, HELD_PRIZE_MICRO},
    user::User,
};

use crate::{challenges::window, history::History, places::at};

const ID: ChallengeId = ChallengeId([7; 16]);
const CAMPAIGN: CampaignId = CampaignId([9; 16]);
const SETTLED: &str = "2026-05-10T00:00Z";

fn paying() -> Definition {
    let reward = Reward {
        basis: Basis::Rank { first: 1, last: 1 },
        tokens_micro: 2 * HELD_PRIZE_MICRO,
    };
    Definition {
        rewards: vec![reward],
        campaign: Some(CAMPAIGN),
        capacity: Some(10),
        ..window("2026-05-03", "2026-05-04")
    }
}

fn won(amounts: &[i64]) -> UserInput {
    let prizes = (0_u32..).zip(amounts).map(|(reward, amount)| Prize {
        reward,
        amount_micro: *amount,
    });
    UserInput::Conclude {
        challenge: ID,
        join: 1,
        conclusion: Conclusion::Settled {
            rank: 1,
            score: 5_000,
            participants: 3,
            finished_at_ms: None,
            prizes: prizes.collect(),
            team: None,
        },
    }
}

/// The settlement that had won that is annulled.
fn annulled(amounts: &[i64]) -> UserInput {
    let prizes = (0_u32..).zip(amounts).map(|(reward, amount)| Prize {
        reward,
        amount_micro: *amount,
    });
    UserInput::Conclude {
        challenge: ID,
        join: 1,
        conclusion: Conclusion::Voided {
            reason: "a wrong zone".into(),
            campaign: Some(CAMPAIGN),
            prizes: prizes.collect(),
        },
    }
}

fn adjust(amount_micro: i64) -> UserInput {
    UserInput::Adjust(Adjustment {
        amount_micro,
        reason: "paid by hand".into(),
    })
}

/// Sum of all accounts, and what the campaign has paid.
fn sums(history: &History) -> (i64, i64) {
    let sums = Totals::of(history.transfers().iter()).summary();
    (sums.sum_micro, sums.campaigns_micro)
}

/// One who takes part until the settlement.
fn winner() -> History {
    let mut history = History::with_watch(at("2026-05-01T00:00Z"), "UTC");
    history.wait_until(at("2026-05-02T00:00Z"));
    history.enrol(7, &paying());
    history.tick(at(SETTLED));
    history
}

fn prizes(history: &History) -> Vec<Transfer> {
    let transfers = history.transfers().into_iter();
    let of_prizes = transfers.filter(|transfer| transfer.code.starts_with("prize"));
    of_prizes.collect()
}

fn told(history: &History) -> Vec<WonPrize> {
    let facts = history.told().into_iter();
    let prizes = facts.filter_map(|fact| match fact {
        FactKind::PrizeWon(prize) => Some(prize),
        _ => None,
    });
    prizes.collect()
}

fn balances(user: &User) -> (i64, i64, i64) {
    let accounts = &user.accounts;
    (
        user.available_micro,
        accounts.held_micro,
        accounts.debt_micro,
    )
}

#[test]
fn t5_2_a_conclusion_that_is_told_again_pays_nothing_more() {
    let mut history = winner();
    let notice = won(&[700, 60]);
    assert!(!history.user.knows(&notice));
    history.input(notice.clone());
    assert!(
        history.user.knows(&notice),
        "the shell does not journal it again"
    );
    history.input(notice.clone());
    history.snapshot();
    history.crash();
    history.input(notice);
    let paid: Vec<_> = prizes(&history)
        .iter()
        .map(|transfer| (transfer.cumulative_micro, transfer.amount_micro))
        .collect();
    assert_eq!(paid, [(0, 700), (1, 60)]);
    assert_eq!(balances(&history.user), (760, 0, 0));
}

#[test]
fn a_prize_comes_from_the_campaign_and_says_of_which_challenge_it_is() {
    let mut history = winner();
    history.input(won(&[700]));
    let transfer = prizes(&history).pop().unwrap();
    assert!(
        transfer.debit.starts_with("campaign:09090909-"),
        "{}",
        transfer.debit
    );
    assert!(transfer.credit.ends_with(":available"));
    assert_eq!(transfer.challenge, Some(ID));
    let told = told(&history).pop().unwrap();
    let said = (
        told.challenge,
        told.reward,
        told.amount_micro,
        told.held_until_ms,
    );
    assert_eq!(said, (ID, 0, 700, None));
    assert_eq!((told.transfer, told.available_micro), (transfer.id, 700));
    let sums = Totals::of(history.transfers().iter()).summary();
    assert_eq!((sums.sum_micro, sums.campaigns_micro), (0, -700));
}

#[test]
fn a_large_prize_is_held_for_seven_days() {
    let mut history = winner();
    history.input(won(&[HELD_PRIZE_MICRO, 5]));
    assert_eq!(balances(&history.user), (5, HELD_PRIZE_MICRO, 0));
    let until_ms = at(SETTLED) + HELD_MS;
    assert_eq!(told(&history)[0].held_until_ms, Some(until_ms));
    let woken_ms = history.user.visible_deadline();
    assert!(
        woken_ms.is_some_and(|at_ms| at_ms <= until_ms),
        "it is not forgotten"
    );
    history.snapshot();
    history.crash();
    history.tick(until_ms - MINUTE_MS);
    assert_eq!(balances(&history.user), (5, HELD_PRIZE_MICRO, 0));
    history.tick(until_ms + MINUTE_MS);
    history.tick(until_ms + HELD_MS);
    assert_eq!(balances(&history.user), (5 + HELD_PRIZE_MICRO, 0, 0));
    let codes: Vec<_> = prizes(&history).into_iter().map(|of| of.code).collect();
    assert_eq!(codes, ["prize", "prize", "prize_release"]);
    let sums = Totals::of(history.transfers().iter()).summary();
    assert_eq!((sums.sum_micro, sums.held_micro), (0, 0));
}

#[test]
fn a_challenge_that_is_cancelled_pays_nothing() {
    let mut history = winner();
    history.input(UserInput::Conclude {
        challenge: ID,
        join: 1,
        conclusion: Conclusion::Cancelled("rain".into()),
    });
    history.input(won(&[700]));
    assert_eq!(prizes(&history), []);
}

#[test]
fn a_settlement_that_is_annulled_gives_every_prize_back_once() {
    let mut history = winner();
    history.input(won(&[HELD_PRIZE_MICRO, 5]));
    let notice = annulled(&[HELD_PRIZE_MICRO, 5]);
    assert!(!history.user.knows(&notice));
    history.input(notice.clone());
    assert!(history.user.knows(&notice));
    history.input(notice.clone());
    history.snapshot();
    history.crash();
    history.input(notice);
    assert_eq!(balances(&history.user), (0, 0, 0));
    assert_eq!(sums(&history), (0, 0));
    let codes: Vec<_> = prizes(&history).into_iter().map(|of| of.code).collect();
    assert_eq!(codes, ["prize", "prize", "prize_release", "prize_void"]);
    let told = history.told();
    let voided = told.iter().filter(|fact| {
        matches!(fact, FactKind::ChallengeVoided { challenge, reason }
            if *challenge == ID && reason == "a wrong zone")
    });
    assert_eq!(voided.count(), 1);
    assert!(
        history.user.next_deadline() > Some(at(SETTLED)),
        "nothing is held any more"
    );
}

#[test]
fn what_is_spent_of_a_prize_that_is_annulled_is_owed_and_repaid_from_what_comes() {
    let mut history = winner();
    history.input(won(&[700]));
    history.input(adjust(-600));
    history.input(annulled(&[700]));
    assert_eq!(balances(&history.user), (0, 0, 600));
    assert_eq!(sums(&history), (0, 0), "the campaign has everything back");
    history.input(adjust(1_000));
    assert_eq!(balances(&history.user), (400, 0, 0));
    assert_eq!(sums(&history), (0, 0));
}

#[test]
fn an_annulment_that_overtakes_the_settlement_takes_nothing_back() {
    let mut history = winner();
    history.input(annulled(&[700]));
    assert_eq!(prizes(&history), []);
    let late = won(&[700]);
    assert!(history.user.knows(&late), "it pays nothing any more");
    history.input(late);
    assert_eq!(balances(&history.user), (0, 0, 0));
}

#[test]
fn a_prize_goes_back_once_though_its_enrolment_is_forgotten() {
    let mut history = winner();
    history.input(won(&[700]));
    history.user.enrolments.clear();
    let notice = annulled(&[700]);
    assert!(!history.user.knows(&notice));
    history.input(notice.clone());
    history.snapshot();
    history.crash();
    assert!(history.user.knows(&notice));
    history.input(notice);
    assert_eq!(balances(&history.user), (0, 0, 0));
    let nothing = annulled(&[]);
    assert!(
        history.user.knows(&nothing),
        "who won nothing has nothing to do with it"
    );
}

#[test]
fn an_adjustment_moves_the_balance_and_says_who_asked_for_it_and_why() {
    let mut history = winner();
    history.input(adjust(1_000));
    assert_eq!(history.user.may_adjust(-1_000), Ok(()));
    assert!(
        history.user.may_adjust(-1_001).is_err(),
        "nobody falls below 0"
    );
    history.input(adjust(-400));
    history.input(adjust(-400));
    assert_eq!(balances(&history.user), (200, 0, 0));
    let made = history.transfers().into_iter();
    let made = made
        .filter(|of| of.code == "adjustment")
        .map(|of| (of.amount_micro, of.id));
    let made: Vec<_> = made.collect();
    assert_eq!(
        made.iter().map(|of| of.0).collect::<Vec<_>>(),
        [1_000, 400, 400]
    );
    assert_ne!(made[1].1, made[2].1, "each has its own key");
    let changes = history.user.changes.iter();
    let reasons = changes.filter_map(|change| match &change.kind {
        ChangeKind::Adjusted { adjustment, .. } => Some(adjustment.reason.as_str()),
        _ => None,
    });
    assert_eq!(reasons.count(), 3);
}
