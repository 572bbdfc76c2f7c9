//! Who may name whom: layers of the server, one door for each outside power, and a core that depends on three crates.
//!
//! The table is the one of ARCHITECTURE.md. A new folder under `src/` has to be given its layer here before it passes.

use super::Fault;
use super::paths::{Named, paths};
use super::source::Source;

/// Layers from the ground up; an area may name the areas below its own, never its own or a higher one.
const LAYERS: [&[&str]; 10] = [
    &["clock", "entropy", "registry", "shutdown", "zones"],
    &["protocol"],
    &["config", "telemetry"],
    &["keys", "storage"],
    &["auth", "http", "push", "tls"],
    &["actors"],
    &["api", "gateway"],
    &["lib", "server"],
    &["cli"],
    &["main"],
];

/// Edges that the layers would allow and that are not wanted.
const CLOSED: [(&str, &[&str], &str); 2] = [
    (
        "cli",
        &["actors", "api", "gateway", "push"],
        "a command is a client of the running server, or calls run",
    ),
    (
        "protocol",
        &["entropy"],
        "a frame is made from what it is given",
    ),
];

/// A power that only some files may name.
struct Door {
    paths: &'static [&'static str],
    files: &'static [&'static str],
    reason: &'static str,
}

const DOORS: [Door; 10] = [
    Door {
        paths: &["actix_web_actors"],
        files: &["src/gateway/session.rs"],
        reason: "the deprecated crate stays in one file (docs/adr/0002)",
    },
    Door {
        paths: &["fjall"],
        files: &["src/storage/embedded"],
        reason: "the embedded store is behind the storage traits",
    },
    Door {
        paths: &["scylla"],
        files: &["src/storage/scylla"],
        reason: "the CQL store is behind the storage traits",
    },
    Door {
        paths: &[
            "crate::storage::embedded",
            "crate::storage::memory",
            "crate::storage::scylla",
        ],
        files: &["src/storage/", "src/server/"],
        reason: "only run chooses a store; everyone else takes the traits",
    },
    Door {
        paths: &["jiff"],
        files: &["src/zones/mod.rs"],
        reason: "civil time comes from one place",
    },
    Door {
        paths: &[
            "std::time::SystemTime",
            "std::time::Instant",
            "tokio::time::Instant",
            "SystemTime::now",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
        ],
        files: &["src/clock.rs"],
        reason: "the wall clock is read in one file",
    },
    Door {
        paths: &[
            "rand",
            "getrandom",
            "aws_lc_rs::rand",
            "Uuid::new_v4",
            "Uuid::now_v7",
            "uuid::Uuid::new_v4",
            "uuid::Uuid::now_v7",
        ],
        files: &["src/entropy.rs"],
        reason: "chance comes from one place, so that a test can seed it",
    },
    Door {
        paths: &["std::env", "env"],
        files: &["src/config/"],
        reason: "settings are read in one place, with their origin",
    },
    Door {
        paths: &["reqwest", "tokio_tungstenite", "indicatif"],
        files: &["src/cli/"],
        reason: "the server calls nobody; the commands are its clients",
    },
    Door {
        paths: &["anyhow"],
        files: &["src/cli/", "src/main.rs"],
        reason: "a module boundary has its own error enum",
    },
];

/// Crates that an area must never name, beyond the doors.
const FOREIGN: [(&str, &[&str]); 2] = [("actors", &["actix_web"]), ("storage", &["actix_web"])];

const CORE_CRATES: [&str; 3] = ["minicbor", "sha2", "thiserror"];

const PRINTS: [&str; 4] = ["print", "println", "eprint", "eprintln"];

/// Faults of the layers: an upward or sideways edge, or an area without a layer.
pub(super) fn layers(sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in shipped(sources) {
        let area = area_of(&source.path);
        let Some(layer) = layer_of(area) else {
            let detail = format!("`{area}` has no layer: add it to LAYERS in tests/it/tidy");
            faults.push(Fault::new("layers", source, 1, detail));
            continue;
        };
        for named in paths(source) {
            let Some(other) = target_area(&named, sources) else {
                continue;
            };
            if let Some(why) = refusal(area, layer, other) {
                let detail = format!("`{area}` names `{}`: {why}", named.path);
                faults.push(Fault::new("layers", source, named.line, detail));
            }
        }
    }
    faults
}

