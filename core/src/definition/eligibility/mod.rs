//! Who may take part in a challenge: a rule over attributes of users (domain.md 5.5). It is a closed tree of `all`, `any`, `not` and
//! tests of one attribute each, kept flat, its nodes in prefix order, so that neither what is stored nor what judges by it recurses.
//!
//! An attribute that a user does not have, or that is a text where a number is asked for, passes no test, `ne` neither.

mod faults;
mod judge;
mod places;

use alloc::{string::String, vec::Vec};
use core::fmt;
use minicbor::{Decode, Encode};

use crate::attribute::{Name, Value};

pub use judge::Ineligible;

/// How a test compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Relation {
    /// The same.
    #[n(0)]
    Eq,
    /// Another of the same sort.
    #[n(1)]
    Ne,
    /// A smaller number.
    #[n(2)]
    Lt,
    /// That number or a smaller one.
    #[n(3)]
    Lte,
    /// A larger number.
    #[n(4)]
    Gt,
    /// That number or a larger one.
    #[n(5)]
    Gte,
}

/// What is asked of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Test {
    /// How it stands to a value.
    #[n(0)]
    Compare(#[n(0)] Relation, #[n(1)] Value),
    /// That it is one of these.
    #[n(1)]
    In(#[n(0)] Vec<Value>),
    /// That it is a number from the first to the second, both inside.
    #[n(2)]
    Between(#[n(0)] i64, #[n(1)] i64),
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Node {
    /// The next so many branches all hold.
    #[n(0)]
    All(#[n(0)] u32),
    /// One of the next so many branches holds.
    #[n(1)]
    Any(#[n(0)] u32),
    /// The next branch does not hold.
    #[n(2)]
    Not,
    /// A test.
    #[n(3)]
    Leaf {
        /// Of which attribute.
        #[n(0)]
        attribute: Name,
        /// What is asked of it.
        #[n(1)]
        test: Test,
    },
}

/// A rule: the nodes of one tree, each before its branches. Others hold for everybody or nobody, and are refused as faults.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Rule(#[n(0)] pub Vec<Node>);

impl Test {
    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Compare(Relation::Eq, _) => "eq",
            Self::Compare(Relation::Ne, _) => "ne",
            Self::Compare(Relation::Lt, _) => "lt",
            Self::Compare(Relation::Lte, _) => "lte",
            Self::Compare(Relation::Gt, _) => "gt",
            Self::Compare(Relation::Gte, _) => "gte",
            Self::In(_) => "in",
            Self::Between(..) => "between",
        }
    }

    /// The values that it names.
    fn values(&self) -> Vec<Value> {
        match self {
            Self::Compare(_, value) => Vec::from([value.clone()]),
            Self::In(values) => values.clone(),
            Self::Between(low, high) => Vec::from([Value::Number(*low), Value::Number(*high)]),
        }
    }

    /// What it counts for against [`limits::RULE_NODES_MAX`](crate::limits::RULE_NODES_MAX): itself, its attribute and its values.
    fn nodes(&self) -> usize {
        let values = match self {
            Self::Compare(..) => 1,
            Self::In(values) => values.len(),
            Self::Between(..) => 2,
        };
        values.saturating_add(2)
    }
}

impl Node {
    /// Branches that follow it.
    #[must_use]
    pub fn branches(&self) -> u32 {
        match self {
            Self::All(branches) | Self::Any(branches) => *branches,
            Self::Not => 1,
            Self::Leaf { .. } => 0,
        }
    }
}

/// A value as a person reads it: texts in quotes.
struct Said<'a>(&'a Value);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Text(text) => write!(f, "\"{text}\""),
            Value::Number(number) => number.fmt(f),
        }
    }
}

/// Values that are named in words; of longer lists the rest is counted.
const VALUES_IN_WORDS: usize = 8;

impl Test {
    /// What it asks, in words that follow "must be" or "must not be".
    fn words(&self) -> String {
        use alloc::{format, string::ToString};
        match self {
            Self::Compare(Relation::Eq, value) => Said(value).to_string(),
            Self::Compare(Relation::Ne, value) => format!("other than {}", Said(value)),
            Self::Compare(Relation::Lt, value) => format!("below {}", Said(value)),
            Self::Compare(Relation::Lte, value) => format!("at most {}", Said(value)),
            Self::Compare(Relation::Gt, value) => format!("above {}", Said(value)),
            Self::Compare(Relation::Gte, value) => format!("at least {}", Said(value)),
            Self::Between(low, high) => format!("from {low} to {high}"),
            Self::In(values) => {
                let named = values.iter().take(VALUES_IN_WORDS);
                let named: Vec<String> = named.map(|value| Said(value).to_string()).collect();
                let rest = values.len().saturating_sub(VALUES_IN_WORDS);
                let more = if rest > 0 {
                    format!(" and {rest} more")
                } else {
                    String::new()
                };
                format!("one of {}{more}", named.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests;
