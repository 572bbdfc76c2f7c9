//! Fields of a record as the numbers of their columns.

use minicbor::decode::Error as DecodeError;

use crate::{attest::Attest, record::Content, records::StoredRecord, sample::Method};

const SKEWED: i64 = 16;
const SIGNED: i64 = 32;
const UNSIGNED: i64 = 64;

/// The class, with a deletion as one of its own.
pub(crate) fn kind(content: &Content) -> i64 {
    match content {
        Content::Delta(_) => 0,
        Content::Cumulative { .. } => 1,
        Content::Gauge(_) => 2,
        Content::Episode(_) => 3,
        Content::Deleted => 4,
    }
}

/// 0 says absent, so a present offset is moved away from it.
pub(crate) fn offset(offset_s: Option<i32>) -> i64 {
    offset_s.map_or(0, |offset| {
        let offset = i64::from(offset);
        if offset >= 0 {
            offset.saturating_add(1)
        } else {
            offset
        }
    })
}

pub(crate) fn read_offset(moved: i64) -> Result<Option<i32>, DecodeError> {
    let offset = if moved > 0 {
        moved.saturating_sub(1)
    } else {
        moved
    };
    let offset = i32::try_from(offset).map_err(|_| DecodeError::message("offset out of range"))?;
    Ok((moved != 0).then_some(offset))
}

/// Method, wear, the clock's fault and the signature, in seven bits.
pub(super) fn flags(row: &StoredRecord) -> i64 {
    let skewed = if row.skewed { SKEWED } else { 0 };
    let attest = match row.attest {
        Attest::Unasked => 0,
        Attest::Signed => SIGNED,
        Attest::Unsigned => UNSIGNED,
    };
    flags_of(row.record.method, row.record.worn) | skewed | attest
}

/// How a copy came: method, wear, whether its clock was off, its signature.
pub(super) type Came = (Method, Option<bool>, bool, Attest);

pub(super) fn read_row_flags(flags: i64) -> Result<Came, DecodeError> {
    let (method, worn) = read_flags(flags & !(SKEWED | SIGNED | UNSIGNED))?;
    let attest = match flags & (SIGNED | UNSIGNED) {
        0 => Attest::Unasked,
        SIGNED => Attest::Signed,
        UNSIGNED => Attest::Unsigned,
        _ => return Err(DecodeError::message("unknown flags")),
    };
    Ok((method, worn, flags & SKEWED != 0, attest))
}

/// Method and wear, in four bits.
pub(crate) fn flags_of(method: Method, worn: Option<bool>) -> i64 {
    let method = match method {
        Method::Auto => 0,
        Method::Active => 1,
        Method::Manual => 2,
        Method::Unknown => 3,
    };
    let worn = match worn {
        None => 0,
        Some(false) => 4,
        Some(true) => 8,
    };
    method | worn
}

pub(crate) fn read_flags(flags: i64) -> Result<(Method, Option<bool>), DecodeError> {
    let method = match flags & 3 {
        0 => Method::Auto,
        1 => Method::Active,
        2 => Method::Manual,
        _ => Method::Unknown,
    };
    let worn = match flags & 12 {
        0 => None,
        4 => Some(false),
        8 => Some(true),
        _ => return Err(DecodeError::message("unknown flags")),
    };
    match flags & !15 {
        0 => Ok((method, worn)),
        _ => Err(DecodeError::message("unknown flags")),
    }
}
