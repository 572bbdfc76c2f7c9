//! The exact decimal of a JSON number, in store units of a metric: no floats on the way (protocol.md 1).

use crate::metric::unit::Ratio;

/// Largest exponent of a value, either way.
const EXPONENT_MAX: i32 = 9;
/// Most digits before the point; far above every range.
const WHOLE_DIGITS_MAX: i32 = 16;
/// Digits behind the point that are kept; of the others it matters only whether one is not 0.
const FRACTION_DIGITS: i32 = 9;
const FRACTION: i128 = 1_000_000_000;

/// Why a text gives no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No JSON number, or an exponent beyond +-9.
    NotANumber,
    /// Larger than any amount, in the direction of its sign.
    TooLarge {
        /// Below 0.
        negative: bool,
    },
}

/// Reads a JSON number as a decimal, times a ratio, rounded half up. It is exact where the ratio is a whole number of up to
/// 10^8, and else to 10^-9 of the number's unit.
///
/// ```
/// use streakline_core::{decimal::{Wrong, read}, metric::unit::{Ratio, ratio}};
/// assert_eq!(read("87", Ratio::ONE), Ok(87));
/// assert_eq!(read("1.5e1", Ratio::ONE), Ok(15));
/// assert_eq!(read("-0.5", Ratio::ONE), Ok(0), "half goes up");
/// let mm_of_a_mile = ratio("m", "[mi_i]").unwrap().times(1_000);
/// assert_eq!(read("3.1", mm_of_a_mile), Ok(4_988_966));
/// assert_eq!(read("1e400", Ratio::ONE), Err(Wrong::NotANumber), "an exponent beyond 9 is refused");
/// ```
///
/// # Errors
/// [`Wrong`].
pub fn read(text: &str, ratio: Ratio) -> Result<i64, Wrong> {
    let number = Number::parse(text).ok_or(Wrong::NotANumber)?;
    let negative = number.negative;
    number.times(ratio).ok_or(Wrong::TooLarge { negative })
}

/// The parts of a JSON number.
struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
}

impl<'a> Number<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let fits = (-EXPONENT_MAX..=EXPONENT_MAX).contains(&exponent);
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        (fits && !whole.is_empty() && all(whole) && all(fraction)).then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// `None`: larger than any amount.
    fn times(&self, ratio: Ratio) -> Option<i64> {
        let (units, more) = self.fixed()?;
        let numerator = units.checked_mul(i128::from(ratio.numerator))?;
        let denominator = FRACTION.checked_mul(i128::from(ratio.denominator))?;
        let (quotient, rest) = (
            numerator.checked_div(denominator)?,
            numerator.checked_rem(denominator)?,
        );
        let up = match rest.checked_mul(2)?.cmp(&denominator) {
            core::cmp::Ordering::Greater => true,
            core::cmp::Ordering::Equal => more || !self.negative,
            core::cmp::Ordering::Less => false,
        };
        let magnitude = i64::try_from(quotient.checked_add(i128::from(up))?).ok()?;
        Some(if self.negative {
            magnitude.saturating_neg()
        } else {
            magnitude
        })
    }

    /// The magnitude in 10^-9, and whether anything stands behind that.
    fn fixed(&self) -> Option<(i128, bool)> {
        let point = i32::try_from(self.whole.len())
            .ok()?
            .checked_add(self.exponent)?;
        let last = point.checked_add(FRACTION_DIGITS)?;
        let (mut units, mut more, mut place) = (0_i128, false, 0_i32);
        for byte in self.whole.bytes().chain(self.fraction.bytes()) {
            let digit = i128::from(byte.checked_sub(b'0')?);
            if place >= last {
                more |= digit != 0;
            } else {
                units = units.checked_mul(10)?.checked_add(digit)?;
            }
            place = place.checked_add(1)?;
            if place <= point && units > 10_i128.checked_pow(WHOLE_DIGITS_MAX.unsigned_abs())? {
                return None;
            }
        }
        while place < last {
            units = units.checked_mul(10)?;
            place = place.checked_add(1)?;
        }
        Some((units, more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::unit::ratio;

    const TEN: Ratio = Ratio {
        numerator: 10,
        denominator: 1,
    };
    const BEYOND: Result<i64, Wrong> = Err(Wrong::TooLarge { negative: false });

    #[test]
    fn decimals_are_exact_and_round_half_up() {
        for (text, ratio, wanted) in [
            ("0", Ratio::ONE, Ok(0)),
            ("0.4999999999999999999999", Ratio::ONE, Ok(0)),
            ("0.5", Ratio::ONE, Ok(1)),
            ("2.5", Ratio::ONE, Ok(3)),
            ("-2.5", Ratio::ONE, Ok(-2)),
            ("-2.50001", Ratio::ONE, Ok(-3)),
            ("-2.5000000000000000000001", Ratio::ONE, Ok(-3)),
            ("0.05", Ratio::ONE, Ok(0)),
            ("5e-1", Ratio::ONE, Ok(1)),
            ("5e-2", Ratio::ONE, Ok(0)),
            ("99e-2", Ratio::ONE, Ok(1)),
            ("1e-9", Ratio::ONE, Ok(0)),
            ("1.25", TEN, Ok(13)),
            ("00000000000000000000000007", Ratio::ONE, Ok(7)),
            ("1e9", Ratio::ONE, Ok(1_000_000_000)),
            ("1E+2", Ratio::ONE, Ok(100)),
            ("9223372036854775808", Ratio::ONE, BEYOND),
            (
                "-99999999999999999999999",
                Ratio::ONE,
                Err(Wrong::TooLarge { negative: true }),
            ),
            ("1e10", Ratio::ONE, Err(Wrong::NotANumber)),
            ("", Ratio::ONE, Err(Wrong::NotANumber)),
            ("x", Ratio::ONE, Err(Wrong::NotANumber)),
            ("+1", Ratio::ONE, Err(Wrong::NotANumber)),
            ("1.2.3", Ratio::ONE, Err(Wrong::NotANumber)),
        ] {
            assert_eq!(read(text, ratio), wanted, "{text} times {ratio:?}");
        }
    }

    #[test]
    fn units_are_converted_without_a_rounding_in_between() {
        let of = |text, own, other, store| read(text, ratio(own, other).unwrap().times(store));
        assert_eq!(of("1", "kcal", "kJ", 1_000), Ok(239), "cal of a kJ");
        assert_eq!(of("150", "kg", "[lb_av]", 1_000), Ok(68_039), "g of 150 lb");
        assert_eq!(of("90", "min", "s", 60), Ok(90), "s stay s");
        assert_eq!(of("0.98", "%", "1", 10), Ok(980));
        assert_eq!(of("10", "km/h", "m/s", 10), Ok(360));
    }
}
