//! Joins the fragments of a message, up to a bound (RFC 6455 5.4); some clients split at 4,096 bytes.
//!
//! Text only. Called by `session`, which gets fragments one by one.

use crate::protocol::server_frame::CloseReason;

/// A message whose fragments are arriving.
#[derive(Debug)]
pub(super) struct Fragments {
    joined: Vec<u8>,
    bytes_max: usize,
}

impl Fragments {
    /// Joins messages of up to `bytes_max` bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            joined: Vec::new(),
            bytes_max,
        }
    }

    /// Adds a fragment; the first one begins a new message.
    ///
    /// # Errors
    /// 1009 when the message is too large.
    pub(super) fn push(&mut self, first: bool, fragment: &[u8]) -> Result<(), CloseReason> {
        if first {
            self.joined.clear();
        }
        if self.joined.len() + fragment.len() > self.bytes_max {
            return Err(CloseReason::TOO_LARGE);
        }
        self.joined.extend_from_slice(fragment);
        Ok(())
    }

    /// Adds the last fragment and hands the message over.
    ///
    /// # Errors
    /// 1009 when the message is too large, 1007 when it is not UTF-8.
    pub(super) fn finish(&mut self, fragment: &[u8]) -> Result<String, CloseReason> {
        self.push(false, fragment)?;
        // The buffer leaves with the message: a socket that sends one large message does not keep it for ever.
        String::from_utf8(std::mem::take(&mut self.joined)).map_err(|_| CloseReason::NOT_UTF8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_are_joined_in_order() {
        let mut fragments = Fragments::new(10);
        // The euro sign has three bytes, cut after the first.
        fragments.push(true, b"5 \xe2").unwrap();
        fragments.push(false, b"").unwrap();
        assert_eq!(fragments.finish(b"\x82\xac"), Ok("5 \u{20ac}".into()));
        fragments.push(true, b"again").unwrap();
        assert_eq!(fragments.finish(b""), Ok("again".into()));
    }

    #[test]
    fn a_message_is_bounded_whatever_its_fragments() {
        let mut fragments = Fragments::new(10);
        fragments.push(true, b"12345").unwrap();
        fragments.push(false, b"67890").unwrap();
        assert_eq!(fragments.push(false, b"1"), Err(CloseReason::TOO_LARGE));
        assert_eq!(fragments.finish(b"1"), Err(CloseReason::TOO_LARGE));
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        let mut fragments = Fragments::new(10);
        fragments.push(true, b"\xff").unwrap();
        assert_eq!(fragments.finish(b""), Err(CloseReason::NOT_UTF8));
    }
}
