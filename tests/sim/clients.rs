//! The clients of a world: queues that send again what is not acknowledged, and requests that ask again until they are answered.

use std::collections::BTreeMap;

use streakline_core::{
    alias,
    calendar::Calendar,
    id::{DeviceId, OutboxId, UserId},
    input::DeviceIntroduction,
    record::Record,
};

use crate::{
    contests,
    random::Random,
    script::{Action, Script, is_poison},
    server::{Batch, Checked, Mail, Reply, Server, rules},
};

const OUTBOX: OutboxId = OutboxId([7; 16]);
/// Batches that the queue of a lane has under way at once: `live`, `backfill`.
const CREDITS: [usize; 2] = [4, 2];
/// Bytes that they may have, and what one record has of them, about; one batch may always be sent.
const CREDIT_BYTES: [usize; 2] = [4_000, 2_000];
const RECORD_BYTES: usize = 110;
/// How often a backlog is over its rate: what is sent of it waits in its socket, and is lost with that.
const HELD_PERMILLE: u64 = 300;

#[derive(Default)]
struct Queue {
    records: Vec<(Record, bool)>,
    acknowledged: usize,
    /// Where the queue stood when its socket was last closed by what it sent.
    closed_at: Option<usize>,
}

/// Every client.
#[derive(Default)]
pub(crate) struct Clients {
    owners: BTreeMap<DeviceId, UserId>,
    queues: BTreeMap<(DeviceId, u8), Queue>,
    asked: BTreeMap<u64, Mail>,
    next: u64,
}

impl Clients {
    pub(crate) fn new(script: &Script) -> Self {
        let devices = script.people.iter().flat_map(|person| {
            let owned = person.devices.iter();
            owned.map(|(device, _)| (*device, person.user.clone()))
        });
        Self {
            owners: devices.collect(),
            ..Self::default()
        }
    }

    /// Something is to be done.
    pub(crate) fn take(&mut self, script: &Script, action: &Action) {
        if let Action::Send(burst) = action {
            let queue = self.queues.entry((burst.device, burst.lane)).or_default();
            let records = burst.records.iter().cloned();
            queue
                .records
                .extend(records.map(|record| (record, burst.skewed)));
            return;
        }
        self.next += 1;
        self.asked
            .extend(request(script, action, self.next).map(|mail| (self.next, mail)));
    }

    /// Whether everything is acknowledged and answered.
    pub(crate) fn is_satisfied(&self) -> bool {
        let sent = |queue: &Queue| queue.acknowledged == queue.records.len();
        self.asked.is_empty() && self.queues.values().all(sent)
    }

    /// Sends everything that is not acknowledged or answered, once more.
    pub(crate) fn send(&mut self, server: &mut Server, random: &mut Random) {
        for mail in self.asked.values() {
            server.post(mail.clone());
        }
        for ((device, lane), queue) in &mut self.queues {
            if !resumed(server, &self.owners[device], (*device, *lane), queue) {
                continue;
            }
            if *lane == 1 && random.permille(HELD_PERMILLE) {
                continue;
            }
            let (mut from, mut bytes) = (queue.acknowledged, 0);
            for _ in 0..CREDITS[usize::from(*lane)] {
                let rest = &queue.records[from..];
                let Some((_, skewed)) = rest.first() else {
                    break;
                };
                let most = random.index(20) + 1;
                // What cannot be folded takes nothing else along.
                let poison = rest.first().is_some_and(|(record, _)| is_poison(record));
                let most = if poison { 1 } else { most };
                if poison && from > queue.acknowledged {
                    break;
                }
                if poison {
                    queue.closed_at = Some(from);
                }
                let alike = rest
                    .iter()
                    .take_while(|(r, other)| other == skewed && is_poison(r) == poison);
                let records: Vec<Record> = alike.take(most).map(|(r, _)| r.clone()).collect();
                bytes += records.len() * RECORD_BYTES;
                if from > queue.acknowledged && bytes > CREDIT_BYTES[usize::from(*lane)] {
                    break;
                }
                let first_seq = from as u64 + 1;
                from += records.len();
                let batch = Batch {
                    device: *device,
                    outbox: OUTBOX,
                    lane: *lane,
                    first_seq,
                    skewed: *skewed,
                    records,
                };
                server.post(Mail::Batch(self.owners[device].clone(), batch));
            }
        }
    }

