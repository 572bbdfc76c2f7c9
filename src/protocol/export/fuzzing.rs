//! Puts checksums, counts and digests of a broken export right, so that what is behind them is reached; for the fuzzing tests, in no
//! server that is built for use.

use super::{
    line::{self, Kind},
    tally::Tally,
};

/// The lines with checksums of their own, and an end that says what there is.
#[must_use]
pub fn mended(text: &[u8]) -> Vec<u8> {
    let (mut tally, mut mended) = (Tally::default(), Vec::new());
    for said in text.split(|byte| *byte == b'\n') {
        let Some(line) = resealed(said) else {
            continue;
        };
        match line::read(&line) {
            Ok(read) if read.kind == Kind::End => continue,
            Ok(read) => tally.add(read.kind, &line),
            // It is refused where it stands.
            Err(_) => {}
        }
        mended.extend(line);
    }
    // An end is told as JSON, or the file has none.
    let end = line::written(Kind::End, &tally.end(), None);
    mended.extend(end.unwrap_or_default().into_bytes());
    mended
}

fn resealed(line: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(line);
    let (said, _) = text.rsplit_once(line::CHECKSUM)?;
    Some(line::sealed(said.to_owned()).into_bytes())
}
