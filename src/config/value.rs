//! What a setting's value is in each of its forms, and the types that a field of the configuration may have.
//!
//! It reads nothing and knows no single setting; `declare.rs` uses it for each.

use std::net::SocketAddr;
use std::path::PathBuf;

/// The value of a setting in any of its forms, before it becomes a field.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Value {
    /// A whole number.
    Integer(u64),
    /// True or false.
    Boolean(bool),
    /// Text, a path or an address.
    Text(String),
    /// Texts.
    List(Vec<String>),
    /// Not set, for those that may be.
    Unset,
}

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Text.
    Text,
    /// Text that names a file or folder.
    Path,
    /// Text that is an IP address with a port.
    Address,
    /// An array of texts; separated by commas in the environment and in flags.
    List,
    /// Text that is never shown.
    Secret,
}

impl Kind {
    /// What a value of this kind is, for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Text | Self::Secret => "a text",
            Self::Path => "a path",
            Self::Address => "an address with a port, such as 127.0.0.1:8080",
            Self::List => "a list of texts",
        }
    }

    /// The metavariable of a flag's value.
    #[must_use]
    pub fn metavariable(self) -> &'static str {
        match self {
            Self::Integer => "N",
            Self::Boolean => "BOOL",
            Self::Text | Self::Secret => "TEXT",
            Self::Path => "PATH",
            Self::Address => "ADDR",
            Self::List => "LIST",
        }
    }
}

/// A text that must not be seen: neither `Debug` nor the command `config` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Value {
    /// As in the environment and in flags.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Boolean(truth) => truth.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(items) => items.join(","),
            Self::Unset => String::new(),
        }
    }
}

/// A type that a field of the configuration may have.
pub(super) trait Field: Sized {
    /// What a default is written as.
    type Literal;
    /// How it is written.
    const KIND: Kind;
    /// Whether it may be unset.
    const OPTIONAL: bool = false;
    /// The value that a literal stands for.
    fn value(literal: Self::Literal) -> Value;
    /// The field of a value, if this type can hold it.
    fn read(value: &Value) -> Option<Self>;
}

macro_rules! integer_fields {
    ($($type:ty),+) => {$(
        impl Field for $type {
            type Literal = Self;
            const KIND: Kind = Kind::Integer;
            fn value(literal: Self) -> Value {
                Value::Integer(literal as u64)
            }
            fn read(value: &Value) -> Option<Self> {
                match value {
                    Value::Integer(number) => Self::try_from(*number).ok(),
                    _ => None,
                }
            }
        }
    )+};
}
integer_fields!(u32, u64, usize);

macro_rules! text_fields {
    ($($type:ty: $kind:ident, $read:expr;)+) => {$(
        impl Field for $type {
            type Literal = &'static str;
            const KIND: Kind = Kind::$kind;
            fn value(literal: &'static str) -> Value {
                Value::Text(literal.to_owned())
            }
            fn read(value: &Value) -> Option<Self> {
                let read: fn(&str) -> Option<Self> = $read;
                match value {
                    Value::Text(text) => read(text),
                    _ => None,
                }
            }
        }
    )+};
}
text_fields! {
    String: Text, |text| Some(text.to_owned());
    PathBuf: Path, |text| (!text.is_empty()).then(|| text.into());
    SocketAddr: Address, |text| text.parse().ok();
    Secret: Secret, |text| Some(Secret(text.to_owned()));
}

impl Field for bool {
    type Literal = bool;
    const KIND: Kind = Kind::Boolean;
    fn value(literal: bool) -> Value {
        Value::Boolean(literal)
    }
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }
}

impl Field for Vec<String> {
    type Literal = &'static [&'static str];
    const KIND: Kind = Kind::List;
    fn value(literal: Self::Literal) -> Value {
        Value::List(literal.iter().map(|item| (*item).to_owned()).collect())
    }
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::List(items) => Some(items.clone()),
            _ => None,
        }
    }
}

impl<T: Field> Field for Option<T> {
    type Literal = Option<T::Literal>;
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;
    fn value(literal: Self::Literal) -> Value {
        literal.map_or(Value::Unset, T::value)
    }
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Unset => Some(None),
            value => T::read(value).map(Some),
        }
    }
}
