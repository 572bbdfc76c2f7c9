//! From when until when a certificate is good (RFC 5280, 4.1.2.5): the TLS library tells it only to clients, and a whole
//! parser of certificates would be a heavy way to two dates.
//!
//! It walks to the one field and reads nothing else. Called by `tls`.

use streakline_core::civil::Day;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// Two-digit years below this are of this century.
const CENTURY_PIVOT: i32 = 50;

/// Both ends, POSIX seconds, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from_s: i64,
    pub(super) until_s: i64,
}

impl Validity {
    /// Of a certificate in DER; none if it is not one.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (certificate, _) = inside(certificate, SEQUENCE)?;
        let (mut fields, _) = inside(certificate, SEQUENCE)?;
        if fields.first() == Some(&VERSION) {
            fields = element(fields)?.2;
        }
        // The serial number, the algorithm of the signature, and the issuer.
        for _ in 0..3 {
            fields = element(fields)?.2;
        }
        let (validity, _) = inside(fields, SEQUENCE)?;
        let (kind, from, rest) = element(validity)?;
        let from_s = time_s(kind, from)?;
        let (kind, until, _) = element(rest)?;
        let until_s = time_s(kind, until)?;
        Some(Self { from_s, until_s })
    }
}

/// The content of an element of that kind, and what follows it.
fn inside(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (kind, content, rest) = element(der)?;
    (kind == wanted).then_some((content, rest))
}

/// Kind, content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let add = |length, byte: &u8| (length << 8) | usize::from(*byte);
            (bytes.iter().fold(0, add), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time_s(kind: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match kind {
        UTC_TIME => text.split_at_checked(2)?,
        GENERALIZED_TIME => text.split_at_checked(4)?,
        _ => return None,
    };
    let year: i32 = year.parse().ok()?;
    let year = match kind {
        UTC_TIME if year < CENTURY_PIVOT => year + 2_000,
        UTC_TIME => year + 1_900,
        _ => year,
    };
    let part = |at: usize| -> Option<u32> { rest.get(at..at + 2)?.parse().ok() };
    let day = Day::from_ymd(year, part(0)?, part(2)?)?;
    let of_day_s = part(4)? * 3_600 + part(6)? * 60 + part(8)?;
    Some(day.utc_ms() / 1_000 + i64::from(of_day_s))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn between(from: (i32, u8, u8), until: (i32, u8, u8)) -> Validity {
        let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Validity::of(certificate.der()).unwrap()
    }

    #[test]
    fn both_forms_of_a_date_are_read() {
        let validity = between((1999, 12, 31), (2049, 12, 31));
        assert_eq!(
            (validity.from_s, validity.until_s),
            (946_598_400, 2_524_521_600)
        );
        let later = between((2024, 2, 29), (2150, 1, 1));
        assert_eq!(
            (later.from_s, later.until_s),
            (1_709_164_800, 5_680_281_600)
        );
    }

    #[test]
    fn what_is_no_certificate_has_no_dates() {
        for bad in [
            &b""[..],
            &[SEQUENCE],
            &[SEQUENCE, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 2, 0x30, 0],
        ] {
            assert_eq!(Validity::of(bad), None, "{bad:?}");
        }
        assert_eq!(time_s(UTC_TIME, b"991332000000Z"), None, "month 13");
        assert_eq!(time_s(UTC_TIME, b"9912"), None);
        assert_eq!(time_s(2, b"991231000000Z"), None);
    }
}
