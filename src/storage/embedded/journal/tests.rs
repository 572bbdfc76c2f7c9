//! The files of the journal: whatever a crash or a damage leaves of them, a start finds exactly the groups that were
//! acknowledged, or says that it does not.

use std::{collections::BTreeMap, fs, io::Write as _};

use tempfile::TempDir;

use super::{super::Settings, *};
use crate::entropy::Seeded;

const P: PartitionId = PartitionId(0x101);
const Q: PartitionId = PartitionId(0x102);
const SEED: u64 = 5;

fn at(index: u64) -> Position {
    Position { epoch: 3, index }
}

fn row(partition: PartitionId, (first, last): (u64, u64), bytes: usize) -> JournalRow {
    JournalRow {
        partition,
        first: at(first),
        last: at(last),
        bytes: (0..bytes).map(|at| (at as u8) ^ (first as u8)).collect(),
        attachments: Vec::new(),
    }
}

fn settings(segment_bytes_max: u64) -> Settings {
    Settings {
        segment_bytes_max,
        ..Settings::default()
    }
}

fn open(dir: &TempDir, durable: u64, segment_bytes_max: u64) -> Result<(JournalFiles, u64), Error> {
    let found = find(dir.path(), Some(durable))?;
    let groups = found.groups();
    Ok((found.open(&settings(segment_bytes_max))?, groups))
}

fn append(files: &JournalFiles, number: u64, rows: &[JournalRow]) {
    let mut group = GroupBytes::new();
    rows.iter().for_each(|row| group.push(row).unwrap());
    files.append(&mut group, number).unwrap();
}

/// Everything that is there, segment by segment.
fn rows(files: &JournalFiles) -> Vec<JournalRow> {
    let mut rows = Vec::new();
    for partition in files.partitions() {
        for run in files.runs(partition, None).unwrap() {
            rows.extend(run.map(|row| row.unwrap()));
        }
    }
    rows
}

fn path(dir: &TempDir, number: u64) -> PathBuf {
    path_of(&dir.path().join(DIRECTORY), number)
}

/// Groups of one, of several and of long rows.
fn groups() -> Vec<Vec<JournalRow>> {
    vec![
        vec![row(P, (1, 2), 30)],
        vec![row(P, (3, 3), 10), row(Q, (1, 7), 700), row(P, (4, 9), 0)],
        vec![row(Q, (8, 8), 40)],
    ]
}

/// What is read when the first so many groups are there.
fn rows_of(groups: &[Vec<JournalRow>]) -> Vec<JournalRow> {
    let mut rows: Vec<JournalRow> = groups.concat();
    rows.sort_by_key(|row| (row.partition, row.first));
    rows
}

/// One file with all groups; its bytes, and where each group ends.
fn written(segment_bytes_max: u64) -> (TempDir, Vec<u8>, Vec<usize>) {
    let dir = TempDir::new().unwrap();
    let (files, _) = open(&dir, 0, segment_bytes_max).unwrap();
    let mut ends = Vec::new();
    for (number, group) in (1..).zip(groups()) {
        append(&files, number, &group);
        ends.push(files.read()[0].end as usize);
    }
    let bytes = fs::read(path(&dir, 1)).unwrap();
    (dir, bytes, ends)
}

/// How many groups a start finds in these bytes of the one file, before it puts anything right.
fn found(bytes: &[u8], durable: u64) -> Result<u64, Error> {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join(DIRECTORY)).unwrap();
    fs::write(path(&dir, 1), bytes).unwrap();
    find(dir.path(), Some(durable)).map(|found| found.groups())
}

/// A start on these bytes of the one file.
fn start(bytes: &[u8], durable: u64) -> Result<(Vec<JournalRow>, u64), Error> {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join(DIRECTORY)).unwrap();
    fs::write(path(&dir, 1), bytes).unwrap();
    let started = open(&dir, durable, 100_000);
    if started.is_err() {
        assert_eq!(fs::read(path(&dir, 1)).unwrap(), bytes, "it is left alone");
    }
    started.map(|(files, groups)| (rows(&files), groups))
}

