//! One line: its kind, the object of that name, the row beside it where a server needs one, and a checksum over all of it, so that
//! damage is found where it is.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What parts a line from its checksum.
pub(super) const CHECKSUM: &str = ",\"crc32c\":\"";
/// What comes after the checksum's eight digits.
const END: &str = "\"}\n";

/// Kinds of lines, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The form, whose it is, and the rules that it was lived by.
    Header,
    /// The user.
    Profile,
    /// Balances.
    Balance,
    /// A device.
    Device,
    /// A goal.
    Goal,
    /// A streak.
    Streak,
    /// A chosen rest day.
    RestDay,
    /// A pause.
    Pause,
    /// A verdict.
    Verdict,
    /// An enrolment with its score.
    Challenge,
    /// A civil day.
    Day,
    /// A stored copy of a sample.
    Record,
    /// The minutes of a day.
    Minutes,
    /// An event.
    Fact,
    /// A transfer of the ledger.
    Transfer,
    /// What a person or an operator changed.
    Change,
    /// The state.
    State,
    /// Counts and digests of everything before.
    End,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 18] = [
        Self::Header,
        Self::Profile,
        Self::Balance,
        Self::Device,
        Self::Goal,
        Self::Streak,
        Self::RestDay,
        Self::Pause,
        Self::Verdict,
        Self::Challenge,
        Self::Day,
        Self::Record,
        Self::Minutes,
        Self::Fact,
        Self::Transfer,
        Self::Change,
        Self::State,
        Self::End,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Profile => "profile",
            Self::Balance => "balance",
            Self::Device => "device",
            Self::Goal => "goal",
            Self::Streak => "streak",
            Self::RestDay => "rest_day",
            Self::Pause => "pause",
            Self::Verdict => "verdict",
            Self::Challenge => "challenge",
            Self::Day => "day",
            Self::Record => "record",
            Self::Minutes => "minutes",
            Self::Fact => "fact",
            Self::Transfer => "transfer",
            Self::Change => "change",
            Self::State => "state",
            Self::End => "end",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether there is exactly one of it.
    #[must_use]
    pub fn is_single(self) -> bool {
        matches!(
            self,
            Self::Header | Self::Profile | Self::Balance | Self::State | Self::End
        )
    }

    /// Whether its lines carry a row.
    fn has_row(self) -> bool {
        matches!(
            self,
            Self::Record | Self::Minutes | Self::Fact | Self::Transfer | Self::Change | Self::State
        )
    }
}

/// Why a file is not taken, and which of its lines says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Fault {
    /// From 1.
    pub line: u64,
    /// In words, bounded whatever stands in the line.
    pub what: String,
}

/// Bytes of a fault's words at most.
const WHAT_BYTES_MAX: usize = 512;

impl Fault {
    /// Words longer than 512 bytes end there: a parser's message quotes what it met, and that may be a whole line.
    #[must_use]
    pub fn at(line: u64, mut what: String) -> Self {
        if what.len() > WHAT_BYTES_MAX {
            what.truncate(what.floor_char_boundary(WHAT_BYTES_MAX));
            what.push_str(" ...");
        }
        Self { line, what }
    }
}

/// A line that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What it is.
    pub kind: Kind,
    /// The row beside it; empty where its kind has none.
    pub row: Vec<u8>,
    /// The object of a header or an end, as it stands there.
    pub(super) object: String,
}

/// Writes a line.
///
/// # Errors
/// When the body cannot be told as JSON.
pub(super) fn written(
    kind: Kind,
    body: &impl Serialize,
    row: Option<&[u8]>,
) -> Result<String, serde_json::Error> {
    let (name, body) = (kind.name(), serde_json::to_string(body)?);
    let mut line = format!("{{\"type\":\"{name}\",\"{name}\":{body}");
    if let Some(row) = row {
        line.push_str(",\"row\":\"");
        STANDARD.encode_string(row, &mut line);
        line.push('"');
    }
    Ok(sealed(line))
}

/// Closes a line with its checksum.
pub(super) fn sealed(mut line: String) -> String {
    let checksum = crc32c::crc32c(line.as_bytes());
    line.push_str(&format!("{CHECKSUM}{checksum:08x}{END}"));
    line
}

#[derive(Deserialize)]
struct Parsed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    row: Option<Cow<'a, str>>,
    #[serde(borrow)]
    header: Option<&'a RawValue>,
    #[serde(borrow)]
    end: Option<&'a RawValue>,
}

/// Reads a line back; says what is wrong with it otherwise.
pub(super) fn read(line: &[u8]) -> Result<Read, String> {
    let text = str::from_utf8(line).map_err(|_| "it is not UTF-8: it was damaged".to_owned())?;
    if !text.ends_with('\n') {
        return Err("it is cut off: the file was not copied whole".into());
    }
    let (said, rest) = text
        .rsplit_once(CHECKSUM)
        .ok_or("it has no checksum at its end: it is no line of an export, or was damaged")?;
    let checksum = rest.strip_suffix(END).unwrap_or_default();
    if checksum != format!("{:08x}", crc32c::crc32c(said.as_bytes())) {
        return Err("its checksum is another: it was damaged or changed".into());
    }
    let parsed: Parsed<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let kind = Kind::parse(&parsed.kind);
    let kind = kind.ok_or_else(|| format!("lines of type {:?} are not known", parsed.kind))?;
    let row = match (kind.has_row(), parsed.row) {
        (true, Some(row)) => STANDARD.decode(&*row).map_err(|error| error.to_string())?,
        (false, None) => Vec::new(),
        (true, None) => return Err("it has no row".into()),
        (false, Some(_)) => return Err("it has a row that nothing reads".into()),
    };
    let object = parsed.header.or(parsed.end).map(RawValue::get);
    Ok(Read {
        kind,
        row,
        object: object.unwrap_or_default().to_owned(),
    })
}