fn refusal(area: &str, layer: usize, other: &str) -> Option<&'static str> {
    if area == other {
        return None;
    }
    let closed = CLOSED
        .iter()
        .find(|(from, to, _)| *from == area && to.contains(&other));
    if let Some((_, _, reason)) = closed {
        return Some(reason);
    }
    match layer_of(other) {
        Some(below) if below < layer => None,
        _ => Some("dependencies point downward only"),
    }
}

fn shipped(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources
        .iter()
        .filter(|source| source.is_rust() && source.path.starts_with("src/") && !source.is_test())
}

/// `src/actors/user.rs` belongs to `actors`, `src/clock.rs` to `clock`.
fn area_of(path: &str) -> &str {
    let inside = path.trim_start_matches("src/");
    let first = inside.split('/').next().unwrap_or(inside);
    first.trim_end_matches(".rs")
}

fn layer_of(area: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&area))
}

/// The area that a path leads to; an item of the crate's root belongs to `lib`, another crate to none.
fn target_area<'a>(named: &'a Named, sources: &[Source]) -> Option<&'a str> {
    let mut parts = named.path.split("::");
    if parts.next() != Some("crate") {
        return None;
    }
    let first = parts.next()?;
    let is_area = shipped(sources).any(|source| area_of(&source.path) == first);
    Some(if is_area { first } else { "lib" })
}

/// Faults of the doors: a file that names what another file alone may name, or that prints.
pub(super) fn doors(sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in shipped(sources) {
        for named in paths(source) {
            faults.extend(door_fault(source, &named));
        }
        faults.extend(prints(source));
    }
    faults
}

fn door_fault(source: &Source, named: &Named) -> Option<Fault> {
    let area = area_of(&source.path);
    let foreign = FOREIGN
        .iter()
        .filter(|(from, _)| *from == area)
        .any(|(_, crates)| crates.iter().any(|name| named.is_under(name)));
    let door = DOORS.iter().find(|door| {
        door.paths.iter().any(|path| named.is_under(path))
            && !door.files.iter().any(|file| source.path.starts_with(file))
    });
    let why = match door {
        Some(door) => format!("{} (only {})", door.reason, door.files.join(", ")),
        None if foreign => format!("`{area}` does not know the web server"),
        None => return None,
    };
    let detail = format!("names `{}`: {why}", named.path);
    Some(Fault::new("doors", source, named.line, detail))
}

fn prints(source: &Source) -> Vec<Fault> {
    if source.path.starts_with("src/cli/") {
        return Vec::new();
    }
    let code = source.shipped_code();
    super::source::words(&code)
        .filter(|(at, word)| PRINTS.contains(word) && code[at + word.len()..].starts_with('!'))
        .map(|(at, word)| {
            let detail = format!("`{word}!`: only src/cli prints, everyone else logs");
            Fault::new("doors", source, super::source::line_of(&code, at), detail)
        })
        .collect()
}

/// Faults of the core: a dependency beyond the three, or the standard library in its rules.
pub(super) fn core(sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in sources {
        if source.path == "core/Cargo.toml" {
            faults.extend(core_dependencies(source));
        }
        if source.path.starts_with("core/src/") && !source.is_test() {
            let outside = paths(source)
                .into_iter()
                .filter(|named| named.is_under("std"));
            faults.extend(outside.map(|named| {
                let detail = format!("names `{}`: the core has no standard library", named.path);
                Fault::new("core", source, named.line, detail)
            }));
        }
    }
    faults
}

