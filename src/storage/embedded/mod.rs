//! The store of a single server: an embedded LSM engine (fjall) in a directory of its own.
//!
//! One thread appends to the journal (`journal`), one writes everything else (`writer`), a few threads of the runtime read; all
//! may be asked from any runtime, one of a single thread too. It knows bytes and keys, no rules. Opened by `run`, used
//! through the traits.
//!
//! | file | what |
//! |---|---|
//! | `answers`, `bulk`, `data_keys`, `erasure` | the traits of `storage` |
//! | `purge` | how deleted rows leave the files |
//! | `journal` | the journal, in files of its own |
//! | `writer`, `group` | the thread that writes to the engine, and one group of writes |
//! | `segments` | rows of the journal that are in the engine |
//! | `tail` | both as one |
//! | `inspect`, `engine_log`, `mark` | what is looked at before the engine opens its files |
//! | `tables`, `keys`, `values` | everything else, and its form on disk |

mod answers;
mod bulk;
mod data_keys;
mod engine_log;
mod erasure;
#[cfg(feature = "fault-injection")]
#[doc(hidden)]
pub mod fuzzing;
mod group;
mod inspect;
mod journal;
mod keeping;
mod keys;
mod mark;
mod purge;
mod segments;
mod tables;
mod tail;
#[cfg(test)]
mod tests;
mod values;
mod writer;

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, atomic::AtomicU64},
    thread::{self, JoinHandle},
};

use fjall::Database;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task,
};

use self::{
    group::{Command, Reply},
    inspect::inspect,
    journal::{
        JournalFiles,
        writer::{Append, Appended},
    },
    mark::{Counts, Mark},
    segments::Segments,
    tables::{Table, Tables, disk, error, meta, sync_directory},
    writer::Counted,
};
use super::{Answer, Error, JournalRow};

const MIB: u64 = 1024 * 1024;

/// What the store may use. The engine's log adds up to `log_bytes_max` on disk, and at most about
/// as much in memory as that log holds; each log file is made 64 MiB long, sparsely.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory for blocks that were read. Most of them are read once, to compare a snapshot with the one that it replaces.
    pub cache_bytes: u64,
    /// Rows of one keyspace that wait in memory before they become a file.
    pub memtable_bytes: u64,
    /// Bytes of the engine's log before the oldest rows are made files; at least 64 MiB.
    pub log_bytes_max: u64,
    /// A journal segment that is at least this long is closed.
    pub segment_bytes_max: u64,
    /// Writes that wait; more wait at the caller.
    pub queue_commands_max: usize,
    /// Writes that share one sync.
    pub group_commands_max: usize,
    /// Bytes that share one sync; the write that passes it is the last.
    pub group_bytes_max: usize,
    /// Reads at the same time.
    pub readers: usize,
    /// Files kept open.
    pub open_files: usize,
    /// Threads that turn rows in memory into files and join those.
    pub background_threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache_bytes: 8 * MIB,
            memtable_bytes: 8 * MIB,
            log_bytes_max: 128 * MIB,
            segment_bytes_max: 64 * MIB,
            queue_commands_max: 1024,
            group_commands_max: 1024,
            group_bytes_max: 8 * 1024 * 1024,
            readers: 4,
            open_files: 256,
            background_threads: 2,
        }
    }
}

/// A store in a directory. Dropping it ends its threads after the writes that wait.
pub struct EmbeddedStore {
    // In this order: a thread ends when its queue is closed.
    appends: mpsc::Sender<Append>,
    queue: mpsc::Sender<Command>,
    _threads: [Joined; 2],
    shared: Arc<Shared>,
}

struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // A thread that panicked has told so by its fault.
        drop(self.0.take().map(JoinHandle::join));
    }
}

/// What the writers and the readers share.
struct Shared {
    journal: JournalFiles,
    tables: Tables,
    segments: Segments,
    database: Database,
    settings: Settings,
    readers: Arc<Semaphore>,
    syncs: AtomicU64,
    fault: OnceLock<Error>,
    /// One purge at a time.
    purging: Mutex<()>,
    path: PathBuf,
    /// Released last, when nobody writes or reads any more.
    _lock: File,
}

