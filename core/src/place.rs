//! Where a zone is, roughly: the representative point of its people, and how far two of them are apart (domain.md 2.2, S10). In
//! integers, so that every machine finds the same distance; good to about one percent. Points come from the shell (`zones`).

/// One turn in arc seconds.
const TURN_S: i64 = 1_296_000;
/// A quarter of it.
const QUARTER_S: i64 = TURN_S.div_euclid(4);
/// 1 in the fixed point of the sines here.
const ONE: i64 = 1_000_000_000;
/// An arc second in radians, in 10^-15.
const RADIAN_E15: i64 = 4_848_136_811;
/// Metres of 1,000 arc seconds on a great circle of the mean Earth.
const METRES_PER_1000_S: i64 = 30_887;

/// A point on Earth.
///
/// ```
/// use streakline_core::place::Place;
/// let tokyo = Place { latitude_s: 128_355, longitude_s: 503_084 };
/// let los_angeles = Place { latitude_s: 122_588, longitude_s: -425_674 };
/// assert_eq!(tokyo.distance_m(los_angeles).div_euclid(100_000), 88);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Arc seconds north of the equator, -324,000 to 324,000.
    pub latitude_s: i32,
    /// Arc seconds east of Greenwich, -648,000 to 648,000.
    pub longitude_s: i32,
}

impl Place {
    /// The great-circle distance in metres, by the haversine.
    #[must_use]
    pub fn distance_m(self, other: Self) -> i64 {
        let half = |from: i32, to: i32| {
            let between = i64::from(to).saturating_sub(i64::from(from));
            sine(between.saturating_abs().div_euclid(2))
        };
        let north = half(self.latitude_s, other.latitude_s);
        let east = half(self.longitude_s, other.longitude_s);
        let narrow = times(cosine(self.latitude_s), cosine(other.latitude_s));
        let square = times(north, north).saturating_add(times(narrow, times(east, east)));
        arc_of_sine_square(square)
            .saturating_mul(2)
            .saturating_mul(METRES_PER_1000_S)
            .div_euclid(1_000)
    }
}

fn times(a: i64, b: i64) -> i64 {
    a.saturating_mul(b).div_euclid(ONE)
}

/// Of an angle of 0 to half a turn.
fn sine(angle_s: i64) -> i64 {
    let half_turn_s = QUARTER_S.saturating_mul(2);
    let angle_s = angle_s.min(half_turn_s.saturating_sub(angle_s)).max(0);
    let x = angle_s.saturating_mul(RADIAN_E15).div_euclid(1_000_000);
    // x - x^3/3! + x^5/5! - x^7/7! + x^9/9!: within 4 in a million up to a quarter turn.
    let square = times(x, x);
    let less =
        |rest: i64, divisor: i64| ONE.saturating_sub(times(square, rest).div_euclid(divisor));
    times(x, less(less(less(less(ONE, 72), 42), 20), 6))
}

fn cosine(latitude_s: i32) -> i64 {
    sine(QUARTER_S.saturating_sub(i64::from(latitude_s).saturating_abs()))
}

/// The angle of 0 to a quarter turn with that square of its sine, found by halving.
fn arc_of_sine_square(square: i64) -> i64 {
    let (mut low, mut high) = (0_i64, QUARTER_S);
    while low < high {
        let middle = low.saturating_add(high).div_euclid(2);
        let reached = sine(middle);
        if times(reached, reached) < square {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude_s: i32, longitude_s: i32) -> Place {
        Place {
            latitude_s,
            longitude_s,
        }
    }

    fn km(a: Place, b: Place) -> i64 {
        assert_eq!(a.distance_m(b), b.distance_m(a));
        a.distance_m(b).div_euclid(1_000)
    }

    #[test]
    fn known_distances_are_found_within_one_percent() {
        let (berlin, paris) = (place(189_000, 48_120), place(175_920, 8_400));
        let (auckland, santiago) = (place(-132_720, 629_160), place(-120_420, -254_400));
        let near = |found: i64, wanted: i64| (found - wanted).abs() * 100 <= wanted;
        assert!(near(km(berlin, paris), 878), "{}", km(berlin, paris));
        assert!(
            near(km(auckland, santiago), 9_670),
            "{}",
            km(auckland, santiago)
        );
        let (here, antipode) = (place(0, 0), place(0, 648_000));
        assert!(near(km(here, antipode), 20_015), "{}", km(here, antipode));
        assert_eq!(km(berlin, berlin), 0);
    }

    #[test]
    fn the_date_line_is_no_distance() {
        assert!(km(place(0, 647_000), place(0, -647_000)) < 70);
    }
}
