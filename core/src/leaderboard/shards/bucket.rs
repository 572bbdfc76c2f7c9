//! Buckets of scores (domain.md 6.3): exact up to 127, then 64 to an octave, so that none is wider than 1.6 % of its scores.

/// Scores below are told apart.
const EXACT: u64 = 128;
/// Buckets of an octave, as a power of two.
const OCTAVE_BITS: u32 = 6;
/// The largest score that has a bucket of its own width; larger ones share the last.
pub(super) const LARGEST: i64 = (1 << 40) - 1;
/// How many there are: 128 exact ones, and 64 for each octave from 2^7 to 2^40.
pub(super) const BUCKETS: usize = 128 + 33 * 64;

/// The bucket of a score; one below 0 counts as 0.
#[must_use]
pub(super) fn of(score: i64) -> usize {
    let score = score.clamp(0, LARGEST).unsigned_abs();
    if score < EXACT {
        return usize::try_from(score).unwrap_or(0);
    }
    let octave = score.ilog2();
    let shift = octave.saturating_sub(OCTAVE_BITS);
    // 64 to 127: the leading bit and the six behind it.
    let mantissa = score.checked_shr(shift).unwrap_or(0);
    let octaves = u64::from(octave.saturating_sub(EXACT.ilog2()));
    let bucket = octaves
        .saturating_mul(64)
        .saturating_add(EXACT)
        .saturating_add(mantissa.saturating_sub(64));
    usize::try_from(bucket)
        .unwrap_or(BUCKETS - 1)
        .min(BUCKETS - 1)
}

/// The first score of a bucket, and how many scores it spans.
#[must_use]
pub(super) fn span(bucket: usize) -> (i64, i64) {
    let bucket = i64::try_from(bucket.min(BUCKETS - 1)).unwrap_or(0);
    let above = bucket.saturating_sub(128);
    if above < 0 {
        return (bucket, 1);
    }
    let shift = u32::try_from(above.div_euclid(64).saturating_add(1)).unwrap_or(0);
    let width = 1_i64.checked_shl(shift).unwrap_or(i64::MAX);
    let mantissa = above.rem_euclid(64).saturating_add(64);
    (mantissa.saturating_mul(width), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_in_the_span_of_its_bucket_which_is_narrow() {
        let octaves = (7..40).flat_map(|octave| {
            let base = 1_i64 << octave;
            [base - 1, base, base + 1, base + base / 3, 2 * base - 1]
        });
        for score in (0..100_000).chain(octaves) {
            let (first, width) = span(of(score));
            assert!((first..first + width).contains(&score), "{score}");
            assert!(width == 1 || width * 64 <= first, "{score}: {width} wide");
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for bucket in 1..BUCKETS {
            let (before, width) = span(bucket - 1);
            assert_eq!(span(bucket).0, before + width, "{bucket}");
            assert_eq!(of(span(bucket).0), bucket);
        }
        assert_eq!(of(LARGEST), BUCKETS - 1);
        assert_eq!((of(i64::MAX), of(-5)), (BUCKETS - 1, 0));
    }
}
