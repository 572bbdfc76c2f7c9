//! `streakline export`: reads everything that is stored of a user from the running server, and checks it as it comes. A client of
//! the running server, like the other commands.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{self, ExitCode},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use streakline_core::limits;

use super::{Keys, client::Rest};
use crate::protocol::export::{Kind, Reader};

const EXAMPLE: &str = "\
One JSON object a line: what a person reads, and beside it what another server needs (docs/export.md). The last line has counts and
digests of all others, which are checked while the file is written; it gets its name once it is whole and on the disk. `streakline
import` takes it into another server.

Example:
  streakline export ann --out ann.jsonl --data data
  streakline export ann --data data | gzip > ann.jsonl.gz";

/// Exports everything that is stored about a user, for the user to read and for another server to take in.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct ExportArgs {
    /// Whom.
    user: String,
    /// The file to write; stdout without.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file where it exists.
    #[arg(long, requires = "out")]
    force: bool,
    /// The server's data directory: its admin key is in it.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Address of the running server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached, does not know the user or refuses, what comes is not whole, or the file cannot be written.
pub fn run(args: &ExportArgs) -> Result<ExitCode> {
    let keys = Keys::open(&args.data)?;
    let rest = Rest::new(&args.server, keys.admin_key())?;
    let reader = match &args.out {
        None => download(&rest, &args.user, &mut std::io::stdout().lock())?,
        Some(out) => to_file(&rest, args, out)?,
    };
    let words = format!("{}: {}", args.user, summary(&reader));
    let _nobody_reads = writeln!(std::io::stderr(), "{words}");
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the file, and gives it its name in the end.
fn to_file(rest: &Rest, args: &ExportArgs, out: &Path) -> Result<Reader> {
    let exists = || {
        let path = out.display();
        format!("{path} exists; name another file, or replace it by --force")
    };
    if out.exists() && !args.force {
        bail!(exists());
    }
    let unfinished = beside(out)?;
    let written = write_beside(rest, &args.user, &unfinished).and_then(|reader| {
        if out.exists() && !args.force {
            bail!(exists());
        }
        fs::rename(&unfinished, out).with_context(|| out.display().to_string())?;
        sync_folder(out)?;
        Ok(reader)
    });
    if written.is_err() {
        // It may not have been made.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn beside(out: &Path) -> Result<PathBuf> {
    let name = out.file_name().context("--out must name a file")?;
    let name = format!(".{}.{}.part", name.to_string_lossy(), process::id());
    Ok(out.with_file_name(name))
}

fn write_beside(rest: &Rest, user: &str, path: &Path) -> Result<Reader> {
    let mut options = OpenOptions::new();
    // What is in it concerns nobody else on the machine.
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let file = file.with_context(|| path.display().to_string())?;
    let mut buffered = BufWriter::new(file);
    let reader = download(rest, user, &mut buffered)?;
    let file = buffered.into_inner().map_err(|error| error.into_error())?;
    file.sync_all()
        .with_context(|| path.display().to_string())?;
    Ok(reader)
}

fn sync_folder(out: &Path) -> Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let opened = File::open(folder).and_then(|folder| folder.sync_all());
    opened.with_context(|| folder.display().to_string())
}

/// Writes every line once it is checked.
fn download(rest: &Rest, user: &str, out: &mut dyn Write) -> Result<Reader> {
    let path = format!("/v1/users/{user}/export");
    let bar = ProgressBar::new_spinner();
    let mut lines = Checked::new(out);
    let read = rest.download(&path, |piece| {
        lines.take(piece)?;
        bar.set_message(format!("{} lines", lines.reader.lines()));
        bar.tick();
        Ok(())
    });
    let read = super::runtime()?.block_on(read);
    bar.finish_and_clear();
    read?;
    lines.finish()
}

/// Pieces of an answer, put together to lines.
struct Checked<'a> {
    reader: Reader,
    line: Vec<u8>,
    out: &'a mut dyn Write,
}

impl<'a> Checked<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self {
            reader: Reader::default(),
            line: Vec::new(),
            out,
        }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let read = self.reader.line(&self.line);
                read.map_err(|fault| fault.to_string())?;
                let written = self.out.write_all(&self.line);
                written.map_err(|error| format!("it cannot be written: {error}"))?;
                self.line.clear();
            } else if self.line.len() as u64 > limits::EXPORT_LINE_BYTES_MAX {
                return Err("a line has no end".into());
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Reader> {
        self.reader.finish()?;
        self.out.flush().context("it cannot be written")?;
        Ok(self.reader)
    }
}

/// What there was, in a few numbers.
fn summary(reader: &Reader) -> String {
    let kinds = [
        Kind::Day,
        Kind::Record,
        Kind::Fact,
        Kind::Transfer,
        Kind::Change,
    ];
    let count = |kind: Kind| format!("{} of type {}", reader.count(kind), kind.name());
    let counts = kinds.map(count).join(", ");
    let lines = reader.lines();
    format!("{lines} lines ({counts}); counts and digests agree")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_beside_the_one_that_it_becomes() {
        let path = beside(Path::new("exports/ann.jsonl")).unwrap();
        assert_eq!(path.parent(), Some(Path::new("exports")));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(".ann.jsonl.") && name.ends_with(".part"),
            "{name}"
        );
        assert!(beside(Path::new("..")).is_err());
    }

    #[test]
    fn lines_are_written_once_they_are_checked_however_they_come() {
        let mut out = Vec::new();
        let mut lines = Checked::new(&mut out);
        assert_eq!(lines.take(b"{\"type\":"), Ok(()));
        let said = lines.take(b"\"day\"}\n").unwrap_err();
        assert!(said.contains("line 1: it has no checksum"), "{said}");
        assert!(lines.finish().is_err());
        assert!(out.is_empty());
    }
}
