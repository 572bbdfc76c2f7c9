//! Memory that stays bounded: users who come and go, everyone at once, and more users than memory has room for.

mod burst;
mod full;
mod passivation;
mod resting;
mod tail;