#[test]
fn a_file_is_made_at_its_full_length_and_is_written_once() {
    let (_dir, bytes, ends) = written(100_000);
    if cfg!(target_os = "linux") {
        assert_eq!(bytes.len(), 100_000);
    }
    let rows: usize = groups().concat().iter().map(|row| row.bytes.len()).sum();
    // A header, three groups and five rows.
    assert_eq!(ends[2], 64 + 3 * 32 + 5 * 45 + rows);
    assert!(bytes[ends[2]..].iter().all(|byte| *byte == 0));
}

#[test]
fn after_a_power_loss_at_any_byte_there_is_what_was_acknowledged_or_it_is_told() {
    let (_dir, bytes, ends) = written(4_000);
    for kept in 0..=ends[2] {
        let whole = ends.iter().filter(|end| **end <= kept).count();
        let mut zeros = bytes.clone();
        zeros[kept..].fill(0);
        for file in [&bytes[..kept], &zeros] {
            for durable in 0..=3 {
                let groups = found(file, durable);
                if whole as u64 >= durable {
                    assert_eq!(groups.unwrap(), whole as u64, "{kept} bytes");
                } else {
                    let told = matches!(groups, Err(Error::Damaged(_)));
                    assert!(told, "{kept} bytes of {durable} groups");
                }
            }
            // What is cut is synced: not at every byte.
            if kept % 29 == 0 || ends.contains(&kept) {
                let (rows, groups) = start(file, whole as u64).unwrap();
                assert_eq!(rows, rows_of(&self::groups()[..whole]), "{kept} bytes");
                assert_eq!(groups, whole as u64);
            }
        }
    }
}

#[test]
fn a_last_write_of_which_blocks_are_missing_in_any_order_is_cut_off() {
    let (dir, _, _) = written(100_000);
    let (files, _) = open(&dir, 3, 100_000).unwrap();
    let before = fs::read(path(&dir, 1)).unwrap();
    append(&files, 4, &[row(P, (10, 10), 3_000), row(Q, (9, 9), 2_000)]);
    let after = fs::read(path(&dir, 1)).unwrap();
    let mut seeded = Seeded::new(SEED, 0);
    for _ in 0..60 {
        let mut torn = after.clone();
        let mut missing = 0;
        let blocks = torn.chunks_mut(512).zip(before.chunks(512));
        for (block, was) in blocks.filter(|(block, was)| block != was) {
            if seeded.below(3) == 0 {
                block.copy_from_slice(was);
                missing += 1;
            }
        }
        let expected = if missing == 0 { 4 } else { 3 };
        assert_eq!(start(&torn, 3).unwrap().1, expected);
        assert_eq!(start(&torn, 4).is_ok(), missing == 0);
    }
}

