//! A budget is never overspent, whatever is repeated, lost or overtaken.

use alloc::{boxed::Box, vec::Vec};
use proptest::{collection::vec as list, prelude::*};

use super::*;

fn id(number: u8) -> ChallengeId {
    ChallengeId([number; 16])
}

fn funded(budget_micro: i64) -> Option<Box<Campaign>> {
    let mut campaign = None;
    let fund = funding(None, "Spring".into(), budget_micro).unwrap();
    fold(&mut campaign, &fund, 7);
    campaign
}

fn reserve(
    campaign: &mut Option<Box<Campaign>>,
    challenge: u8,
    amount: i64,
) -> Result<(), Refusal> {
    let held = campaign.as_ref().unwrap();
    if let Some(input) = held.reserving(id(challenge), amount)? {
        fold(campaign, &input, 8);
    }
    Ok(())
}

fn close(campaign: &mut Option<Box<Campaign>>, challenge: u8, spent: i64) {
    if let Some(input) = campaign.as_ref().unwrap().closing(id(challenge), spent) {
        fold(campaign, &input, 9);
    }
}

#[test]
fn a_challenge_reserves_what_is_left_and_gives_back_what_it_did_not_pay() {
    let mut campaign = funded(100);
    assert_eq!(reserve(&mut campaign, 1, 60), Ok(()));
    assert_eq!(reserve(&mut campaign, 2, 50), Err(Refusal::Exhausted(40)));
    assert_eq!(reserve(&mut campaign, 1, 101), Err(Refusal::Exhausted(100)));
    close(&mut campaign, 1, 25);
    let view = campaign.as_ref().unwrap().view(CampaignId([9; 16]));
    assert_eq!((view.reserved_micro, view.spent_micro), (0, 25));
    assert_eq!(reserve(&mut campaign, 2, 75), Ok(()));
    assert_eq!(reserve(&mut campaign, 1, 1), Err(Refusal::Over));
    assert_eq!(
        funding(campaign.as_deref(), "Less".into(), 99),
        Err(Refusal::Committed(100))
    );
}

#[test]
fn a_reservation_does_not_shrink_before_its_challenge_is_over() {
    let mut campaign = funded(100);
    reserve(&mut campaign, 1, 60).unwrap();
    reserve(&mut campaign, 1, 10).unwrap();
    assert_eq!(campaign.as_ref().unwrap().reserved_micro(), 60);
}

#[test]
fn what_asks_after_the_end_reserves_nothing() {
    let mut campaign = funded(100);
    close(&mut campaign, 1, 0);
    assert_eq!(reserve(&mut campaign, 1, 10), Err(Refusal::Over));
    // Journaled before it was judged anew, as an operator may offer it again.
    let late = CampaignInput::Reserve {
        challenge: id(1),
        amount_micro: 10,
    };
    fold(&mut campaign, &late, 10);
    assert_eq!(campaign.as_ref().unwrap().reserved_micro(), 0);
}

#[test]
fn a_challenge_that_is_voided_has_spent_less_and_never_more() {
    let mut campaign = funded(100);
    reserve(&mut campaign, 1, 60).unwrap();
    close(&mut campaign, 1, 40);
    close(&mut campaign, 1, 0);
    close(&mut campaign, 1, 40);
    assert_eq!(campaign.as_ref().unwrap().spent_micro(), 0);
}

proptest! {
    #[test]
    fn t5_9_a_budget_is_never_overspent(
        steps in list((any::<bool>(), 1_u8..5, 0_i64..80), 0..40),
        again in any::<bool>(),
    ) {
        let mut campaign = funded(100);
        let mut journal: Vec<CampaignInput> = Vec::new();
        for (reserves, challenge, amount) in steps {
            let held = campaign.as_ref().unwrap();
            let input = if reserves {
                held.reserving(id(challenge), amount).ok().flatten()
            } else {
                held.closing(id(challenge), amount)
            };
            if let Some(input) = input {
                fold(&mut campaign, &input, 8);
                if again {
                    fold(&mut campaign, &input, 8);
                }
                journal.push(input);
            }
            let held = campaign.as_ref().unwrap();
            prop_assert!(held.free_micro() >= 0);
            prop_assert!(held.spent_micro() + held.reserved_micro() <= 100);
            prop_assert!(held.draws.values().all(|draw| draw.spent_micro >= 0));
        }
        let mut replayed = funded(100);
        journal.iter().for_each(|input| fold(&mut replayed, input, 8));
        let draws = |of: &Option<Box<Campaign>>| of.as_ref().unwrap().draws.clone();
        prop_assert_eq!(draws(&replayed), draws(&campaign));
    }
}
