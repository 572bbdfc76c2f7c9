//! What follows a fold of a challenge: answers, notices to members, and the settlement's questions to partitions.

use streakline_core::{
    campaign::CampaignInput,
    challenge::resident::Resident,
    id::{ChallengeId, UserId},
    input::{ChallengeInput, Origin, Source, UserInput},
};

use super::{
    Cell, ChallengeCell,
    command::{Admit, ChallengeCommand, Done, WriteChallenge},
    parted,
};
use crate::actors::{
    chores::{Chore, send_chore},
    host::send_challenge,
    message::Caller,
    shared::BITS,
    user::UserCommand,
};

/// Members that are told at once; the rest follow as these confirm.
const NOTICES_AT_ONCE: usize = 256;

/// A change is folded: who asked is told, or waits until the member's own partition knows.
pub(super) fn answer(cell: &Cell, answer: Done, member: Option<UserId>) {
    {
        let mut held = cell.borrow_mut();
        let owes = |user: &UserId| held.resident().is_some_and(|resident| resident.owes(user));
        if let Some(member) = member.filter(owes) {
            held.confirmations.entry(member).or_default().push(answer);
            return;
        }
    }
    done(cell, answer);
}

/// Tells who asked that the change is folded.
fn done(cell: &Cell, done: Done) {
    let held = cell.borrow();
    if let Some(resident) = held.resident() {
        done(Ok((resident, held.host.now_ms())));
    }
}

/// Sends notices that are not on their way; a full mailbox leaves them for the next round. A cancellation is covered first.
pub(super) fn send_outbox(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let (host, challenge) = (held.host.clone(), held.id);
    let covered = host.is_covered(&held.entity());
    let Some(resident) = &mut held.resident else {
        return;
    };
    if !resident.outbox.is_empty() && !resident.may_tell(covered) {
        drop(held);
        return super::snapshot(cell);
    }
    for (user, number, input) in resident.outbox.due(NOTICES_AT_ONCE) {
        let by = resident.challenge().on_behalf(&user, &input);
        let notice = UserCommand::Notice {
            challenge,
            number,
            input: Box::new(input),
            by,
        };
        if host.send_user(user.clone(), notice).is_err() {
            resident.outbox.release(&user, number);
        }
    }
}

/// A member's own partition knows: who waited for that is answered.
pub(super) fn confirmed(cell: &Cell, user: UserId, input: &UserInput) {
    let waiting = {
        let mut held = cell.borrow_mut();
        if let Some(resident) = &mut held.resident {
            resident.confirmed(&user, input);
        }
        let settled = held
            .resident()
            .is_some_and(|resident| !resident.owes(&user));
        if settled {
            held.confirmations.remove(&user)
        } else {
            None
        }
    };
    for waiter in waiting.unwrap_or_default() {
        done(cell, waiter);
    }
    send_outbox(cell);
    cell.borrow_mut().note_work();
}

/// A member was erased: who waited for its partition to know of something waits no more.
pub(super) fn forgotten(cell: &Cell) {
    let waiting: Vec<Done> = {
        let mut held = cell.borrow_mut();
        let ChallengeCell {
            resident,
            confirmations,
            ..
        } = &mut *held;
        let owes = |user: &UserId| resident.as_ref().is_some_and(|held| held.owes(user));
        let gone = confirmations.extract_if(.., |user, _| !owes(user));
        gone.flat_map(|(_, waiting)| waiting).collect()
    };
    for waiter in waiting {
        done(cell, waiter);
    }
}

/// Once a cut-off has passed: asks the partitions for their barrier, and settles, or decides a round, when all have passed it.
pub(super) fn settlement(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let (host, challenge) = (held.host.clone(), held.id);
    let Some(resident) = &mut held.resident else {
        return;
    };
    for (partition, cutoff_ms) in resident.barriers_due(BITS) {
        let token = host.shared.work.begin();
        let chore = Chore::Barrier {
            partition,
            cutoff_ms,
            challenge,
            token,
        };
        if send_chore(&host.shared, partition, chore).is_err() {
            resident.barrier((partition, cutoff_ms), false);
        }
    }
    if let Some(settle) = resident.settlement() {
        held.offer(Origin::server(Source::Timer), (settle, Vec::new()), None);
    }
    drop(held);
    parted::go_on(cell);
}

/// Once the window has ended: counts who took part, where that matters.
pub(super) fn count(cell: &Cell) {
    let mut held = cell.borrow_mut();
    if let Some(count) = held.resident().and_then(|resident| resident.count()) {
        held.offer(Origin::server(Source::Timer), (count, Vec::new()), None);
    }
}

/// Says which tiers of a collective challenge the sum of all scores has reached.
pub(super) fn tiers(cell: &Cell) {
    let mut held = cell.borrow_mut();
    if let Some(reach) = held.resident().and_then(|resident| resident.reaching()) {
        held.offer(Origin::server(Source::Timer), (reach, Vec::new()), None);
    }
}

/// Gives free places to who has waited longest.
pub(super) fn admission(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let now_ms = held.host.now_ms();
    let admit = held
        .resident()
        .and_then(|resident| resident.admission(now_ms));
    if let Some(admit) = admit {
        held.offer(Origin::server(Source::Timer), (admit, Vec::new()), None);
    }
}

/// Tells the campaign that pays for it that it is over, and what it has paid; told again until that is journaled there.
pub(super) fn account(cell: &Cell) {
    let mut held = cell.borrow_mut();
    let (host, challenge) = (held.host.clone(), held.id);
    let owed = held.resident().and_then(Resident::account);
    let Some((campaign, close)) = owed.filter(|_| !held.accounting) else {
        return;
    };
    let told = close.clone();
    let admit: Admit = Box::new(move |of, _| {
        let held = of.campaign.as_deref();
        let news = held.and_then(|held| held.news(&close));
        Ok(news.map(ChallengeInput::Campaign))
    });
    let shared = host.shared.clone();
    let done: Done = Box::new(move |journaled: Result<_, _>| {
        let told = journaled.is_ok().then_some(told);
        // Lost: it is told again in the next round.
        let _ = send_challenge(&shared, challenge, ChallengeCommand::Accounted(told));
    });
    let write = WriteChallenge {
        admit,
        attach: Box::new(|_, _| Vec::new()),
        member: None,
        done,
        caller: Caller {
            principal: "server".into(),
            request_id: String::new(),
        },
        while_stopped: false,
    };
    let to = ChallengeId(campaign.0);
    held.accounting = host
        .send_challenge(to, ChallengeCommand::Write(write))
        .is_ok();
}

/// The campaign knows, or could not be told.
pub(super) fn accounted(cell: &Cell, told: Option<&CampaignInput>) {
    let mut held = cell.borrow_mut();
    held.accounting = false;
    if let (Some(resident), Some(told)) = (&mut held.resident, told) {
        resident.accounted(told);
    }
    held.note_work();
}
