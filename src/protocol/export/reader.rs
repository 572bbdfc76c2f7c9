//! Reads an export back line by line: every line is whole and in its place, and at the end all of them are there.

use super::{
    header::Header,
    line::{self, Fault, Kind, Read},
    tally::{End, Tally},
};

/// What was read so far.
#[derive(Default)]
pub struct Reader {
    lines: u64,
    last: Option<Kind>,
    header: Option<Header>,
    tally: Tally,
}

impl Reader {
    /// Takes the next line, its newline included.
    ///
    /// # Errors
    /// [`Fault`]: it is damaged, cut off, or not in its place.
    pub fn line(&mut self, line: &[u8]) -> Result<Read, Fault> {
        self.lines = self.lines.saturating_add(1);
        self.take(line).map_err(|what| Fault::at(self.lines, what))
    }

    fn take(&mut self, line: &[u8]) -> Result<Read, String> {
        if self.last == Some(Kind::End) {
            return Err("the export has ended before it".into());
        }
        let read = line::read(line)?;
        self.place(read.kind)?;
        match read.kind {
            Kind::Header => self.header = Some(Header::read(&read.object)?),
            Kind::End => self.end(&read.object)?,
            _ => {}
        }
        self.last = Some(read.kind);
        self.tally.add(read.kind, line);
        Ok(read)
    }

    /// Lines come in the order of their kinds, and some once.
    fn place(&self, kind: Kind) -> Result<(), String> {
        let Some(last) = self.last else {
            let words = "an export begins with its header: this is none";
            return if kind == Kind::Header {
                Ok(())
            } else {
                Err(words.into())
            };
        };
        if kind < last || (kind == last && kind.is_single()) {
            let (kind, last) = (kind.name(), last.name());
            return Err(format!("a {kind:?} does not come after a {last:?}"));
        }
        let between = Kind::ALL
            .into_iter()
            .filter(|held| last < *held && *held < kind);
        match between.into_iter().find(|held| held.is_single()) {
            Some(missing) => Err(format!("the {:?} is missing before it", missing.name())),
            None => Ok(()),
        }
    }

    fn end(&self, said: &str) -> Result<(), String> {
        let said: End = serde_json::from_str(said).map_err(|error| error.to_string())?;
        said.difference(&self.tally.end()).map_or(Ok(()), Err)
    }

    /// The header, once it was read.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Lines of a kind so far.
    #[must_use]
    pub fn count(&self, kind: Kind) -> u64 {
        self.tally.count(kind)
    }

    /// Lines so far.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// After the last line: everything was there.
    ///
    /// # Errors
    /// [`Fault`] where the last line is missing.
    pub fn finish(&self) -> Result<(), Fault> {
        if self.last == Some(Kind::End) {
            return Ok(());
        }
        let cut_off = "the file ends before it, without an \"end\": it was cut off";
        Err(Fault::at(self.lines.saturating_add(1), cut_off.into()))
    }
}
