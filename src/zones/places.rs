//! Where time zones are, from the table beside this file. It says nothing about clocks.

use std::collections::BTreeMap;

use streakline_core::place::Place;

/// Lines of name, arc seconds north, arc seconds east.
const TABLE: &str = include_str!("places.txt");

/// Every zone that is a place.
pub(super) fn all() -> BTreeMap<&'static str, Place> {
    TABLE.lines().filter_map(read).collect()
}

fn read(line: &'static str) -> Option<(&'static str, Place)> {
    let mut words = line.split(' ').filter(|_| !line.starts_with('#'));
    let name = words.next()?;
    let latitude_s = words.next()?.parse().ok()?;
    let longitude_s = words.next()?.parse().ok()?;
    let place = Place {
        latitude_s,
        longitude_s,
    };
    Some((name, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_place_on_earth() {
        let places = all();
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(places.len(), lines.count());
        for (name, place) in places {
            assert!(place.latitude_s.abs() <= 324_000, "{name}");
            assert!(place.longitude_s.abs() <= 648_000, "{name}");
        }
    }

    #[test]
    fn tokyo_and_los_angeles_are_8_800_km_apart() {
        let places = all();
        let metres = places["Asia/Tokyo"].distance_m(places["America/Los_Angeles"]);
        assert_eq!(metres / 100_000, 88);
        assert!(places["Asia/Calcutta"].distance_m(places["Asia/Kolkata"]) < 1_000);
    }
}
