//! Faults of JSON that keep its tokens whole: odd values, members twice, members of other texts, values too deep.

use crate::mutate::{Fault, index};

/// How deep a value is nested that nobody should follow.
const DEPTH: usize = 10_000;

/// Tokens that are values, but hardly the ones that were expected; the last ones are none.
const ODD: [&str; 52] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "0.5",
    "1.5",
    "1e0",
    "1e9",
    "1e-9",
    "1E+9",
    "1e10",
    "1e400",
    "-1e400",
    "1e-400",
    "1e2147483648",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "4294967296",
    "-2147483649",
    "253402300800000",
    "1460505600000",
    "0.49999999999999999999999999",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{202e}evil\"",
    "\"a\\/b\"",
    "\"2016-02-30\"",
    "\"2016-02-29\"",
    "\"0000-01-01\"",
    "\"9999-12-31\"",
    "\"steps\"",
    "\"Europe/Berlin\"",
    "\"5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11\"",
    "[]",
    "{}",
    "[null]",
    "{\"\":0}",
    "NaN",
    "+1",
    "01",
    "1.",
    "\"\\x\"",
];

/// The bytes of a JSON text as tokens; what is none stands alone, byte by byte.
fn tokens(text: &[u8]) -> Vec<Vec<u8>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let rest = &text[at..];
        let len = match byte {
            b'"' => string(rest),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            _ => word(rest),
        };
        if !byte.is_ascii_whitespace() {
            tokens.push(rest[..len].to_vec());
        }
        at += len;
    }
    tokens
}

fn string(rest: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn word(rest: &[u8]) -> usize {
    let ends = |byte: &u8| b"{}[],:\"".contains(byte) || byte.is_ascii_whitespace();
    rest.iter().position(ends).unwrap_or(rest.len()).max(1)
}

/// The end of the value that begins at a token.
fn value_end(tokens: &[Vec<u8>], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.as_slice() {
            b"{" | b"[" => depth += 1,
            b"}" | b"]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Tokens that a value begins with, member names left out.
fn values(tokens: &[Vec<u8>]) -> Vec<usize> {
    let is_value = |at: &usize| {
        let is_name = tokens.get(at + 1).is_some_and(|next| next == b":");
        !is_name && !matches!(tokens[*at].as_slice(), b"}" | b"]" | b"," | b":")
    };
    (0..tokens.len()).filter(is_value).collect()
}

/// Names of members, each with the end of its value.
fn members(tokens: &[Vec<u8>]) -> Vec<(usize, usize)> {
    let names = (0..tokens.len()).filter(|at| tokens.get(at + 1).is_some_and(|next| next == b":"));
    names.map(|at| (at, value_end(tokens, at + 2))).collect()
}

fn odd(number: u32) -> Vec<u8> {
    match number % 64 {
        60 => format!("\"{}\"", "x".repeat(index(number >> 8, 300))).into_bytes(),
        61 => "9".repeat(1 + index(number >> 8, 400)).into_bytes(),
        62 => b"[".repeat(DEPTH),
        63 => b"\"\xff\xfe\"".to_vec(),
        known => ODD[index(known, ODD.len())].as_bytes().to_vec(),
    }
}

/// Puts one fault in.
pub(crate) fn apply(bytes: &mut Vec<u8>, (kind, a, b): Fault, other: &[u8]) {
    let mut tokens = tokens(bytes);
    let values = values(&tokens);
    let Some(at) = values.get(index(a, values.len())).copied() else {
        return;
    };
    let end = value_end(&tokens, at);
    match kind % 8 {
        0..3 => drop(tokens.splice(at..end, [odd(b)])),
        3 => again(&mut tokens, (a, b)),
        4 => leave_out(&mut tokens, a),
        5 => borrow(&mut tokens, at..end, (other, b)),
        6 => nest(&mut tokens, at, end, b),
        _ => {
            let with = index(b, tokens.len());
            tokens.swap(at, with);
        }
    }
    *bytes = tokens.concat();
}

/// A member twice: as it is, under another name, or with another value.
fn again(tokens: &mut Vec<Vec<u8>>, (a, b): (u32, u32)) {
    let members = members(tokens);
    let Some((at, end)) = members.get(index(a, members.len())).copied() else {
        return;
    };
    let mut copy = tokens[at..end].to_vec();
    match b % 4 {
        0 => copy[0] = b"\"misspelt\"".to_vec(),
        1 => drop(copy.splice(2.., [odd(b >> 2)])),
        _ => {}
    }
    copy.push(b",".to_vec());
    tokens.splice(at..at, copy);
}

fn leave_out(tokens: &mut Vec<Vec<u8>>, a: u32) {
    let members = members(tokens);
    if let Some((at, mut end)) = members.get(index(a, members.len())).copied() {
        if tokens.get(end).is_some_and(|token| token == b",") {
            end += 1;
        }
        tokens.drain(at..end);
    }
}

/// A value out of another text.
fn borrow(tokens: &mut Vec<Vec<u8>>, place: std::ops::Range<usize>, (other, b): (&[u8], u32)) {
    let theirs = self::tokens(other);
    let values = values(&theirs);
    if let Some(from) = values.get(index(b, values.len())).copied() {
        let value = theirs[from..value_end(&theirs, from)].to_vec();
        tokens.splice(place, value);
    }
}

/// A value inside of many.
fn nest(tokens: &mut Vec<Vec<u8>>, at: usize, end: usize, b: u32) {
    let depth = [1, 2, 100, 130, DEPTH][index(b, 5)];
    let (open, close): (&[u8], &[u8]) = if b & 8 == 0 {
        (b"[", b"]")
    } else {
        (b"{\"a\":", b"}")
    };
    tokens.insert(end, close.repeat(depth));
    tokens.insert(at, open.repeat(depth));
}
