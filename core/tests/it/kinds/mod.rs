//! Types of challenges: scores from minutes, boards from scores, the same whatever the order of arrival (domain.md 5.2, 5.6).

mod lines;
mod marks;
mod points;
mod rounds;
mod teams;
mod world;