#[test]
fn a_flipped_bit_anywhere_is_told_or_changes_nothing() {
    let (_dir, bytes, ends) = written(1_200);
    let all = rows_of(&groups());
    let mut told = 0;
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        match start(&flipped, 3) {
            Ok((rows, _)) => assert_eq!(rows, all, "byte {at}"),
            Err(Error::Damaged(_)) => told += 1,
            Err(error) => panic!("byte {at}: {error}"),
        }
        // After a power loss the mark may be old: only the very last group can then be taken for a torn one.
        match start(&flipped, 0) {
            Ok((rows, 3)) => assert_eq!(rows, all, "byte {at}"),
            Ok((rows, groups)) => {
                assert!((ends[1]..ends[2]).contains(&at), "byte {at}");
                assert_eq!((rows, groups), (rows_of(&self::groups()[..2]), 2));
            }
            Err(Error::Damaged(_)) => {}
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    // All but what the header keeps for later uses, and the zeros behind the groups.
    assert_eq!(told, ends[2]);
}

#[test]
fn what_was_cut_off_is_not_found_again() {
    let (dir, bytes, ends) = written(4_000);
    let mut torn = bytes.clone();
    torn[ends[1] + 40] ^= 1;
    fs::write(path(&dir, 1), &torn).unwrap();
    let (files, groups) = open(&dir, 2, 4_000).unwrap();
    assert_eq!(groups, 2);
    append(&files, 3, &[row(P, (10, 10), 3)]);
    drop(files);
    let (files, groups) = open(&dir, 3, 4_000).unwrap();
    assert_eq!(groups, 3);
    let again = files.get(P, at(10)).unwrap();
    assert_eq!(again, Some(row(P, (10, 10), 3)));
    assert_eq!(files.get(Q, at(8)).unwrap(), None);
}

#[test]
fn bytes_of_another_file_are_no_group_of_this_one() {
    let (_one, first, ends) = written(4_000);
    let (_other, second, _) = written(4_000);
    // The groups of one behind the header of the other, as blocks that were used before might hold them.
    let mixed = [&first[..64], &second[64..ends[2]]].concat();
    assert_eq!(start(&mixed, 0).unwrap(), (Vec::new(), 0));
    // A later group of the same file after a hole is damage, however old the mark is.
    let mut hole = first.clone();
    hole[ends[0]..ends[1]].fill(0);
    assert!(matches!(start(&hole, 0), Err(Error::Damaged(_))));
}

/// Files of one group each.
fn three_files() -> TempDir {
    let dir = TempDir::new().unwrap();
    let (files, _) = open(&dir, 0, 1).unwrap();
    for (number, group) in (1..).zip(groups()) {
        append(&files, number, &group);
    }
    dir
}

#[test]
fn a_file_that_is_missing_is_told() {
    for (missing, told) in [(2, true), (3, true), (1, false)] {
        let dir = three_files();
        fs::remove_file(path(&dir, missing)).unwrap();
        // The oldest may have been dropped; so may any other, but then the mark or the number of groups would say less.
        let found = find(dir.path(), Some(3));
        let lost = matches!(found, Err(Error::Damaged(_)));
        assert_eq!(lost, told && missing == 3, "{missing}");
    }
    let dir = three_files();
    fs::remove_file(path(&dir, 2)).unwrap();
    fs::rename(path(&dir, 3), path(&dir, 2)).unwrap();
    assert!(matches!(find(dir.path(), Some(3)), Err(Error::Damaged(_))));
}

#[test]
fn covered_files_are_dropped_in_any_order_and_a_start_finds_the_rest() {
    let dir = three_files();
    let (files, _) = open(&dir, 3, 1).unwrap();
    append(&files, 4, &[row(P, (10, 10), 3)]);
    // The first and the third are covered, the second holds inputs of both.
    let uncovered = BTreeMap::from([(P, at(5)), (Q, at(9))]);
    files.truncate(&uncovered).unwrap();
    drop(files);
    let left: Vec<bool> = (1..=4).map(|number| path(&dir, number).exists()).collect();
    assert_eq!(left, [false, true, false, true]);
    let (files, groups) = open(&dir, 4, 1).unwrap();
    assert_eq!(groups, 4);
    let expected = [groups_of(2), vec![row(P, (10, 10), 3)]].concat();
    let mut found = rows(&files);
    found.sort_by_key(|row| (row.first, row.partition));
    let mut expected = expected;
    expected.sort_by_key(|row| (row.first, row.partition));
    assert_eq!(found, expected);
}

fn groups_of(number: usize) -> Vec<JournalRow> {
    groups()[number - 1].clone()
}

#[test]
fn a_file_that_was_made_and_never_used_is_made_again() {
    for header in [0, 20, 64] {
        let dir = three_files();
        let used = fs::read(path(&dir, 3)).unwrap();
        let mut unused = used[..header.min(63)].to_vec();
        unused.resize(5_000, 0);
        fs::write(path(&dir, 4), unused).unwrap();
        let (files, groups) = open(&dir, 3, 1).unwrap();
        assert_eq!(groups, 3);
        append(&files, 4, &[row(P, (10, 10), 3)]);
        assert_eq!(files.get(P, at(10)).unwrap(), Some(row(P, (10, 10), 3)));
    }
    // With anything behind its header it was used.
    let dir = three_files();
    let mut used = fs::read(path(&dir, 3)).unwrap();
    used[3] ^= 1;
    fs::write(path(&dir, 3), used).unwrap();
    assert!(matches!(find(dir.path(), Some(0)), Err(Error::Damaged(_))));
}

#[test]
fn a_file_of_another_format_is_refused() {
    let dir = three_files();
    let mut bytes = fs::read(path(&dir, 1)).unwrap();
    bytes[11] = 2;
    let checksum = crc32c::crc32c(&bytes[..60]).to_be_bytes();
    bytes[60..64].copy_from_slice(&checksum);
    fs::write(path(&dir, 1), bytes).unwrap();
    let Err(Error::Refused(what)) = find(dir.path(), Some(3)) else {
        panic!("it is read")
    };
    assert!(what.contains("format 2"), "{what}");
}

#[test]
fn a_row_that_is_damaged_while_the_server_runs_is_told() {
    let (dir, bytes, ends) = written(4_000);
    let (files, _) = open(&dir, 3, 4_000).unwrap();
    for (at, what) in [(ends[0] + 32, "its length"), (ends[0] + 80, "its bytes")] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x80;
        fs::write(path(&dir, 1), damaged).unwrap();
        let mut runs = files.runs(P, None).unwrap();
        let rows: Vec<_> = runs.remove(0).collect();
        assert!(rows[0].is_ok() && rows[2].is_ok(), "{what}");
        assert!(matches!(rows[1], Err(Error::Damaged(_))), "{what}");
    }
}

