//! The command `config` and what `serve` makes of settings, as processes with an environment of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// `streakline ARGS` with these variables beside an environment that has none of ours.
fn streakline(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_streakline"));
    for name in ["STREAKLINE_CONFIG", "STREAKLINE_BLESS"] {
        command.env_remove(name);
    }
    let variables = variables.iter().copied();
    command.args(args).envs(variables).output().unwrap()
}

fn printed(args: &[&str], variables: &[(&str, &str)]) -> String {
    let output = streakline(args, variables);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn file(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("streakline.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_effective_settings_are_printed_with_their_origin() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "workers = 3\n\n[limits]\nframes_per_s = 7\n");
    let args = [
        "config",
        "--config",
        path.to_str().unwrap(),
        "--stream-heartbeat-s",
        "30",
        "--log-json",
    ];
    let variables = [
        ("STREAKLINE_LIMITS_FRAMES_PER_S", "8"),
        ("STREAKLINE_TEST_CQL", "127.0.0.1"),
    ];
    let table = printed(&args, &variables);
    let row = |key: &str| -> Vec<String> {
        let row = table.lines().find(|row| row.split(' ').next() == Some(key));
        row.unwrap()
            .split("  ")
            .map(|cell| cell.trim().to_owned())
            .filter(|cell| !cell.is_empty())
            .collect()
    };
    assert_eq!(
        row("workers"),
        ["workers", "3", &format!("{}:1", path.display())]
    );
    assert_eq!(
        row("limits.frames_per_s"),
        [
            "limits.frames_per_s",
            "8",
            "environment STREAKLINE_LIMITS_FRAMES_PER_S"
        ]
    );
    assert_eq!(
        row("stream.heartbeat_s"),
        ["stream.heartbeat_s", "30", "flag --stream-heartbeat-s"]
    );
    assert_eq!(row("log_json"), ["log_json", "true", "flag --log-json"]);
    assert_eq!(row("clock"), ["clock", "system", "default"]);
}

#[test]
fn printed_toml_is_read_back_as_the_same_settings() {
    let values = |args: &[&str]| -> Vec<(Value, Value)> {
        let entries: Vec<Value> = serde_json::from_str(&printed(args, &[])).unwrap();
        entries
            .iter()
            .map(|entry| (entry["key"].clone(), entry["value"].clone()))
            .collect()
    };
    let set = [
        "--limits-frames-per-s",
        "9",
        "--cors-origins",
        "https://a.example,https://b.example",
    ];
    let dir = tempfile::tempdir().unwrap();
    let toml = printed(&[&["config", "--toml"][..], &set].concat(), &[]);
    let path = file(dir.path(), &toml);
    let read_back = values(&["config", "--json", "--config", path.to_str().unwrap()]);
    assert_eq!(
        read_back,
        values(&[&["config", "--json"][..], &set].concat())
    );
    assert!(
        toml.contains("frames_per_s = 9 # flag --limits-frames-per-s\n"),
        "{toml}"
    );
}

#[test]
fn a_server_does_not_start_on_unknown_or_wrong_settings_and_names_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "[limits]\nframe_per_s = 7\n");
    let data = dir.path().join("data");
    let args = [
        "serve",
        "--config",
        path.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
        "--workers",
        "many",
    ];
    let output = streakline(&args, &[("STREAKLINE_PUSH_GRACES", "1")]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "streakline.toml:2: unknown setting limits.frame_per_s; did you mean limits.frames_per_s?",
        "unknown setting STREAKLINE_PUSH_GRACES; did you mean STREAKLINE_PUSH_GRACE_S?",
        "flag --workers: workers must be a whole number, not \"many\"",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert!(
        !data.exists(),
        "nothing is made before the settings are right"
    );

    let output = streakline(&["serve", "--limits-frame-per-s", "7"], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("'--limits-frames-per-s'"), "{said}");
}

#[test]
fn the_page_of_settings_has_the_defaults_of_the_program() {
    let page = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md"),
    );
    let page = page.unwrap();
    let entries: Vec<Value> = serde_json::from_str(&printed(&["config", "--json"], &[])).unwrap();
    for entry in &entries {
        let key = entry["key"].as_str().unwrap();
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{key}` |")));
        let row = row.unwrap_or_else(|| panic!("{key} is not on the page"));
        let default = row.split(" | ").nth(1).unwrap().replace([',', '`'], "");
        let program = match &entry["value"] {
            Value::Array(items) if items.is_empty() => "none".to_owned(),
            Value::Null => "unset".to_owned(),
            Value::String(text) => text.replace(',', ""),
            value => value.to_string(),
        };
        assert_eq!(default, program, "{key}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let settings =
        rows.filter(|row| !row.contains("--limits-frames-per-s") && !row.contains("STREAKLINE_"));
    assert_eq!(
        settings.filter(|row| row.split(" | ").count() == 4).count(),
        entries.len()
    );
}

#[test]
fn the_help_of_serve_has_every_setting_under_a_heading() {
    let help = printed(&["serve", "--help"], &[]);
    let entries: Vec<Value> = serde_json::from_str(&printed(&["config", "--json"], &[])).unwrap();
    for entry in entries {
        let flag = format!(
            "--{}",
            entry["key"].as_str().unwrap().replace(['.', '_'], "-")
        );
        assert!(help.split_whitespace().any(|word| word == flag), "{flag}");
    }
    let headings = help
        .lines()
        .filter(|line| line.ends_with(':') && !line.starts_with(' '));
    assert!(headings.count() > 5, "{help}");
}
