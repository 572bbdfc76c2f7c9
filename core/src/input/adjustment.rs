//! A balance that an admin sets right (domain.md 8.1).

use alloc::string::String;
use minicbor::{Decode, Encode};

/// A balance that is set right by hand.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Adjustment {
    /// What it changes the balance by, 10^-6 token; not 0.
    #[n(0)]
    pub amount_micro: i64,
    /// Why, in the admin's words.
    #[n(1)]
    pub reason: String,
}
