//! The `streakline` program.

fn main() {}
