//! The form of `docker/`: that its files fit each other, the program and the catalogue of metrics. No container engine is needed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use streakline::telemetry::series::{self, Kind};
use yaml_rust2::{Yaml, YamlLoader};

use crate::harness::program::streakline;

/// The folder that compose.yaml's paths start from.
const DOCKER: &str = "docker";
/// Whose images compose.yaml takes, besides the one that it builds.
const IMAGES: [&str; 4] = [
    "scylladb/scylla",
    "prom/prometheus",
    "grafana/grafana",
    "grafana/k6",
];
/// Words of a query that are no series.
const FUNCTIONS: [&str; 7] = [
    "histogram_quantile",
    "sum",
    "by",
    "le",
    "rate",
    "bucket",
    "job",
];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    let path = repository().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(path: &str) -> Yaml {
    let mut documents =
        YamlLoader::load_from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    documents.remove(0)
}

fn compose() -> Yaml {
    yaml("docker/compose.yaml")
}

fn dashboard() -> Value {
    serde_json::from_str(&text("docker/grafana/dashboard.json")).unwrap()
}

/// The keys of a mapping.
fn names(of: &Yaml) -> BTreeSet<String> {
    let mapping = of.as_hash().unwrap();
    let names = mapping.keys().map(|key| key.as_str().unwrap().to_owned());
    names.collect()
}

/// A list's texts; none where there is no list.
fn texts(of: &Yaml) -> Vec<&str> {
    let list = of.as_vec().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|item| item.as_str().unwrap()).collect()
}

fn services(compose: &Yaml) -> Vec<(String, &Yaml)> {
    let services = &compose["services"];
    let names = names(services).into_iter();
    names
        .map(|name| (name.clone(), &services[name.as_str()]))
        .collect()
}

/// What a service mounts: source and target.
fn mounts(service: &Yaml) -> Vec<(String, String)> {
    let parts = texts(&service["volumes"]).into_iter().map(|mount| {
        let mut parts = mount.split(':');
        let mut part = || parts.next().unwrap().to_owned();
        (part(), part())
    });
    parts.collect()
}

/// The file that a service sees at `target`.
fn mounted(service: &Yaml, target: &str) -> PathBuf {
    let found = mounts(service).into_iter().find(|(_, at)| at == target);
    let (source, _) = found.unwrap_or_else(|| panic!("nothing is mounted at {target}"));
    repository().join(DOCKER).join(source)
}

/// What waits for a service names it in one of two forms.
fn waits_for(service: &Yaml) -> BTreeSet<String> {
    match &service["depends_on"] {
        Yaml::BadValue => BTreeSet::new(),
        list @ Yaml::Array(_) => texts(list).into_iter().map(str::to_owned).collect(),
        mapping => names(mapping),
    }
}

/// The instructions of the Dockerfile, with their continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = text("docker/Dockerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (word, rest) = line.split_once(' ').unwrap();
            (word.to_owned(), rest.trim().to_owned())
        })
        .collect()
}

fn instruction(name: &str) -> Vec<String> {
    let all = instructions().into_iter();
    all.filter(|(word, _)| word == name)
        .map(|(_, rest)| rest)
        .collect()
}

#[test]
fn the_image_is_built_in_two_stages_and_copies_what_is_there() {
    let stages = instruction("FROM");
    assert_eq!(stages.len(), 2, "{stages:?}");
    let channel = text("Cargo.toml");
    let channel = channel
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let channel = channel.unwrap().trim_matches('"');
    assert!(
        stages[0].starts_with(&format!("rust:{channel}")),
        "{stages:?}"
    );
    for stage in &stages {
        let image = stage.split(' ').next().unwrap();
        let (_, tag) = image.split_once(':').unwrap();
        assert!(tag.starts_with(|c: char| c.is_ascii_digit()), "{image}");
    }
    let ignored = text("docker/Dockerfile.dockerignore");
    for copied in instruction("COPY") {
        let mut words: Vec<&str> = copied.split(' ').collect();
        words.pop();
        if words[0] == "--from=build" {
            assert_eq!(words[1..], ["/build/target/release/streakline"]);
            continue;
        }
        for source in words {
            assert!(repository().join(source).exists(), "{source}");
            let let_in = format!("!{source}");
            assert!(ignored.lines().any(|line| line == let_in), "{source}");
        }
    }
    let built = "cargo build --release --locked".to_owned();
    assert!(instruction("RUN").contains(&built));
}

#[test]
fn everything_that_the_build_reads_is_copied() {
    let copied: BTreeSet<String> = instruction("COPY")
        .iter()
        .flat_map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let manifest: toml::Value = toml::from_str(&text("Cargo.toml")).unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let tests = manifest["test"].as_array().unwrap();
    let paths = tests.iter().map(|test| &test["path"]).chain(members);
    for path in paths {
        let folder = path.as_str().unwrap().split('/').next().unwrap();
        assert!(copied.contains(folder), "{folder}");
    }
    for (folder, _) in included() {
        assert!(copied.contains(&folder), "{folder}");
    }
}

