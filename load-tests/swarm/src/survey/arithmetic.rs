//! Medians, and numbers as text: three digits, never rounded in one's own favour.

/// Which way a number is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    Up,
    Down,
    Nearest,
}

/// Digits that are told.
const DIGITS: i32 = 3;

/// The median; of two in the middle their mean, of nothing nothing.
pub(super) fn median(of: &[f64]) -> Option<f64> {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 {
        upper
    } else {
        f64::midpoint(sorted[middle - 1], upper)
    })
}

pub(super) fn lowest(of: &[f64]) -> f64 {
    of.iter().copied().fold(f64::INFINITY, f64::min)
}

pub(super) fn highest(of: &[f64]) -> f64 {
    of.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Three significant digits, whole numbers whole.
pub(super) fn shown(value: f64, rounding: Rounding) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = (DIGITS - 1 - magnitude).max(0);
    let scale = 10_f64.powi(decimals);
    let scaled = value * scale;
    // What a binary fraction misses of a decimal one is no reason to go to the next.
    let (low, high) = (scaled - scaled.abs() * 1e-12, scaled + scaled.abs() * 1e-12);
    let rounded = match rounding {
        Rounding::Up => low.ceil(),
        Rounding::Down => high.floor(),
        Rounding::Nearest => scaled.round(),
    };
    let text = format!("{:.*}", decimals as usize, rounded / scale);
    grouped(&text)
}

/// `12345.6` as `12,345.6`.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut out = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
        assert_eq!((lowest(&[2.0, 1.0]), highest(&[2.0, 1.0])), (1.0, 2.0));
    }

    #[test]
    fn three_digits_are_told_and_whole_numbers_stay_whole() {
        assert_eq!(shown(12.345, Rounding::Nearest), "12.3");
        assert_eq!(shown(0.012_345, Rounding::Nearest), "0.0123");
        assert_eq!(shown(1_234_567.4, Rounding::Nearest), "1,234,567");
        assert_eq!(shown(-1_234.0, Rounding::Nearest), "-1,234");
        assert_eq!(shown(0.0, Rounding::Up), "0");
        assert_eq!(shown(f64::NAN, Rounding::Up), "?");
    }

    #[test]
    fn what_should_be_small_is_rounded_up_and_what_should_be_large_down() {
        assert_eq!(shown(1.001, Rounding::Up), "1.01");
        assert_eq!(shown(7.999, Rounding::Down), "7.99");
        assert_eq!(shown(1.1, Rounding::Up), "1.10");
        assert_eq!(shown(1.1, Rounding::Down), "1.10");
    }
}