fn core_dependencies(manifest: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut section = "";
    for (index, line) in manifest.text.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim();
            continue;
        }
        let name = line.split(['.', '=', ' ']).next().unwrap_or("");
        if section == "[dependencies]" && !name.is_empty() && !CORE_CRATES.contains(&name) {
            let detail = format!("`{name}`: the core depends on {}", CORE_CRATES.join(", "));
            faults.push(Fault::new("core", manifest, index + 1, detail));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{Source, core, doors, layers};

    fn tree(files: &[(&str, &str)]) -> Vec<Source> {
        let areas = [
            ("src/api/mod.rs", ""),
            ("src/gateway/mod.rs", ""),
            ("src/push.rs", ""),
        ];
        files
            .iter()
            .chain(&areas)
            .map(|(path, text)| Source::new(path, text))
            .collect()
    }

    #[test]
    fn an_upward_or_sideways_edge_is_found() {
        for (path, text) in [
            ("src/actors/user.rs", "use crate::api::Page;"),
            ("src/storage/mod.rs", "fn f(_: super::push::Topic) {}"),
            ("src/api/mod.rs", "use crate::{gateway::Hello};"),
            ("src/cli/replay.rs", "use streakline::push::Topic;"),
            ("src/clock.rs", "use crate::run;"),
            ("src/novelty.rs", ""),
        ] {
            let faults = layers(&tree(&[(path, text)]));
            assert_eq!(faults.len(), 1, "{path}: {faults:?}");
            assert_eq!((faults[0].path.as_str(), faults[0].line), (path, 1));
        }
    }

    #[test]
    fn a_downward_edge_passes() {
        let ok = [
            (
                "src/api/day.rs",
                "use crate::push::Topic; use super::Page; use std::fmt;",
            ),
            (
                "src/lib.rs",
                "use crate::api::routes; use self::gateway::Door;",
            ),
            ("src/actors/tests.rs", "use crate::api::Page;"),
        ];
        assert!(layers(&tree(&ok)).is_empty());
    }

    #[test]
    fn a_power_outside_its_door_is_found() {
        for (path, text) in [
            ("src/gateway/resume.rs", "use actix_web_actors::ws;"),
            ("src/storage/memory.rs", "type D = fjall::Database;"),
            ("src/api/day.rs", "use crate::storage::embedded::Store;"),
            ("src/api/day.rs", "use jiff::Timestamp;"),
            ("src/push.rs", "use std::time::{Duration, Instant};"),
            ("src/push.rs", "fn f() { let t = Instant::now(); }"),
            ("src/actors/user.rs", "use rand::RngExt;"),
            ("src/actors/user.rs", "fn f() { Uuid::now_v7(); }"),
            ("src/actors/user.rs", "use actix_web::HttpRequest;"),
            ("src/telemetry.rs", "fn f() { std::env::var(\"A\"); }"),
            ("src/api/day.rs", "fn f() -> anyhow::Result<()> {}"),
            ("src/api/day.rs", "fn f() { eprintln!(\"x\"); }"),
        ] {
            let faults = doors(&tree(&[(path, text)]));
            assert_eq!(faults.len(), 1, "{path}: {text}: {faults:?}");
        }
    }

    #[test]
    fn a_power_in_its_door_passes() {
        let ok = [
            ("src/gateway/session.rs", "use actix_web_actors::ws;"),
            ("src/storage/embedded/journal.rs", "use fjall::Database;"),
            ("src/clock.rs", "use std::time::{Instant, SystemTime};"),
            ("src/cli/serve.rs", "fn f() { println!(\"ready\"); }"),
            (
                "src/push.rs",
                "use std::time::Duration; // Instant::now()\n",
            ),
        ];
        assert!(doors(&tree(&ok)).is_empty());
    }

    #[test]
    fn a_fourth_crate_in_the_core_is_found() {
        let manifest = "[dependencies]\nsha2.workspace = true\nrand = \"0.10\"\n\n[dev-dependencies]\nproptest = \"1\"\n";
        let faults = core(&[Source::new("core/Cargo.toml", manifest)]);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].line, 3);
        let clock = Source::new("core/src/day.rs", "use std::time::Duration;");
        assert_eq!(core(&[clock]).len(), 1);
    }
}
