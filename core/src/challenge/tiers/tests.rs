//! Tiers: each is reached once, by the sum of all scores, and told to everybody once.

use alloc::{collections::BTreeMap, vec::Vec};
use proptest::prelude::*;

use super::*;
use crate::{
    challenge::{
        resident::Resident,
        scene::{ID, contribution, definition, give, join, settle},
    },
    definition::Definition,
    input::ChallengeInput,
};

const NAMES: [&str; 4] = ["ann", "bob", "cat", "dan"];

fn together(tiers: &[i64]) -> Resident {
    let mut resident = Resident::read(Challenge::new(ID), Vec::new());
    resident.filled();
    let definition = Definition {
        kind: Kind::Collective {
            tiers: tiers.to_vec(),
        },
        ..definition()
    };
    give(&mut resident, ChallengeInput::Create(definition));
    give(&mut resident, ChallengeInput::Publish);
    NAMES.iter().for_each(|name| join(&mut resident, name));
    resident
}

/// Delivers everything that is owed; counts who was told of which tiers.
fn deliver(resident: &mut Resident, told: &mut BTreeMap<(UserId, u32), u32>) {
    loop {
        let due = resident.outbox.due(usize::MAX);
        if due.is_empty() {
            return;
        }
        for (user, _, input) in due {
            if let UserInput::Reach { tiers, .. } = &input {
                *told.entry((user.clone(), *tiers)).or_default() += 1;
            }
            resident.confirmed(&user, &input);
        }
    }
}

#[test]
fn a_tier_that_is_reached_at_the_settlement_is_told_before_how_it_ended() {
    let mut resident = together(&[10]);
    let mut told = BTreeMap::new();
    deliver(&mut resident, &mut told);
    resident.take(&contribution("ann", 1, 10));
    settle(&mut resident);
    deliver(&mut resident, &mut told);
    assert_eq!(told.len(), NAMES.len());
    assert!(
        resident
            .challenge()
            .unconfirmed(resident.board())
            .is_empty()
    );
}

proptest! {
    #[test]
    fn t5_5_a_collective_score_is_the_sum_of_its_members_and_each_tier_fires_once(
        scores in proptest::collection::vec((0..4_usize, 0_i64..100), 1..40),
        steps in proptest::collection::vec(1_i64..80, 1..6),
    ) {
        let mut highest = 0;
        let tiers: Vec<i64> = steps.iter().map(|step| { highest += step; highest }).collect();
        let mut resident = together(&tiers);
        let (mut told, mut newest, mut most) = (BTreeMap::new(), [0_i64; 4], 0);
        deliver(&mut resident, &mut told);
        for (version, (who, score)) in (1_u64..).zip(&scores) {
            resident.take(&contribution(NAMES[*who], version, *score));
            newest[*who] = *score;
            let sum: i64 = newest.iter().sum();
            most = sum.max(most);
            prop_assert_eq!(resident.board().total(), i128::from(sum));
            while let Some(input) = resident.reaching() {
                give(&mut resident, input);
            }
            deliver(&mut resident, &mut told);
        }
        settle(&mut resident);
        deliver(&mut resident, &mut told);
        let fired = tiers.iter().filter(|tier| **tier <= most).count();
        prop_assert_eq!(resident.challenge().reached_ms.len(), fired);
        prop_assert!(told.values().all(|times| *times == 1), "{:?}", told);
        let knows = |tier: u32| NAMES.iter().all(|name| {
            told.keys().any(|(user, tiers)| user.as_str() == *name && *tiers >= tier)
        });
        prop_assert!(u32::try_from(fired).is_ok_and(|fired| fired == 0 || knows(fired)));
    }
}
