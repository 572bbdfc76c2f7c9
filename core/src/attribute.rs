//! What a deployment says of a user besides health data, such as a region: a few names, each with a text or an integer. Challenges
//! take users in by them (`definition::eligibility`). They are the user's own data: stored with its state, and told to nobody else
//! but admins.

use alloc::string::String;
use core::fmt;
use minicbor::{Decode, Encode};

use crate::{limits, small_map::SmallMap};

/// The name of an attribute.
///
/// ```
/// use streakline_core::attribute::Name;
/// assert_eq!(Name::parse("region").unwrap().as_str(), "region");
/// assert!(Name::parse("home region").is_err());
/// assert!(Name::parse("region:EU").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Name(#[n(0)] String);

/// A text is no name of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 characters of A-Z a-z 0-9 . _ -")]
pub struct BadName;

impl Name {
    /// Parses `[A-Za-z0-9._-]{1,32}`; names compare as bytes.
    ///
    /// # Errors
    /// [`BadName`] when the text is empty, too long or has another character.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let fits = (1..=limits::ATTRIBUTE_NAME_CHARS_MAX).contains(&text.len());
        let clean = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if fits && text.bytes().all(clean) {
            Ok(Self(text.into()))
        } else {
            Err(BadName)
        }
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an attribute says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Value {
    /// 1 to [`limits::ATTRIBUTE_TEXT_CHARS_MAX`] characters.
    #[n(0)]
    Text(#[n(0)] String),
    /// Within ±(2^53 - 1).
    #[n(1)]
    Number(#[n(0)] i64),
}

impl Value {
    /// Whether both are texts, or both numbers: others never compare.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Text(_), Self::Text(_)) | (Self::Number(_), Self::Number(_))
        )
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// The attributes of one user, at most [`limits::ATTRIBUTES_PER_USER_MAX`].
pub type Attributes = SmallMap<Name, Value>;

/// Bytes of attributes in memory, about.
#[must_use]
pub fn bytes(attributes: &Attributes) -> usize {
    let texts = attributes.iter().map(|(name, value)| match value {
        Value::Text(text) => name.0.len().saturating_add(text.len()),
        Value::Number(_) => name.0.len(),
    });
    attributes.bytes().saturating_add(texts.sum())
}
