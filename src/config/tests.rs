//! Sources laid over each other, and everything that may be wrong with them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::declare::settings;
use super::value::Field;
use super::*;

/// A list of its own, with the kinds that the server's list does not use.
#[allow(unreachable_pub, reason = "the macro makes what a crate offers")]
mod sealed {
    use super::*;

    settings! {
        /// Server
        {
            /// A name
            name: String = "s";
        }
        /// Locks
        locks: Locks {
            /// What opens it
            key: Option<Secret> = None;
            /// Where it is
            door: Option<PathBuf> = None;
        }
    }

    pub(super) fn load(sources: &Sources) -> (Effective, Config) {
        let effective = Effective::of(Config::settings(), sources).unwrap();
        let config = Config::read("", &|key| effective.value(key)).unwrap();
        (effective, config)
    }
}

/// A file with this text, for as long as the folder lives.
fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("streakline.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    pairs.iter().map(owned).collect()
}

fn sources(file: &Path, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Sources {
    Sources {
        file: Some(file.to_owned()),
        environment: pairs(environment),
        flags: pairs(flags),
    }
}

fn from_environment(environment: &[(&str, &str)]) -> Sources {
    Sources {
        environment: pairs(environment),
        ..Sources::default()
    }
}

/// The faults with their file's folder cut off.
fn refused(sources: &Sources) -> Vec<String> {
    let error = Config::load(sources).unwrap_err();
    let told = error.to_string();
    let faults = error.faults.iter().map(|fault| {
        let line = fault.to_string();
        assert!(told.contains(&line), "{line} is not in {told}");
        let at = line.find("streakline.toml").unwrap_or(0);
        line[at..].to_owned()
    });
    faults.collect()
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file_and_the_file_over_defaults() {
    let text = "listen = \"127.0.0.1:1\"\nworkers = 3\n[limits]\nframes_per_s = 7\n";
    let (_dir, path) = written(text);
    let environment = [
        ("STREAKLINE_LISTEN", "127.0.0.1:2"),
        ("STREAKLINE_LIMITS_FRAMES_PER_S", "8"),
        (
            "STREAKLINE_CORS_ORIGINS",
            "https://a.example, https://b.example",
        ),
    ];
    let sources = sources(&path, &environment, &[("listen", "127.0.0.1:3")]);
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!((config.limits.frames_per_s, config.workers), (8, 3));
    assert_eq!(config.limits.max_records, 500);
    assert_eq!(
        config.cors.origins,
        ["https://a.example", "https://b.example"]
    );

    let effective = Effective::of(Config::settings(), &sources).unwrap();
    let origin = |key: &str| {
        let entry = effective
            .entries
            .iter()
            .find(|entry| entry.setting.key == key);
        entry.unwrap().origin.to_string()
    };
    assert_eq!(origin("listen"), "flag --listen");
    assert_eq!(
        origin("limits.frames_per_s"),
        "environment STREAKLINE_LIMITS_FRAMES_PER_S"
    );
    assert_eq!(origin("workers"), format!("{}:2", path.display()));
    assert_eq!(origin("clock"), "default");
}

#[test]
fn the_environment_may_name_the_file() {
    let (_dir, path) = written("workers = 3\n");
    let named = from_environment(&[(FILE, path.to_str().unwrap())]);
    assert_eq!(Config::load(&named).unwrap().workers, 3);
    let missing = from_environment(&[(FILE, "/no/such/streakline.toml")]);
    let refused = refused(&missing);
    assert!(
        refused[0].contains("streakline.toml:1: cannot be read"),
        "{refused:?}"
    );
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let text = "workers = -1\ncolour = 3\n[limits]\nframe_per_s = 7\nmax_records = 501\n\n\
                [cors]\norigins = [\"https://a.example\", 3]\n[push]\ngrace_s = \"soon\"\n";
    let (_dir, path) = written(text);
    let environment = [
        ("STREAKLINE_LIMIT_FRAMES_PER_S", "8"),
        ("STREAKLINE_STREAM_HEARTBEAT_S", "0"),
    ];
    let flags = [
        ("listen", "localhost"),
        ("clock", "noon"),
        ("log_json", "yes"),
    ];
    let mut found = refused(&sources(&path, &environment, &flags));
    found.sort();
    let mut expected = [
        "streakline.toml:1: workers must be a whole number, not -1",
        "streakline.toml:2: unknown setting colour; `streakline config` lists those that there are",
        "streakline.toml:4: unknown setting limits.frame_per_s; did you mean limits.frames_per_s?",
        "streakline.toml:5: limits.max_records must be 1 to 500, not 501",
        "streakline.toml:8: cors.origins must be a list of texts, not [\"https://a.example\", 3]",
        "streakline.toml:10: push.grace_s must be a whole number, not \"soon\"",
        "environment STREAKLINE_LIMIT_FRAMES_PER_S: unknown setting STREAKLINE_LIMIT_FRAMES_PER_S; \
         did you mean STREAKLINE_LIMITS_FRAMES_PER_S?",
        "environment STREAKLINE_STREAM_HEARTBEAT_S: stream.heartbeat_s must be 1 to 3600, not 0",
        "flag --listen: listen must be an address with a port, such as 127.0.0.1:8080, not \"localhost\"",
        "flag --clock: clock must be `system` or such as `virtual:2016-04-12T00:00:00Z`, not \"noon\"",
        "flag --log-json: log_json must be true or false, not \"yes\"",
    ];
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn slips_in_the_syntax_are_told_with_their_line() {
    let (_dir, path) = written("workers = 1\nlisten = \n");
    let refused = refused(&sources(&path, &[], &[]));
    assert!(refused[0].starts_with("streakline.toml:2: "), "{refused:?}");
}

#[test]
fn a_number_that_its_field_cannot_hold_is_refused() {
    for text in ["4294967297", "18446744073709551616", "1.5", "", " 7"] {
        let refused = refused(&from_environment(&[(
            "STREAKLINE_LIMITS_FRAMES_PER_S",
            text,
        )]));
        assert!(
            refused[0].contains("limits.frames_per_s must be"),
            "{text:?}: {refused:?}"
        );
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused_with_their_origin() {
    let flags = [
        ("ingest.inflight_max_bytes", "2000"),
        ("limits.max_bytes", "2001"),
        ("tls.key_file", "key.pem"),
    ];
    let refused = refused(&Sources {
        flags: pairs(&flags),
        ..Sources::default()
    });
    assert_eq!(
        refused,
        [
            "flag --ingest-inflight-max-bytes: ingest.inflight_max_bytes must be at least limits.max_bytes, which is 2001",
            "flag --tls-key-file: tls.key_file needs tls.certificate_file beside it, or neither",
        ]
    );
}

#[test]
fn names_in_the_environment_that_belong_to_others_are_passed_over() {
    let others = [
        ("STREAKLINE_BLESS", "1"),
        ("STREAKLINE_TEST_CQL", "127.0.0.1:9042"),
        ("STREAKLINE_SERVICE_HOST", "10.0.0.7"),
        ("STREAKLINE_PORT_8080_TCP_ADDR", "10.0.0.7"),
    ];
    Config::load(&from_environment(&others)).unwrap();
    for setting in Config::settings() {
        let variable = setting.variable();
        let hidden = environment::PASSED_OVER
            .iter()
            .any(|other| variable.starts_with(other));
        assert!(!hidden && variable != FILE, "{variable} could never be set");
    }
}

#[test]
fn every_setting_has_a_meaning_bounds_a_good_default_and_names_of_its_own() {
    let mut names = Vec::new();
    for setting in Config::settings() {
        let key = &setting.key;
        assert!(
            !setting.meaning.is_empty() && !setting.meaning.ends_with('.'),
            "{key}"
        );
        assert_eq!(
            setting.kind == Kind::Integer,
            setting.bounds.is_some(),
            "{key}"
        );
        let text = setting.default.text();
        assert_eq!(setting.parse(&text).as_ref(), Ok(&setting.default), "{key}");
        names.extend([setting.flag(), setting.variable()]);
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(
        names.len(),
        count,
        "two settings share a flag or a variable"
    );
}

#[test]
fn the_toml_of_the_effective_settings_reads_back_as_the_same_settings() {
    let flags = [
        ("listen", "127.0.0.1:3"),
        ("log", "info,streakline[fold{user=\"ann\"}]=debug"),
        ("cors.origins", "https://a.example,https://b.example"),
        ("limits.frames_per_s", "9"),
    ];
    let (_dir, empty) = written("");
    let sources = sources(&empty, &[], &flags);
    let (_dir, again) = written(&Effective::of(Config::settings(), &sources).unwrap().toml());
    let read_back = Sources {
        file: Some(again),
        ..Sources::default()
    };
    assert_eq!(
        Config::load(&read_back).unwrap(),
        Config::load(&sources).unwrap()
    );
}

#[test]
fn a_secret_is_masked_wherever_settings_are_shown() {
    let secret = "correct-horse-battery";
    let (_dir, path) = written(&format!("[locks]\nkey = \"{secret}\"\n"));
    let (effective, config) = sealed::load(&sources(&path, &[], &[]));
    assert_eq!(config.locks.key.as_ref().map(Secret::expose), Some(secret));
    let json = effective.json().to_string();
    for shown in [
        effective.table(),
        effective.toml(),
        json,
        format!("{config:?}"),
    ] {
        assert!(shown.contains("***") && !shown.contains(secret), "{shown}");
    }
    let wrong = Setting::parse(&sealed::Config::settings()[0], secret);
    assert!(wrong.is_ok(), "a text may be anything");
    let (_dir, path) = written("[locks]\nkey = 20260412\n");
    let error = Effective::of(sealed::Config::settings(), &sources(&path, &[], &[])).unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("locks.key must be a text") && !told.contains("20260412"),
        "{told}"
    );
}

#[test]
fn an_optional_setting_is_unset_by_an_empty_text() {
    let (_dir, path) = written("[locks]\ndoor = \"/a\"\n");
    let (_, config) = sealed::load(&sources(&path, &[], &[]));
    assert_eq!(config.locks.door, Some("/a".into()));
    let (effective, config) = sealed::load(&sources(&path, &[("STREAKLINE_LOCKS_DOOR", "")], &[]));
    assert_eq!(config.locks.door, None);
    assert!(
        effective.toml().contains("# door is unset"),
        "{}",
        effective.toml()
    );
}
