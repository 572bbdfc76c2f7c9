//! Looks at the engine's files before the engine opens them: whatever it would drop silently, or
//! believe without a check, is found here.
//!
//! Nothing is changed but one thing: a torn end of the newest log file, of which nobody was told, is
//! cut off. What the engine checks by itself whenever it reads (blocks of its tables) is not read
//! here. Called by `EmbeddedStore::open`.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::xxh3_128;

use super::{
    super::Error,
    engine_log::{self, Contents, Rest},
    tables::disk,
};

/// Extension of its log's files.
const LOG_EXTENSION: &str = "jnl";
/// The engine's format that this server reads.
const ENGINE_FORMAT: u8 = 3;
/// The engine's own keyspace is number 0, then come ours for rows and for chunks.
const KEYSPACES_OF_TABLES: u64 = 2;

/// Checks everything in `store`; `mark`: how many commits are known to be durable.
///
/// # Errors
/// [`Error::Refused`] for another format, [`Error::Damaged`] naming the file, [`Error::Unavailable`]
/// when the disk is away.
pub(super) fn inspect(store: &Path, mark: Option<u64>) -> Result<(), Error> {
    let marker = store.join("version");
    let Some(bytes) = read_if_there(&marker)? else {
        return Ok(());
    };
    check_format(&marker, &bytes)?;
    for keyspace in entries(&store.join("keyspaces"))? {
        check_manifest(&keyspace)?;
    }
    check_log(store, mark)
}

fn check_format(marker: &Path, bytes: &[u8]) -> Result<(), Error> {
    match bytes {
        [b'F', b'J', b'L', ENGINE_FORMAT] => Ok(()),
        [b'F', b'J', b'L', format] => Err(Error::Refused(format!(
            "{} is of format {format} of the storage engine and this server reads {ENGINE_FORMAT}; \
             start the version that made it",
            marker.display()
        ))),
        _ => Err(damaged(marker, "it is not the engine's marker")),
    }
}

/// A keyspace lists its files in the manifest that `current` names with its checksum, which the
/// engine does not compare. A keyspace without `current` is thrown away by the engine: a dropped
/// segment rightly, the two that hold the tables never.
fn check_manifest(keyspace: &Path) -> Result<(), Error> {
    if !keyspace.is_dir() {
        return Ok(());
    }
    let current = keyspace.join("current");
    let Some(named) = read_if_there(&current)? else {
        let unlisted = entries(&keyspace.join("tables"))?;
        return match unlisted.first().filter(|_| !may_be_dropped(keyspace)) {
            None => Ok(()),
            Some(file) => Err(damaged(
                &current,
                &format!("it is missing beside {}", file.display()),
            )),
        };
    };
    let Some((number, rest)) = named.split_first_chunk::<8>() else {
        return Err(damaged(&current, "it is too short"));
    };
    let manifest = keyspace.join(format!("v{}", u64::from_le_bytes(*number)));
    let Some(bytes) = read_if_there(&manifest)? else {
        return Err(damaged(&current, "it names a manifest that is missing"));
    };
    let checksum = [&xxh3_128(&bytes).to_le_bytes()[..], &[0]].concat();
    if checksum != rest {
        return Err(damaged(&manifest, "its checksum is wrong"));
    }
    Ok(())
}

/// The engine numbers keyspaces as they are made: the tables before the first segment.
fn may_be_dropped(keyspace: &Path) -> bool {
    let number = keyspace
        .file_name()
        .and_then(|name| name.to_str()?.parse().ok());
    number.is_some_and(|number: u64| number > KEYSPACES_OF_TABLES)
}

fn check_log(store: &Path, mark: Option<u64>) -> Result<(), Error> {
    let mut files = numbered(store, LOG_EXTENSION)?;
    let newest = files.pop();
    let (mut last_seqno, mut commits) = (None, None);
    for (_, path) in files {
        let contents = read_log(&path, last_seqno)?;
        if contents.rest != Rest::Nothing {
            return Err(damaged_log(&path, &contents));
        }
        last_seqno = contents.last_seqno;
        commits = contents.commits.or(commits);
    }
    let Some((_, path)) = newest else {
        return Ok(());
    };
    let contents = read_log(&path, last_seqno)?;
    let known = contents.commits.or(commits);
    let lost = known.is_some_and(|known| mark.is_some_and(|mark| known < mark));
    match contents.rest {
        Rest::Damage => Err(damaged_log(&path, &contents)),
        _ if lost => Err(damaged_log(&path, &contents)),
        Rest::Torn => cut(&path, contents.end),
        Rest::Nothing => Ok(()),
    }
}

/// The files of a directory whose names are numbers with this extension, the smallest number first.
///
/// # Errors
/// [`Error::Damaged`] for another name with it, [`Error::Unavailable`] when the directory cannot be read.
pub(super) fn numbered(directory: &Path, extension: &str) -> Result<Vec<(u64, PathBuf)>, Error> {
    let mut files = Vec::new();
    for path in entries(directory)? {
        if path.extension().is_none_or(|of| of != extension) {
            continue;
        }
        let number = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse().ok());
        let number = number.ok_or_else(|| damaged(&path, "its name is not a number"))?;
        files.push((number, path));
    }
    files.sort_unstable();
    Ok(files)
}

fn read_log(path: &Path, after: Option<u64>) -> Result<Contents, Error> {
    let read = engine_log::read(path, after);
    read.map_err(|error| disk(&format!("reading {}", path.display()), &error))
}

fn damaged_log(path: &Path, contents: &Contents) -> Error {
    let end = contents.end;
    let what = format!("a write that was acknowledged cannot be read at byte {end}");
    damaged(path, &what)
}

fn cut(path: &Path, end: u64) -> Result<(), Error> {
    tracing::warn!(file = %path.display(), end, "a torn write that nobody was told of is cut off");
    let cut = || {
        let file = File::options().write(true).open(path)?;
        file.set_len(end)?;
        file.sync_all()
    };
    cut().map_err(|error| disk(&format!("cutting {}", path.display()), &error))
}

pub(super) fn damaged(path: &Path, what: &str) -> Error {
    Error::Damaged(format!("{}: {what}", path.display()))
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk(&format!("reading {}", path.display()), &error)),
    }
}

/// What is in a directory; nothing where there is none.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let listing = || -> std::io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
        entries.collect()
    };
    match listing() {
        Ok(entries) => Ok(entries),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(disk(&format!("listing {}", directory.display()), &error)),
    }
}