impl Shared {
    fn check(&self) -> Result<(), Error> {
        self.fault.get().map_or(Ok(()), |fault| Err(fault.clone()))
    }

    /// Everything is unavailable from now on; the first reason is kept.
    fn poison(&self, error: Error) -> Error {
        self.fault.get_or_init(|| error.at(&self.path)).clone()
    }
}

impl EmbeddedStore {
    /// Opens the store in `dir/store`, or makes it (mode 0700).
    ///
    /// # Errors
    /// [`Error::Refused`] when another server has the directory, [`Error::Damaged`] when its files
    /// are, [`Error::Unavailable`] when the disk is.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::open_with(dir, Settings::default())
    }

    /// [`EmbeddedStore::open`] with other bounds.
    ///
    /// # Errors
    /// As there.
    pub fn open_with(dir: &Path, settings: Settings) -> Result<Self, Error> {
        let path = dir.join("store");
        create_private(dir)?;
        let lock = lock(dir)?;
        discard_unfinished(&path)?;
        let durable = mark::read(dir)?;
        let found = journal::find(&path, durable.groups)?;
        inspect(&path, durable.commits)?;
        create_private(&path)?;
        let (database, tables, segments) = open_engine(&path, &settings)?;
        let commits = commits(&tables, durable.commits)?;
        let groups = found.groups();
        let counted = Counted {
            commits,
            mark: Mark::open(dir, Counts::COMMITS, commits)?,
        };
        let appended = Appended {
            groups,
            mark: Mark::open(dir, Counts::GROUPS, groups)?,
        };
        let readers = Arc::new(Semaphore::new(settings.readers));
        let (syncs, fault) = (AtomicU64::new(0), OnceLock::new());
        let (queue, commands) = mpsc::channel(settings.queue_commands_max);
        let (appends, appending) = mpsc::channel(settings.queue_commands_max);
        let shared = Shared {
            journal: found.open(&settings)?,
            tables,
            segments,
            database,
            settings,
            readers,
            syncs,
            fault,
            purging: Mutex::default(),
            path,
            _lock: lock,
        };
        let shared = Arc::new(shared);
        erasure::purge_if_owed(&shared)?;
        let (of_journal, of_engine) = (shared.clone(), shared.clone());
        let threads = [
            start("store-journal", move || {
                journal::writer::run(&of_journal, appending, appended);
            })?,
            start("store-writer", move || {
                writer::run(&of_engine, commands, counted);
            })?,
        ];
        Ok(Self {
            appends,
            queue,
            _threads: threads,
            shared,
        })
    }

    /// Runs a read on a thread that may block.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Shared) -> Result<T, Error> + Send + 'static,
    ) -> Answer<'_, T> {
        let shared = self.shared.clone();
        Box::pin(async move {
            let permit = shared.readers.clone().acquire_owned().await;
            let ended = |reason: &dyn std::fmt::Display| {
                Error::Unavailable(format!("a read did not end: {reason}"))
            };
            let permit = permit.map_err(|closed| ended(&closed))?;
            let reading = task::spawn_blocking(move || {
                let _permit = permit;
                shared.check().and_then(|()| read(&shared))
            });
            reading.await.map_err(|panicked| ended(&panicked))?
        })
    }

    /// Hands a write to the thread that writes to the engine, and waits until it is durable.
    fn write<T: Send + 'static>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command + Send + 'static,
    ) -> Answer<'_, T> {
        self.hand_over(&self.queue, command)
    }

    /// The same for rows of the journal without attachments.
    fn append_to_files(&self, rows: Vec<JournalRow>) -> Answer<'_, ()> {
        self.hand_over(&self.appends, |reply| Append::Rows(rows, reply))
    }

    /// Gives back what the journal took for more.
    fn end_appends(&self) -> Answer<'_, ()> {
        self.hand_over(&self.appends, Append::End)
    }

    fn hand_over<'a, T: Send + 'static, C: Send>(
        &'a self,
        queue: &'a mpsc::Sender<C>,
        command: impl FnOnce(Reply<T>) -> C + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            self.shared.check()?;
            let (reply, answer) = oneshot::channel();
            let writer_ended = || {
                let what = "the thread that writes has ended";
                self.shared.poison(Error::Unavailable(what.into()))
            };
            queue
                .send(command(reply))
                .await
                .map_err(|_| writer_ended())?;
            answer.await.unwrap_or_else(|_| Err(writer_ended()))
        })
    }
}