    /// A reply has arrived.
    pub(crate) fn hear(&mut self, reply: Reply) -> Checked<()> {
        match reply {
            Reply::Done(number) => drop(self.asked.remove(&number)),
            Reply::Ack(device, lane, up_to) => {
                let queue = self.queues.entry((device, lane)).or_default();
                queue.acknowledged = queue.acknowledged.max(usize::try_from(up_to).unwrap());
            }
            Reply::Gap(device, lane, expected) => {
                let queue = self.queues.entry((device, lane)).or_default();
                if usize::try_from(expected).unwrap() <= queue.acknowledged {
                    return Err(format!(
                        "{} records of {device} are acknowledged, {expected} is expected: lost",
                        queue.acknowledged
                    ));
                }
            }
        }
        Ok(())
    }

    /// What is acknowledged must be known to the server.
    pub(crate) fn check_kept(&self, server: &Server, erased: &[UserId]) -> Checked<()> {
        for ((device, lane), queue) in &self.queues {
            let owner = &self.owners[device];
            if erased.contains(owner) {
                continue;
            }
            let cell = server
                .users
                .get(owner)
                .and_then(|cell| cell.resident.as_ref());
            let held = cell.and_then(|resident| resident.user().devices.get(device));
            let up_to = held.map_or(0, |held| held.up_to_seq(OUTBOX, *lane));
            if up_to < queue.acknowledged as u64 {
                let acknowledged = queue.acknowledged;
                return Err(format!(
                    "{acknowledged} of {device} acknowledged, {up_to} kept: lost"
                ));
            }
        }
        Ok(())
    }
}

/// A queue whose socket was closed says hello before it sends on: what is done with it is told then. Nothing is sent while the
/// user is being read.
fn resumed(
    server: &mut Server,
    owner: &UserId,
    (device, lane): (DeviceId, u8),
    queue: &mut Queue,
) -> bool {
    if queue.closed_at != Some(queue.acknowledged) {
        return true;
    }
    let Some(cell) = server.users.get(owner) else {
        // Its hello brings the user into memory.
        server.read_all(vec![owner.clone()], Vec::new());
        return false;
    };
    let resident = cell.resident.as_ref();
    let Some(resident) = resident.filter(|resident| resident.pending() == 0) else {
        return false;
    };
    let held = resident.user().devices.get(&device);
    let up_to = held.map_or(0, |held| held.up_to_seq(OUTBOX, lane));
    queue.acknowledged = queue.acknowledged.max(usize::try_from(up_to).unwrap());
    true
}

fn request(script: &Script, action: &Action, number: u64) -> Option<Mail> {
    let person = |at: &usize| &script.people[*at];
    let challenge = |at: &usize| script.challenges[*at].0;
    Some(match action {
        Action::Open { person: at, device } => {
            let (device, class) = person(at).devices[*device];
            let introduction = DeviceIntroduction {
                device,
                class,
                vendor: None,
                model: None,
            };
            let (user, zone) = (person(at).user.clone(), person(at).zone.to_owned());
            Mail::Open(user, number, introduction, zone)
        }
        Action::Goal { person: at } => {
            Mail::Goal(person(at).user.clone(), number, person(at).target)
        }
        Action::Pause { person: at } => {
            Mail::Pause(person(at).user.clone(), number, person(at).pause?)
        }
        Action::Make { challenge: at } => Mail::Make(
            challenge(at),
            number,
            Box::new(script.challenges[*at].1.clone()),
        ),
        Action::Publish { challenge: at } => Mail::Publish(challenge(at), number),
        Action::Join {
            challenge: at,
            person: who,
        } => {
            let zone = rules().zones.zone(person(who).zone)?;
            let definition = &script.challenges[*at].1;
            let starts_ms = definition.starts_for(&Calendar::new(zone));
            let user = person(who).user.clone();
            let shown = alias::derived(&user);
            Mail::Enrol(user, number, challenge(at), shown, starts_ms)
        }
        Action::Leave {
            challenge: at,
            person: who,
        } => Mail::Leave(challenge(at), number, person(who).user.clone()),
        Action::Erase { person: at } => Mail::Erase(person(at).user.clone(), number),
        Action::MakeContest { at } => {
            let (id, of) = script.contests.as_ref()?.get(*at);
            Mail::Make(id, number, Box::new(of.clone()))
        }
        Action::PublishContest { at } => {
            Mail::Publish(script.contests.as_ref()?.get(*at).0, number)
        }
        Action::Move(of) => contests::request(script, of, number)?,
        Action::Send(_) => return None,
    })
}
