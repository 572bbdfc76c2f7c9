//! Joins the fragments of a message, up to a bound (RFC 6455 5.4); some clients split at 4,096 bytes.
//!
//! Of the socket's own form only. Called by `session`, which gets fragments one by one.

use crate::protocol::{
    form::{Encoded, Form},
    server_frame::CloseReason,
};

/// A message whose fragments are arriving.
#[derive(Debug)]
pub(super) struct Fragments {
    form: Form,
    joined: Vec<u8>,
    bytes_max: usize,
}

impl Fragments {
    /// Joins messages of up to `bytes_max` bytes.
    pub(super) fn new(form: Form, bytes_max: usize) -> Self {
        Self {
            form,
            joined: Vec::new(),
            bytes_max,
        }
    }

    /// Begins a new message with its first fragment.
    ///
    /// # Errors
    /// 1003 when it is of the other form, 1009 when it is too large.
    pub(super) fn begin(&mut self, form: Form, fragment: &[u8]) -> Result<(), CloseReason> {
        if form != self.form {
            return Err(CloseReason::OTHER_FORM);
        }
        self.joined.clear();
        self.push(fragment)
    }

    /// Adds a fragment.
    ///
    /// # Errors
    /// 1009 when the message is too large.
    pub(super) fn push(&mut self, fragment: &[u8]) -> Result<(), CloseReason> {
        if self.joined.len() + fragment.len() > self.bytes_max {
            return Err(CloseReason::TOO_LARGE);
        }
        self.joined.extend_from_slice(fragment);
        Ok(())
    }

    /// Adds the last fragment and hands the message over.
    ///
    /// # Errors
    /// 1009 when the message is too large, 1007 when it is to be text and is not UTF-8.
    pub(super) fn finish(&mut self, fragment: &[u8]) -> Result<Encoded, CloseReason> {
        self.push(fragment)?;
        // The buffer leaves with the message: a socket that sends one large message does not keep it for ever.
        let joined = std::mem::take(&mut self.joined);
        match self.form {
            Form::Json => String::from_utf8(joined)
                .map(Encoded::Text)
                .map_err(|_| CloseReason::NOT_UTF8),
            Form::Cbor => Ok(Encoded::Binary(joined)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Result<Encoded, CloseReason> {
        Ok(Encoded::Text(text.to_owned()))
    }

    #[test]
    fn fragments_are_joined_in_order() {
        let mut fragments = Fragments::new(Form::Json, 10);
        // The euro sign has three bytes, cut after the first.
        fragments.begin(Form::Json, b"5 \xe2").unwrap();
        fragments.push(b"").unwrap();
        assert_eq!(fragments.finish(b"\x82\xac"), text("5 \u{20ac}"));
        fragments.begin(Form::Json, b"again").unwrap();
        assert_eq!(fragments.finish(b""), text("again"));
    }

    #[test]
    fn a_message_is_bounded_whatever_its_fragments() {
        let mut fragments = Fragments::new(Form::Json, 10);
        fragments.begin(Form::Json, b"12345").unwrap();
        fragments.push(b"67890").unwrap();
        assert_eq!(fragments.push(b"1"), Err(CloseReason::TOO_LARGE));
        assert_eq!(fragments.finish(b"1"), Err(CloseReason::TOO_LARGE));
    }

    #[test]
    fn what_is_not_utf8_is_refused_as_text_and_taken_as_bytes() {
        let mut fragments = Fragments::new(Form::Json, 10);
        fragments.begin(Form::Json, b"\xff").unwrap();
        assert_eq!(fragments.finish(b""), Err(CloseReason::NOT_UTF8));
        let mut fragments = Fragments::new(Form::Cbor, 10);
        fragments.begin(Form::Cbor, b"\xff").unwrap();
        assert_eq!(
            fragments.finish(b"\x00"),
            Ok(Encoded::Binary(vec![0xff, 0x00]))
        );
    }

    #[test]
    fn a_message_of_the_other_form_is_refused_at_its_first_fragment() {
        for (form, other) in [(Form::Json, Form::Cbor), (Form::Cbor, Form::Json)] {
            let refused = Fragments::new(form, 10).begin(other, b"1");
            assert_eq!(refused, Err(CloseReason::OTHER_FORM));
        }
    }
}
