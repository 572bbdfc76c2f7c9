//! `script/load` and what it runs: the help, what it says where something is missing, that it starts a server and leaves none behind, and
//! that the scripts of `load-tests/` and their README fit each other. That they load a server is shown by `script/test`.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The scripts that k6 runs, by name.
fn scripts() -> Vec<String> {
    let paths = scripts_in("load-tests").into_iter();
    let names = paths.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let names: Vec<String> = names.collect();
    assert!(names.len() >= 4, "{names:?}");
    names
}

fn scripts_in(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "js"))
        .collect()
}

/// The texts of all scripts and of what they share.
fn sources() -> Vec<(PathBuf, String)> {
    let paths = scripts_in("load-tests")
        .into_iter()
        .chain(scripts_in("load-tests/lib"));
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.map(read).collect()
}

/// What stands behind each `before`, up to a `"`, or the name that begins there.
fn named(text: &str, before: &str) -> Vec<String> {
    let behind = text.split(before).skip(1);
    let name = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_./-".contains(c));
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    behind.map(name).collect()
}

/// A folder with `script/load` and the scripts, where nothing is built and no k6 is, and whose path is `bin` alone.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["script", "bin"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let copied = dir.path().join("script/load");
        std::fs::copy(repository().join("script/load"), copied).unwrap();
        let linked = dir.path().join("load-tests");
        symlink(repository().join("load-tests"), linked).unwrap();
        let place = Self(dir);
        for tool in [
            "bash", "env", "dirname", "sed", "mktemp", "mkdir", "rm", "cat", "head", "od", "tr",
            "sleep",
        ] {
            let folders = ["/usr/bin", "/bin", "/usr/local/bin"];
            let found = folders.map(|folder| Path::new(folder).join(tool));
            let found = found.iter().find(|path| path.exists());
            symlink(found.unwrap(), place.bin(tool)).unwrap();
        }
        place
    }

    fn bin(&self, name: &str) -> PathBuf {
        self.0.path().join("bin").join(name)
    }

    /// A k6 that runs nothing: it says what it was given and exits with `code`.
    fn with_k6(self, code: u8) -> Self {
        let k6 = format!(
            "#!/bin/sh\n[ \"$1\" = version ] && echo 'k6 v1.8.1 (none)' && exit\n\
             echo \"$@ at $STREAKLINE_URL with ${{#STREAKLINE_SECRET}} characters\"\nexit {code}\n"
        );
        std::fs::write(self.bin("k6"), k6).unwrap();
        std::fs::set_permissions(self.bin("k6"), Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn load(&self, args: &[&str]) -> Output {
        Command::new(self.0.path().join("script/load"))
            .args(args)
            .env_clear()
            .env("PATH", self.bin(""))
            .output()
            .unwrap()
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_help_names_every_script_and_has_examples() {
    let said = Place::new().load(&["--help"]);
    assert!(said.status.success());
    let said = text(said.stdout);
    assert!(said.contains("\nexample: script/load k6 "), "{said}");
    for script in scripts() {
        assert!(said.contains(&format!("{script}: ")), "{script}\n{said}");
    }
}

#[test]
fn a_script_that_is_not_there_is_refused_with_those_that_are() {
    for args in [&["k6"][..], &["k6", "flood"]] {
        let said = Place::new().load(args);
        assert_eq!(said.status.code(), Some(2));
        let said = text(said.stderr);
        let first = said.lines().next().unwrap();
        for script in scripts() {
            assert!(first.contains(&script), "{script}: {first}");
        }
    }
}

#[test]
fn a_missing_go_is_told_in_one_sentence_that_says_what_to_install() {
    let said = Place::new().load(&["k6", "ingest", "--server", "streakline"]);
    assert_eq!(said.status.code(), Some(1));
    let said = text(said.stderr);
    assert!(said.contains("Go, which builds it, are missing"), "{said}");
    assert!(said.contains("apt-get install golang-go"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_server_of_elsewhere_needs_its_secret() {
    let said = Place::new()
        .with_k6(0)
        .load(&["k6", "ingest", "--url", "http://127.0.0.1:1"]);
    assert_eq!(said.status.code(), Some(1));
    let said = text(said.stderr);
    assert!(said.contains("STREAKLINE_SECRET is missing"), "{said}");
}

#[test]
fn a_run_ends_with_the_code_of_k6_and_leaves_a_log_and_no_server_behind() {
    for code in [0, 99] {
        let place = Place::new().with_k6(code);
        let server = env!("CARGO_BIN_EXE_streakline");
        let said = place.load(&["k6", "storm", "--server", server, "-e", "LAG=off"]);
        let log = text(said.stderr);
        assert_eq!(said.status.code(), Some(code.into()), "{log}");
        let told = text(said.stdout);
        let told = told
            .trim()
            .strip_prefix("run -e LAG=off load-tests/storm.js at http://");
        let (address, rest) = told.unwrap().split_once(' ').unwrap();
        assert_eq!(rest, "with 64 characters");
        assert!(TcpStream::connect(address).is_err(), "{address}");
        let (_, kept) = log.trim().rsplit_once(' ').unwrap();
        let kept = place.0.path().join(kept);
        let log = std::fs::read_to_string(&kept).unwrap();
        assert!(log.contains("in_time=true"), "{log}");
        for gone in ["data", "secret"] {
            assert!(!kept.with_file_name(gone).exists(), "{gone}");
        }
    }
}

#[test]
fn a_server_that_does_not_start_is_told_with_its_log() {
    let server = env!("CARGO_BIN_EXE_streakline");
    let place = Place::new().with_k6(0);
    let said = place.load(&["k6", "admin", "--server", server, "--clock", "sundial"]);
    assert_eq!(said.status.code(), Some(1));
    let said = text(said.stderr);
    assert!(said.contains("sundial"), "{said}");
    assert!(said.contains("ended before it was ready"), "{said}");
}

#[test]
fn what_is_measured_beside_the_server_explains_itself_and_refuses_what_it_does_not_know() {
    for peer in ["disk", "postgres"] {
        let run = |argument: &str| {
            let program = repository().join("load-tests/peers").join(peer);
            Command::new(program).arg(argument).output().unwrap()
        };
        let help = run("--help");
        assert!(help.status.success(), "{peer}");
        let help = text(help.stdout);
        let usage = format!("usage: load-tests/peers/{peer} ");
        assert!(help.starts_with(&usage), "{help}");
        let example = format!("\nexample: load-tests/peers/{peer} ");
        assert!(help.contains(&example), "{help}");
        let refused = run("--minutes");
        assert_eq!(refused.status.code(), Some(2), "{peer}");
        assert_eq!(text(refused.stderr), help);
    }
}

#[test]
fn a_missing_postgresql_is_told_in_one_sentence_that_says_what_to_install() {
    let place = Place::new();
    for tool in ["sort", "tail", "head"] {
        let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(tool));
        let _there_already = symlink(
            found.iter().find(|path| path.exists()).unwrap(),
            place.bin(tool),
        );
    }
    let said = Command::new(repository().join("load-tests/peers/postgres"))
        .env_clear()
        .env("PATH", place.bin(""))
        .env("PG_BIN", place.bin(""))
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(1));
    let said = text(said.stderr);
    assert!(said.contains("initdb is missing"), "{said}");
    assert!(said.contains("apt-get install postgresql"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn the_readme_tells_every_setting_and_every_figure_of_the_load_tests() {
    let readme = std::fs::read_to_string(repository().join("load-tests/README.md")).unwrap();
    let mut names = BTreeSet::new();
    for (path, source) in sources() {
        for before in [
            "__ENV.",
            "number(\"",
            "new Trend(\"",
            "new Counter(\"",
            "new Rate(\"",
        ] {
            names.extend(named(&source, before));
        }
        for module in named(&source, "from \"./") {
            let module = path.with_file_name(module.rsplit('/').next().unwrap());
            let beside = path
                .parent()
                .unwrap()
                .join("lib")
                .join(module.file_name().unwrap());
            assert!(module.exists() || beside.exists(), "{}", module.display());
        }
    }
    // What a scenario says to itself.
    names.remove("DEVICE");
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(readme.contains(&name), "{name}");
    }
}
