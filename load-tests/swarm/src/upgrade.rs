//! The handshake of RFC 6455 on both sides, as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// What a client sends as its key: 16 bytes, that are the same each time, since nothing between us and the server caches.
const KEY: &str = "c3RyZWFrbGluZS1zd2FybQ==";
/// The name of RFC 6455, 1.3.
const NAME: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Longest head of an answer.
const HEAD_BYTES_MAX: usize = 16_384;

/// The request of a client.
pub(crate) fn request(host: &str, subprotocol: &str, token: &str) -> String {
    format!(
        "GET /v1/stream HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Protocol: {subprotocol}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// Bytes of the answer's head once it is all there.
///
/// # Errors
/// What the server says instead of agreeing.
pub(crate) fn agreed(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        if bytes.len() > HEAD_BYTES_MAX {
            return Err("the answer's head has no end".to_owned());
        }
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        return Err(format!("upgrade refused: {status}"));
    }
    let accept = header(&head, "sec-websocket-accept");
    if accept != Some(accept_of(KEY).as_str()) {
        return Err(format!("the server accepts another key: {accept:?}"));
    }
    Ok(Some(end + 4))
}

/// The answer of a server to this request.
pub(crate) fn answer(request: &str) -> Option<String> {
    let accept = accept_of(header(request, "sec-websocket-key")?);
    let subprotocol = header(request, "sec-websocket-protocol")?;
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    ))
}

fn accept_of(key: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{key}{NAME}")))
}

/// A header's value.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines();
    lines.find_map(|line| {
        let (of, value) = line.split_once(':')?;
        of.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_accepted_as_rfc_6455_says() {
        assert_eq!(
            accept_of("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn the_two_sides_agree() {
        let answer = answer(&request("here", "streakline.v1.json", "t")).unwrap();
        assert!(answer.contains("Sec-WebSocket-Protocol: streakline.v1.json\r\n"));
        assert_eq!(agreed(answer.as_bytes()), Ok(Some(answer.len())));
        assert_eq!(agreed(&answer.as_bytes()[..answer.len() - 1]), Ok(None));
    }

    #[test]
    fn a_refusal_is_told_by_its_status() {
        let refused = agreed(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(
            refused,
            Err("upgrade refused: HTTP/1.1 401 Unauthorized".to_owned())
        );
    }
}
