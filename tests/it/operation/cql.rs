//! `script/cql` where what it needs is missing: one sentence that says what to install. That it runs a cluster is shown by
//! whoever uses it.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

/// What the script asks of every system, besides Java and Maven.
const TOOLS: [&str; 10] = [
    "env", "bash", "dirname", "basename", "sed", "mktemp", "cat", "mkdir", "rm", "id",
];

/// A folder with these tools alone.
fn tools(dir: &Path) {
    for tool in TOOLS {
        let folders = ["/usr/bin", "/bin", "/usr/local/bin"];
        let found = folders.map(|folder| Path::new(folder).join(tool));
        let found = found.iter().find(|path| path.exists());
        symlink(found.unwrap(), dir.join(tool)).unwrap();
    }
}

/// What `script/cql run -- true` says where only `path` can be run.
fn refused(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new(root.join("script/cql"))
        .args(["run", "--", "true"])
        .env_clear()
        .env("PATH", path)
        .env("XDG_CACHE_HOME", path.join("cache"))
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.is_empty());
    String::from_utf8(run.stderr).unwrap()
}

#[test]
fn a_missing_java_or_maven_is_told_in_one_sentence_that_says_what_to_install() {
    let dir = tempfile::tempdir().unwrap();
    tools(dir.path());
    let said = refused(dir.path());
    assert!(said.contains("Java 17 or 21 is missing"), "{said}");
    assert!(said.contains("default-jre-headless"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    let java = dir.path().join("java");
    std::fs::write(
        &java,
        "#!/bin/sh\necho ' java.specification.version = 17'\n",
    )
    .unwrap();
    std::fs::set_permissions(&java, Permissions::from_mode(0o755)).unwrap();
    let said = refused(dir.path());
    assert!(said.contains("Maven is missing"), "{said}");
    assert!(said.contains("apt-get install maven"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
