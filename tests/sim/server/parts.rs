//! Boards in parts as `actors::parts` and `actors::challenge::parted` carry them (ADR 0074): one part a partition, which takes the scores
//! of its users without mail. What it reports, and what is answered, is mail like any other; what it holds is gone after a crash.

use streakline_core::{
    challenge::{
        parts::{Known, Looked, Part, PartRow, Report},
        resident::Resident,
        segments::Pick,
    },
    event::Contribution,
    id::{ChallengeId, Entity, PartitionId, UserId},
    input::UserInput,
    leaderboard::{RowKey, shards},
    limits,
};

use super::{BITS, Checked, Mail, Server, Task};

/// How far the parts of a board are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Parts {
    /// There are none.
    #[default]
    None,
    /// They are being filled.
    Opening,
    /// They are there, and have every score.
    Open,
    /// They have handed over their rows, which are on their way.
    Ending,
}

/// The number of a part, from 0.
fn number(partition: PartitionId) -> usize {
    usize::try_from(partition.0 - (1 << BITS)).unwrap()
}

impl Server {
    fn resident(&self, id: ChallengeId) -> Option<&Resident> {
        self.challenges.get(&id)?.resident.as_ref()
    }

    /// Opens parts that should be there and are not, and lets them hand over once their rows are needed.
    pub(super) fn go_on_parts(&mut self, id: ChallengeId) {
        let Some(resident) = self.resident(id) else {
            return;
        };
        let (needs, ends) = (resident.needs_parts(), resident.awaits_rows());
        match self.challenge_cell(id).parts {
            Parts::None if needs => self.open_parts(id, Vec::new()),
            Parts::Open if ends => self.hand_over(id),
            _ => {}
        }
    }

    /// Opens the parts with these scores of the store; everybody in memory sends the newest once all that was recovered is folded.
    pub(super) fn open_parts(&mut self, id: ChallengeId, scores: Vec<Contribution>) {
        self.challenge_cell(id).parts = Parts::Opening;
        for partition in self.partitions.keys() {
            self.parts.entry((id, *partition)).or_default();
        }
        for told in scores {
            self.part_takes(&told);
        }
        self.refills.insert(id, false);
    }

    /// Whether its parts are being filled.
    pub(super) fn is_opening(&self, id: ChallengeId) -> bool {
        let cell = self.challenges.get(&id);
        cell.is_some_and(|cell| cell.parts == Parts::Opening)
    }

    /// Every part tells everything.
    pub(super) fn parts_opened(&mut self, id: ChallengeId) -> Checked<()> {
        let mut reports = Vec::new();
        for ((of, partition), part) in &mut self.parts {
            if *of == id {
                reports.push((*partition, part.whole(self.machine_ms)));
            }
        }
        for (partition, report) in reports {
            self.reported(id, partition, report);
        }
        let cell = self.challenge_cell(id);
        cell.parts = Parts::Open;
        if let Some(resident) = &mut cell.resident
            && resident.is_partial()
            && !resident.awaits_rows()
        {
            resident.filled();
        }
        self.advance_challenge(id)
    }

    /// A part has reported; one that makes no sense without an earlier report is not confirmed.
    pub(super) fn reported(&mut self, id: ChallengeId, partition: PartitionId, report: Report) {
        let told = report.number;
        let cell = self.challenge_cell(id);
        let resident = cell.resident.as_mut();
        if resident.is_some_and(|resident| resident.report(number(partition), report)) {
            self.post(Mail::Noted(partition, id, told));
        }
    }

    /// The challenge has a report of a part.
    pub(super) fn noted(&mut self, id: ChallengeId, partition: PartitionId, told: u64) {
        if let Some(part) = self.parts.get_mut(&(id, partition)) {
            part.confirmed(told);
        }
    }

    /// A second passes: parts tell what has changed.
    pub(super) fn report_parts(&mut self) {
        self.machine_ms += limits::PART_REPORT_MS;
        let mut due = Vec::new();
        for ((id, partition), part) in &mut self.parts {
            let report = part.due(self.machine_ms);
            due.extend(report.map(|report| Mail::Reported(*id, *partition, Box::new(report))));
        }
        due.into_iter().for_each(|mail| self.post(mail));
    }

    /// Whether no part has anything to tell that the challenge does not know.
    pub(super) fn have_parts_told(&self) -> bool {
        let told = |part: &Part| part.clone().due(u64::MAX).is_none();
        self.parts.values().all(told)
    }

    fn hand_over(&mut self, id: ChallengeId) {
        self.challenge_cell(id).parts = Parts::Ending;
        let mut rows = Vec::new();
        let partitions: Vec<PartitionId> = self.partitions.keys().copied().collect();
        for partition in partitions {
            let part = self.parts.remove(&(id, partition));
            rows.extend(part.into_iter().flat_map(Part::hand_over));
        }
        self.tasks.push(Task::HandedOver(id, rows));
    }

    /// The rows of all parts have arrived: the board is whole.
    pub(super) fn handed_over(&mut self, id: ChallengeId, rows: Vec<PartRow>) -> Checked<()> {
        let cell = self.challenge_cell(id);
        if std::mem::take(&mut cell.parts) == Parts::Ending
            && let Some(resident) = &mut cell.resident
        {
            resident.gathered(rows);
            self.check_frozen(id)?;
            self.advance_challenge(id)?;
        }
        Ok(())
    }

    /// A user's score, where its board has a part; else it is the challenge's to take.
    pub(super) fn part_takes(&mut self, told: &Contribution) -> bool {
        let partition = Entity::User(told.user.clone()).partition(BITS);
        let part = self.parts.get_mut(&(told.challenge, partition));
        part.map(|part| part.take(told)).is_some()
    }

    /// A score that has come to the challenge, whose board is in parts.
    pub(super) fn forwarded(&mut self, told: Contribution) {
        // Else the user sends it again.
        if self.part_takes(&told) {
            self.post(Mail::Taken(told.user.clone(), told));
        }
    }

    /// A user's own partition has journaled what a challenge has told it: who has left has no row any more.
    pub(super) fn part_is_told(&mut self, user: &UserId, input: &UserInput) {
        if let UserInput::Withdraw { challenge, join } = input {
            let partition = Entity::User(user.clone()).partition(BITS);
            if let Some(part) = self.parts.get_mut(&(*challenge, partition)) {
                part.leave(user, *join);
            }
        }
    }

    /// A user was erased.
    pub(super) fn parts_forget(&mut self, user: &UserId) {
        for part in self.parts.values_mut() {
            part.forget(user);
        }
    }

    /// The rows of a board whose parts are open; nothing of any other.
    pub(crate) fn rows_of_parts(&self, id: ChallengeId) -> Option<Vec<RowKey<Option<UserId>>>> {
        let cell = self.challenges.get(&id)?;
        let resident = cell
            .resident
            .as_ref()
            .filter(|_| cell.parts == Parts::Open)?;
        let (after, limit) = (None, shards::HEAD_ROWS);
        let (challenge, board) = (resident.challenge(), resident.board());
        let seen = challenge.look(board, &Pick::Page { after, limit }, &Known::default(), 0);
        let Looked::View(view) = seen else {
            return None;
        };
        let rows = view.items.into_iter().map(|row| RowKey {
            score: row.key,
            achieved_at_ms: row.achieved_at_ms,
            id: row.user,
        });
        Some(rows.collect())
    }
}