/// The top folders that the program's text includes from, with the file that does.
fn included() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for (at, _) in text.match_indices(concat!("include_", "")) {
                let Some(name) = text[at..].split('"').nth(1) else {
                    continue;
                };
                let named = folder.join(name).canonicalize();
                let Ok(file) = named else { continue };
                let inside = file.strip_prefix(repository().canonicalize().unwrap());
                let first = inside.unwrap().iter().next().unwrap();
                found.push((first.to_str().unwrap().to_owned(), path.clone()));
            }
        }
    }
    assert!(found.len() >= 3, "{found:?}");
    found
}

#[test]
fn the_image_runs_as_nobody_in_particular_and_says_how_it_is() {
    let user = instruction("USER");
    assert_eq!(user.len(), 1);
    let id: u32 = user[0].split(':').next().unwrap().parse().unwrap();
    assert!(id >= 1_000, "{id}");
    let word = |name: &str| instructions().iter().position(|(word, _)| word == name);
    assert!(word("USER") < word("ENTRYPOINT"));
    assert!(instruction("HEALTHCHECK")[0].contains("/healthz"));
    assert_eq!(instruction("ENTRYPOINT"), [r#"["streakline"]"#]);
    let arguments: Vec<String> = serde_json::from_str(&instruction("CMD")[0]).unwrap();
    assert_eq!(arguments[0], "serve");
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments[0] = "config";
    streakline(&arguments).expect_ok();
}

#[test]
fn the_server_of_the_composition_takes_its_settings() {
    let compose = compose();
    let server = &compose["services"]["server"];
    let arguments = texts(&server["command"]);
    let config = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("--config="));
    let file = mounted(server, config.unwrap());
    streakline(&["config", "--config", file.to_str().unwrap()]).expect_ok();
    let settings: toml::Value = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let data = settings["data"].as_str().unwrap();
    assert!(mounts(server).iter().any(|(_, target)| target == data));
    assert_eq!(instruction("VOLUME"), [data]);
    let port = settings["listen"].as_str().unwrap().rsplit(':').next();
    assert_eq!(instruction("EXPOSE"), [port.unwrap()]);
    assert!(texts(&server["ports"])[0].ends_with(&format!(":{}", port.unwrap())));
    let secret = settings["auth"]["hs256_secret_file"].as_str().unwrap();
    let secret = secret.strip_prefix("/run/secrets/").unwrap();
    assert_eq!(texts(&server["secrets"]), [secret]);
    assert!(names(&compose["secrets"]).contains(secret));
    let grace = server["stop_grace_period"].as_str().unwrap();
    let grace: u64 = grace.strip_suffix('s').unwrap().parse().unwrap();
    assert!(grace > grace_s(&file), "{grace}");
}

/// `shutdown.grace_s` as the file leaves it.
fn grace_s(config: &Path) -> u64 {
    let said = streakline(&["config", "--json", "--config", config.to_str().unwrap()]);
    let settings: Value = serde_json::from_str(&said.expect_ok()).unwrap();
    let settings = settings.as_array().unwrap().iter();
    let mut of = settings.filter(|setting| setting["key"] == "shutdown.grace_s");
    let value = &of.next().unwrap()["value"];
    value.to_string().trim_matches('"').parse().unwrap()
}

#[test]
fn services_name_what_there_is() {
    let compose = compose();
    let known = names(&compose["services"]);
    let volumes = names(&compose["volumes"]);
    let mut used = BTreeSet::new();
    for (name, service) in services(&compose) {
        let image = service["image"].as_str().unwrap();
        if service["build"].is_badvalue() {
            let (image, tag) = image.split_once(':').unwrap();
            assert!(IMAGES.contains(&image), "{image}");
            assert!(tag.contains('.'), "{name} has no pinned tag: {tag}");
        }
        for (source, _) in mounts(service) {
            if source.starts_with('.') {
                assert!(repository().join(DOCKER).join(&source).exists(), "{source}");
            } else {
                assert!(volumes.contains(&source), "{source}");
                used.insert(source);
            }
        }
        for other in waits_for(service) {
            assert!(known.contains(&other), "{name} waits for {other}");
            let healthy = service["depends_on"][other.as_str()]["condition"].as_str();
            let checked = other == "server"
                || !compose["services"][other.as_str()]["healthcheck"].is_badvalue();
            assert!(checked || healthy != Some("service_healthy"), "{other}");
        }
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name} is open: {port}");
        }
    }
    assert_eq!(used, volumes);
}

