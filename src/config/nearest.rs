//! The known name that was probably meant.

/// Of `names` the one that is nearest to `wrong`, if any is near: a few letters off, or the right last word in a wrong group.
pub(super) fn nearest(wrong: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let scored = names.map(|name| (distance(wrong, &name), name));
    let (distance, name) = scored.min()?;
    (distance <= wrong.len().div_ceil(3)).then_some(name)
}

fn distance(wrong: &str, name: &str) -> usize {
    let whole = strsim::osa_distance(wrong, name);
    let last = strsim::osa_distance(last_word(wrong), last_word(name)).saturating_add(1);
    whole.min(last)
}

fn last_word(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_names_the_setting_that_was_meant() {
        let names = ["limits.frames_per_s", "limits.max_bytes", "listen"];
        let near = |wrong| nearest(wrong, names.iter().map(|name| (*name).to_owned()));
        let frames = Some("limits.frames_per_s".to_owned());
        for wrong in ["limits.frame_per_s", "limit.frames_per_s", "frames_per_s"] {
            assert_eq!(near(wrong), frames, "{wrong}");
        }
        assert_eq!(near("lisen"), Some("listen".to_owned()));
        for wrong in ["colour", "x", ""] {
            assert_eq!(near(wrong), None, "{wrong}");
        }
    }
}
