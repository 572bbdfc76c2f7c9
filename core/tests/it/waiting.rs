//! A user in memory with inputs that wait for their journal rows. Folding them is the subject of other files.

use streakline_core::{
    id::{OutboxId, PartitionId, Position},
    input::{Header, Ingest, Origin, RULES_VERSION, Source, UserInput},
    user::{
        admit::{self, Admission, Arrival},
        resident::Resident,
    },
};

use crate::history::{device, nobody};

const OUTBOX: OutboxId = OutboxId([1; 16]);

/// A batch of 60 numbers from `first_seq` on, journaled at `index` and not yet durable.
fn wait(resident: &mut Resident, index: u64, first_seq: u64) {
    let header = Header {
        stamp_ms: 0,
        partition: PartitionId(300),
        position: Position { epoch: 1, index },
        origin: Origin::server(Source::Stream),
        rules: RULES_VERSION,
    };
    let ingest = Ingest {
        device: device(1),
        outbox: OUTBOX,
        lane: 0,
        first_seq,
        count: 60,
        skewed: false,
        records: Vec::new(),
        unsigned: None,
    };
    resident.enqueue(header, UserInput::Ingest(ingest));
}

#[test]
fn a_batch_that_comes_again_behind_newer_ones_leaves_no_gap_for_the_next() {
    let mut resident = Resident::new(nobody());
    for (index, first_seq) in [(1, 1), (2, 61), (3, 1)] {
        wait(&mut resident, index, first_seq);
    }
    let pending_to = resident.pending_to(device(1), OUTBOX, 0);
    assert_eq!(pending_to, Some(120));
    let next = Arrival {
        device: device(1),
        outbox: OUTBOX,
        lane: 0,
        first_seq: 121,
        skewed: false,
        records: Vec::new(),
        unsigned: None,
    };
    let admitted = admit::batch(resident.user(), next, pending_to, 0);
    assert!(
        !matches!(admitted, Admission::SeqGap { .. }),
        "{admitted:?}"
    );
}