type Engine = (Database, Tables, Segments);

/// The engine has asserts of its own on what it reads; they must not end the process without a
/// word.
fn open_engine(path: &Path, settings: &Settings) -> Result<Engine, Error> {
    let open = || -> Result<Engine, Error> {
        let database = Database::builder(path)
            .cache_size(settings.cache_bytes)
            .max_journaling_size(settings.log_bytes_max.max(64 * MIB))
            .max_cached_files(Some(settings.open_files))
            .worker_threads(settings.background_threads)
            .open()
            .map_err(error)?;
        let tables = Tables::open(&database, settings.memtable_bytes)?;
        let segments = Segments::open(&database, settings)?;
        tables.sync_list()?;
        Ok((database, tables, segments))
    };
    let opened = catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| {
        Err(Error::Damaged(
            "the storage engine gave up on its files".into(),
        ))
    });
    opened.map_err(|error| error.at(path))
}

/// The commits that are in the tables; every one that is known to be durable must be.
fn commits(tables: &Tables, durable: Option<u64>) -> Result<u64, Error> {
    let row = tables.get(Table::Meta, meta::COMMITS)?;
    let stored = row.map(|row| values::parse_meta(&row)).transpose()?;
    let (stored, durable) = (stored.unwrap_or(0), durable.unwrap_or(0));
    if stored < durable {
        return Err(Error::Damaged(format!(
            "of {durable} writes that were acknowledged only {stored} are there"
        )));
    }
    Ok(stored)
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<Joined, Error> {
    let thread = thread::Builder::new().name(name.into()).spawn(run);
    let thread = thread.map_err(|error| disk("starting the thread that writes", &error))?;
    Ok(Joined(Some(thread)))
}

/// Makes a directory that only its owner may enter, durably; one that exists is left as it is.
///
/// # Errors
/// [`Error::Refused`] when something else has its name, [`Error::Unavailable`] when the disk does not
/// let it be made.
pub fn create_private(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    if path.exists() {
        return Err(Error::Refused(format!(
            "{} is not a directory; name another one with --data",
            path.display()
        )));
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let making = |error| disk(&format!("making {}", path.display()), &error);
    builder.create(path).map_err(making)?;
    let absolute = path.canonicalize().map_err(making)?;
    absolute.parent().map_or(Ok(()), sync_directory)
}

/// The lock is the open file's, so that it ends with the process however that ends.
fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("store.lock");
    let opened = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = opened.map_err(|error| disk(&format!("opening {}", path.display()), &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Refused(format!(
            "another server has {} open; stop that one, or give this one another directory",
            dir.display()
        ))),
        Err(TryLockError::Error(error)) => {
            Err(disk(&format!("locking {}", path.display()), &error))
        }
    }
}

/// A crash within the very first start leaves a log without the engine's marker, which it refuses
/// for ever. Before the marker there are no keyspaces and no journal, so there is nothing to lose.
fn discard_unfinished(store: &Path) -> Result<(), Error> {
    let marked = fs::metadata(store.join("version")).is_ok_and(|marker| marker.len() > 0);
    let keyspaces = fs::read_dir(store.join("keyspaces"));
    let has_keyspaces = keyspaces.is_ok_and(|mut entries| entries.next().is_some());
    let has_journal = journal::has_files(store);
    if marked || has_keyspaces || has_journal || !store.is_dir() {
        return Ok(());
    }
    fs::remove_dir_all(store).map_err(|error| disk("removing an unfinished store", &error))
}
