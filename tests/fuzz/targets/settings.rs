//! The file of settings.

use std::{cell::OnceCell, fs, path::PathBuf};

use streakline::config::{Config, Sources};

use super::{Judged, Seen, Target, bounded, hold};
use crate::{mutate::Form, random::Random};

pub(super) const SETTINGS: Target = Target {
    name: "settings",
    form: Form::Plain,
    share: 2,
    valid: |seed| {
        let random = &mut Random::new(seed, 70);
        let text = format!(
            "data = \"d\"\nlisten = \"127.0.0.1:{}\"\nlog_json = {}\n[limits]\nframes_per_s = {}\nmax_records = {}\n\
             [push]\nprogress_ms = {}\n[cors]\norigins = [\"https://a.example\"]\n",
            random.within(0, 65_535),
            random.permille(500),
            random.within(1, 9_999),
            random.within(1, 500),
            random.within(1, 9_999),
        );
        text.into_bytes()
    },
    check,
};

thread_local! {
    static FILE: OnceCell<(tempfile::TempDir, PathBuf)> = const { OnceCell::new() };
}

fn check(bytes: &[u8]) -> Judged {
    let path = FILE.with(|file| {
        let (_, path) = file.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("streakline.toml");
            (dir, path)
        });
        path.clone()
    });
    fs::write(&path, bytes).unwrap();
    let sources = Sources {
        file: Some(path),
        ..Sources::default()
    };
    let load = || Config::load(&sources).map_err(|error| error.to_string());
    match bounded((bytes, 512, 262_144), load)? {
        Ok(config) => {
            let limits = &config.limits;
            hold((1..=500).contains(&limits.max_records), || {
                format!("{limits:?}")
            })?;
            hold((1_024..=262_144).contains(&limits.max_bytes), || {
                format!("{limits:?}")
            })?;
            hold(config.push.progress_ms > 0, || "progress_ms".into())?;
            Ok(Seen::Taken(None))
        }
        Err(words) => {
            hold(!words.is_empty(), || "no words".into())?;
            Ok(Seen::Refused)
        }
    }
}
