//! Hostile input: each kind gets the code of protocol.md 8, a bystander on the same server streams on all the while, and at the
//! end nothing that was acknowledged is lost.

mod bystander;
mod churn;
mod crowd;
mod ends;
mod floods;
mod frames;
mod halves;
mod readers;
mod tokens;
mod values;
mod wire;