#[test]
fn rows_out_of_order_are_kept_in_order() {
    let dir = TempDir::new().unwrap();
    let (files, _) = open(&dir, 0, 100_000).unwrap();
    let mut seeded = Seeded::new(SEED, 1);
    let mut firsts: Vec<u64> = (1..=40).collect();
    for number in 1..=40 {
        let place = seeded.below(firsts.len() as u64) as usize;
        let first = firsts.swap_remove(place);
        append(&files, number, &[row(P, (first * 10, first * 10 + 9), 5)]);
    }
    let indexes = |files: &JournalFiles, after: Option<u64>| -> Vec<u64> {
        let mut runs = files.runs(P, after.map(at)).unwrap();
        let run = runs.pop().into_iter().flatten();
        run.map(|row| row.unwrap().first.index / 10).collect()
    };
    for _ in 0..2 {
        let (files, _) = open(&dir, 40, 100_000).unwrap();
        assert_eq!(indexes(&files, None), (1..=40).collect::<Vec<_>>());
        // The row that holds the next input comes first.
        assert_eq!(indexes(&files, Some(205)), (20..=40).collect::<Vec<_>>());
        assert_eq!(indexes(&files, Some(209)), (21..=40).collect::<Vec<_>>());
        assert_eq!(files.get(P, at(205)).unwrap(), None);
        assert!(files.get(P, at(200)).unwrap().is_some());
    }
}

#[test]
fn a_reader_goes_on_when_its_file_is_dropped() {
    let dir = three_files();
    let (files, _) = open(&dir, 3, 1).unwrap();
    let mut runs = files.runs(P, None).unwrap();
    files
        .truncate(&BTreeMap::from([(P, at(99)), (Q, at(99))]))
        .unwrap();
    assert!(!path(&dir, 1).exists() && path(&dir, 3).exists());
    let read: Vec<_> = runs.remove(0).map(|row| row.unwrap()).collect();
    assert_eq!(read, groups_of(1));
    assert_eq!(rows(&files), groups_of(3));
}

#[test]
fn a_file_that_grew_without_its_room_is_read_and_goes_on() {
    let (dir, bytes, ends) = written(4_000);
    fs::write(path(&dir, 1), &bytes[..ends[2]]).unwrap();
    let (files, groups) = open(&dir, 3, 4_000).unwrap();
    assert_eq!(groups, 3);
    append(&files, 4, &[row(P, (10, 10), 3)]);
    files.give_back();
    let length = fs::metadata(path(&dir, 1)).unwrap().len() as usize;
    assert_eq!(length, ends[2] + 32 + 45 + 3);
    // Something that is no segment is none of its business.
    let mut other = File::create(dir.path().join(DIRECTORY).join("notes")).unwrap();
    other.write_all(b"mine").unwrap();
    drop(files);
    assert_eq!(open(&dir, 4, 4_000).unwrap().1, 4);
}