#[test]
fn prometheus_and_grafana_ask_services_that_there_are() {
    let compose = compose();
    let known = names(&compose["services"]);
    let prometheus = &compose["services"]["prometheus"];
    let file = mounted(prometheus, "/etc/prometheus/prometheus.yml");
    assert_eq!(file, repository().join("docker/./prometheus.yaml"));
    for job in yaml("docker/prometheus.yaml")["scrape_configs"]
        .as_vec()
        .unwrap()
    {
        for target in texts(&job["static_configs"][0]["targets"]) {
            let (host, _) = target.split_once(':').unwrap();
            assert!(known.contains(host), "{target}");
        }
    }
    let source = yaml("docker/grafana/datasource.yaml");
    let source = &source["datasources"][0];
    assert_eq!(source["url"].as_str(), Some("http://prometheus:9090"));
    let provider = yaml("docker/grafana/provider.yaml");
    let folder = provider["providers"][0]["options"]["path"]
        .as_str()
        .unwrap();
    let grafana = &compose["services"]["grafana"];
    let home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].as_str();
    assert!(home.unwrap().starts_with(folder));
    assert!(mounted(grafana, home.unwrap()).ends_with("grafana/dashboard.json"));
    for (panel, target) in queries(&dashboard()) {
        let uid = target["datasource"]["uid"].as_str();
        assert_eq!(uid, source["uid"].as_str(), "{panel}");
    }
}

/// Every query of the dashboard with its panel's title.
fn queries(dashboard: &Value) -> Vec<(String, &Value)> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels
        .flat_map(|panel| {
            let title = panel["title"].as_str().unwrap().to_owned();
            let targets = panel["targets"].as_array().unwrap().iter();
            targets.map(move |target| (title.clone(), target))
        })
        .collect()
}

/// The identifiers of a query, without what stands in quotes or brackets.
fn identifiers(query: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    let mut quoted = false;
    for c in query.chars() {
        quoted ^= c == '"';
        plain.push(if quoted { ' ' } else { c });
    }
    let plain = plain.replace("$__rate_interval", "");
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let words = words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    words.map(str::to_owned).collect()
}

#[test]
fn every_metric_of_the_dashboard_is_in_the_catalogue_with_its_labels() {
    let dashboard = dashboard();
    let mut asked = BTreeSet::new();
    for (panel, target) in queries(&dashboard) {
        let query = target["expr"].as_str().unwrap();
        let words = identifiers(query);
        let named = |name: &str| {
            series::ALL.iter().find(|series| match series.kind {
                Kind::Histogram => name == format!("{}_bucket", series.name),
                _ => name == series.name,
            })
        };
        let of: Vec<_> = words.iter().filter_map(|word| named(word)).collect();
        assert_eq!(of.len(), 1, "{panel}: {query}");
        for word in &words {
            let known = FUNCTIONS.contains(&word.as_str())
                || of[0].labels.contains(&word.as_str())
                || named(word).is_some();
            assert!(known, "{panel}: {word} in {query}");
        }
        let rated = query.contains("rate(");
        assert_eq!(rated, of[0].kind != Kind::Gauge, "{panel}: {query}");
        asked.insert(of[0].name);
    }
    for name in [
        series::SAMPLES,
        series::ACK_SECONDS,
        series::JOURNAL_FLUSH_SECONDS,
        series::ACTORS,
        series::PUSH_LAG_SECONDS,
        series::PANICS,
        series::LEDGER_SUM_MICRO,
    ] {
        assert!(asked.contains(name), "no panel asks for {name}");
    }
}

#[test]
fn the_panels_of_the_dashboard_have_places_and_numbers_of_their_own() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut cells = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        assert!(!panel["description"].as_str().unwrap().is_empty());
        let at = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{}", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(cells.insert((x, y)), "{} overlaps", panel["title"]);
            }
        }
    }
}

#[test]
fn the_load_test_that_the_composition_runs_reads_what_it_is_given() {
    let compose = compose();
    let k6 = &compose["services"]["k6"];
    assert_eq!(texts(&k6["profiles"]), ["load"]);
    let command = k6["command"].as_str().unwrap();
    let script = command.strip_prefix("run /load-tests/").unwrap();
    let script = text(&format!("load-tests/{script}")) + &text("load-tests/lib/streakline.js");
    for name in names(&k6["environment"]) {
        let (text, number) = (format!("__ENV.{name}"), format!("number(\"{name}\""));
        let is_read = script.contains(&text) || script.contains(&number);
        assert!(is_read, "the load test does not read {name}");
    }
    let version = text("script/load");
    let version = version
        .lines()
        .find_map(|line| line.strip_prefix("K6_VERSION=v"));
    let image = format!("grafana/k6:{}", version.unwrap());
    assert_eq!(k6["image"].as_str(), Some(image.as_str()));
}
