//! Keys that change while a server runs: rotation, revocation, the admin key, the shared secret, and files that are open to
//! others.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::harness::{Server, Wire, block_on, streakline};
use crate::rest::http::Http;
use crate::rest::people::CLOCK;

const PATIENCE: u32 = 600;
const POLL: Duration = Duration::from_millis(50);

/// `streakline keys ARGS` on the server's directory.
fn keys(server: &Server, args: &[&str]) -> String {
    let data = server.data_arg();
    let all = [&["keys"][..], args, &["--data", &data]].concat();
    streakline(&all).expect_ok()
}

/// SIGHUP, and the wait until the log says for the `times`-th time what became of it.
async fn reload(server: &Server, told: &str, times: usize) {
    server.hang_up();
    for _ in 0..PATIENCE {
        if server.log().matches(told).count() >= times {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("the log does not say: {told}");
}

const DONE: &str = "the keys were read again";

async fn viewer(server: &Server, token: &str) -> Wire {
    let mut wire = Wire::upgrade(server, token).await.unwrap();
    wire.send(&json!({"type": "hello"})).await;
    wire.expect("welcome").await;
    wire
}

async fn is_open(wire: &mut Wire) {
    wire.send(&json!({"type": "ping", "id": 1})).await;
    wire.expect("pong").await;
}

async fn is_revoked(wire: &mut Wire) {
    let closed = wire.closed().await;
    assert_eq!(
        (closed.code, &closed.reason["code"]),
        (4401, &json!("unauthenticated"))
    );
}

async fn status(server: &Server, bearer: &str) -> u16 {
    Http::bearing(server, bearer).get("/v1/me").await.status
}

#[test]
fn a_rotated_key_checks_once_more_and_then_its_tokens_and_streams_end() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let first = server.token("ann");
        let mut of_first = viewer(&server, &first).await;
        keys(&server, &["rotate"]);
        let second = server.token("bob");
        assert_eq!(status(&server, &second).await, 401, "not before SIGHUP");
        reload(&server, DONE, 1).await;
        assert_eq!(
            (
                status(&server, &first).await,
                status(&server, &second).await
            ),
            (200, 200)
        );
        is_open(&mut of_first).await;
        let mut of_second = viewer(&server, &second).await;
        let mut renewed = viewer(&server, &first).await;
        renewed
            .send(&json!({"type": "auth", "token": server.token("ann")}))
            .await;
        renewed.expect("authenticated").await;
        keys(&server, &["rotate"]);
        reload(&server, DONE, 2).await;
        is_revoked(&mut of_first).await;
        assert_eq!(
            (
                status(&server, &first).await,
                status(&server, &second).await
            ),
            (401, 200)
        );
        is_open(&mut of_second).await;
        is_open(&mut renewed).await;
        assert_eq!(status(&server, &server.admin_key()).await, 200);
    });
}

#[test]
fn a_revoked_key_ends_at_once_and_another_signs() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let listed = keys(&server, &["list"]);
        let signing = |listed: &str| {
            let mut kids = listed
                .lines()
                .filter_map(|line| line.strip_suffix(" signs"));
            kids.next().map(str::to_owned)
        };
        let kid = signing(&listed).unwrap();
        let token = server.token("ann");
        let mut wire = viewer(&server, &token).await;
        keys(&server, &["revoke", &kid]);
        reload(&server, DONE, 1).await;
        is_revoked(&mut wire).await;
        assert_eq!(status(&server, &token).await, 401);
        assert_eq!(status(&server, &server.token("ann")).await, 200);
        let listed = keys(&server, &["list"]);
        assert!(
            !listed.contains(&kid) && signing(&listed).is_some(),
            "{listed}"
        );
        let data = server.data_arg();
        let unknown = streakline(&["keys", "revoke", &kid, "--data", &data]);
        assert!(unknown.expect_failure().contains("there is no signing key"));
    });
}

#[test]
fn a_replaced_admin_key_is_refused_from_sighup_on() {
    let server = Server::virtual_at(CLOCK);
    block_on(async {
        let (old, token) = (server.admin_key(), server.token("ann"));
        let told = keys(&server, &["revoke-admin"]);
        assert!(
            told.contains("admin.key") && !told.contains("sk_"),
            "{told}"
        );
        let new = server.admin_key();
        assert_ne!(old, new);
        assert_eq!(
            (status(&server, &old).await, status(&server, &new).await),
            (200, 401)
        );
        reload(&server, DONE, 1).await;
        assert_eq!(
            (status(&server, &old).await, status(&server, &new).await),
            (401, 200)
        );
        assert_eq!(status(&server, &token).await, 200);
        assert_eq!(mode(&server.data().join("keys/admin.key")), 0o600);
    });
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn key_files_that_others_may_read_are_refused_and_the_earlier_keys_stay() {
    let mut server = Server::virtual_at(CLOCK);
    let file = server.data().join("keys/admin.key");
    let (key, token) = (server.admin_key(), server.token("ann"));
    set_mode(&file, 0o644);
    block_on(async {
        reload(&server, "the keys stay as they were", 1).await;
        assert!(
            server.log().contains("chmod 600"),
            "the log says what helps"
        );
        assert_eq!(
            (status(&server, &key).await, status(&server, &token).await),
            (200, 200)
        );
    });
    assert_eq!(server.terminate(), Some(0));
    let data = server.data_arg();
    let args = ["serve", "--listen", "127.0.0.1:0", "--data", &data];
    let told = streakline(&args).expect_failure();
    assert!(
        told.contains("mode 644") && told.contains("chmod 600"),
        "{told}"
    );
    set_mode(&file, 0o600);
    server.restart();
    block_on(async { assert_eq!(status(&server, &key).await, 200) });
}

#[test]
fn a_new_shared_secret_ends_what_the_old_one_signed() {
    let dir = tempfile::tempdir().unwrap();
    let (secret, settings) = (dir.path().join("secret"), dir.path().join("settings.toml"));
    let write = |text: &str| {
        std::fs::write(&secret, text).unwrap();
        set_mode(&secret, 0o600);
    };
    write("the first secret, of more than 32 bytes");
    let text = format!("[auth]\nhs256_secret_file = {secret:?}\n");
    std::fs::write(&settings, text).unwrap();
    let clock = format!("virtual:{CLOCK}");
    let server = Server::start(&clock, &["--config", settings.to_str().unwrap()]);
    let token = || {
        let now_s = streakline::clock::unix_s();
        let claims =
            json!({"iss": "streakline", "aud": "streakline", "sub": "ann", "exp": now_s + 600});
        let key = std::fs::read(&secret).unwrap();
        super::tokens::hs256_of("hs256", &key, &claims)
    };
    block_on(async {
        let old = token();
        let mut wire = viewer(&server, &old).await;
        write("the second secret, of more than 32 bytes");
        reload(&server, DONE, 1).await;
        is_revoked(&mut wire).await;
        assert_eq!(
            (status(&server, &old).await, status(&server, &token()).await),
            (401, 200)
        );
        write("too short");
        reload(&server, "the keys stay as they were", 1).await;
        assert!(server.log().contains("needs 32 at least"));
    });
}
