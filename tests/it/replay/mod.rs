//! The recorded people, in every zone and order, without and with crashes: always the same answers. And what else their trackers
//! recorded: hours, nights, heart rate, active minutes, totals of days.

mod feed;
mod hearts;
mod hours;
mod intensities;
mod kills;
mod nights;
mod recording;
mod rows;
mod runs;
mod totals;
