//! How many log lines of one kind a second may have, so that a flood cannot fill the disk.
//!
//! A kind is a place in the code that writes lines. What is over the bound is counted, and [`report_suppressed`] tells the
//! counts in lines of their own. Which lines are wanted at all is the operator's filter, not this.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use tracing::{Event, Level, Metadata, Subscriber, callsite::Identifier};
use tracing_subscriber::{Layer, layer::Context};

use super::series;
use crate::clock;

/// Warnings and errors of one kind per second: the first ones say it all.
const WARNINGS_PER_S: u32 = 10;

/// Every kind that wrote a line; as many as there are places in the code.
static KINDS: LazyLock<Mutex<HashMap<Identifier, Kind>>> = LazyLock::new(Mutex::default);

/// The lines of one kind in the current second.
struct Kind {
    module: &'static str,
    line: u32,
    second: u64,
    written: u32,
    suppressed: u64,
}

impl Kind {
    fn new(metadata: &'static Metadata<'static>) -> Self {
        Self {
            module: metadata.target(),
            line: metadata.line().unwrap_or(0),
            second: 0,
            written: 0,
            suppressed: 0,
        }
    }

    /// Whether one more line may be written in `second`.
    fn admit(&mut self, second: u64, most: u32) -> bool {
        if self.second != second {
            (self.second, self.written) = (second, 0);
        }
        let admitted = self.written < most;
        if admitted {
            self.written = self.written.saturating_add(1);
        } else {
            self.suppressed = self.suppressed.saturating_add(1);
        }
        admitted
    }
}

/// Lets the first lines of a kind through in every second.
pub(super) struct Bounded {
    lines_per_s: u32,
}

impl Bounded {
    pub(super) fn new(lines_per_s: u32) -> Self {
        Self { lines_per_s }
    }

    fn most(&self, level: Level) -> u32 {
        if level <= Level::WARN {
            WARNINGS_PER_S.min(self.lines_per_s)
        } else {
            self.lines_per_s
        }
    }
}

/// A layer for all others, not a filter of one: those must not refuse an event so late (a debug assertion of theirs).
impl<S: Subscriber> Layer<S> for Bounded {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if metadata.target() == module_path!() {
            return true;
        }
        let second = clock::monotonic_ms() / 1_000;
        let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds.entry(metadata.callsite());
        kind.or_insert_with(|| Kind::new(metadata))
            .admit(second, self.most(*metadata.level()))
    }
}

/// Says how many lines were suppressed since the last call, one line a kind. Called every few seconds and at the end.
pub fn report_suppressed() {
    let mut counts = Vec::new();
    {
        let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in kinds.values_mut() {
            let suppressed = std::mem::take(&mut kind.suppressed);
            counts.push((suppressed, kind.module, kind.line));
        }
    }
    for (suppressed, module, line) in counts {
        if suppressed > 0 {
            metrics::counter!(series::LOG_LINES_SUPPRESSED).increment(suppressed);
            tracing::warn!(suppressed, module, line, "log lines were suppressed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{fmt, layer::SubscriberExt as _};

    use super::*;

    /// What is written by `write` under a bound of three lines a second, and how long that took in whole seconds begun.
    fn written(write: impl Fn()) -> (Vec<String>, usize) {
        let sink = Arc::new(Mutex::new(Vec::new()));
        let lines = fmt::layer()
            .with_ansi(false)
            .with_writer(Sink(sink.clone()));
        let begun = clock::monotonic_ms() / 1_000;
        let lines = tracing_subscriber::registry()
            .with(lines)
            .with(Bounded::new(3));
        tracing::subscriber::with_default(lines, write);
        let seconds = clock::monotonic_ms() / 1_000 - begun + 1;
        let text = String::from_utf8(sink.lock().unwrap().clone()).unwrap();
        let seconds = usize::try_from(seconds).unwrap();
        (text.lines().map(str::to_owned).collect(), seconds)
    }

    #[derive(Clone)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> fmt::MakeWriter<'a> for Sink {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_flood_of_one_kind_is_cut_and_counted_and_other_kinds_are_not() {
        let (lines, seconds) = written(|| {
            for _ in 0..1_000 {
                tracing::warn!("flood");
            }
            tracing::warn!("rare");
            report_suppressed();
        });
        let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        let flood = count("flood");
        assert!((3..=3 * seconds).contains(&flood), "{flood} in {seconds} s");
        assert_eq!(count("rare"), 1);
        let told = format!("suppressed={}", 1_000 - flood);
        assert_eq!(count(&told), 1, "{lines:?}");
    }

    #[test]
    fn every_second_has_a_bound_of_its_own() {
        let mut kind = Kind {
            module: "m",
            line: 1,
            second: 0,
            written: 0,
            suppressed: 0,
        };
        let admitted = |kind: &mut Kind, second| (0..5).filter(|_| kind.admit(second, 2)).count();
        assert_eq!((admitted(&mut kind, 0), kind.suppressed), (2, 3));
        assert_eq!((admitted(&mut kind, 1), kind.suppressed), (2, 6));
    }
}
