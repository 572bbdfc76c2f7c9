//! A CQL store that asks for TLS and a password: run as `script/cql run --secure -- cargo test … --test it secured_cql::`.

use crate::harness::cql::{nodes, variable};
use crate::harness::{Server, block_on, streakline};
use crate::rest::http::Http;
use crate::rest::people::{CLOCK, utc, walk};

/// What says which store, of whom it may come, and who we are.
fn args(more: &[&str]) -> Vec<String> {
    let storage = format!("scylla://{}/streakline_secured", nodes());
    let mut args = vec![
        "--storage".to_owned(),
        storage,
        "--allow-single-copy".into(),
    ];
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    args
}

fn authority() -> String {
    variable("STREAKLINE_TEST_CQL_CA").expect("run this as `script/cql run --secure -- …`")
}

/// What `migrate` says where it is refused.
fn refused(more: &[&str]) -> String {
    let mut all = vec!["migrate".to_owned()];
    all.extend(args(more));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    streakline(&all).expect_failure()
}

#[test]
fn a_store_behind_tls_and_a_password_is_served_from_and_strangers_are_told_what_to_set() {
    let authority = authority();
    let trusted = ["--cql-ca-file", authority.as_str()];
    let login = ["--cql-user", "cassandra", "--cql-password", "cassandra"];
    let served = args(&[&trusted[..], &login[..], &["--cql-migrate"]].concat());
    let served: Vec<&str> = served.iter().map(String::as_str).collect();
    let mut server = Server::start(&format!("virtual:{CLOCK}"), &served);
    let before = block_on(async {
        let admin = Http::admin(&server);
        crate::rest::people::make_user(&admin, "ann").await;
        walk(
            &server,
            "ann",
            utc("2016-04-12", 0, 0) - 3_600_000,
            &[50; 10],
        )
        .await;
        admin
            .get("/v1/users/ann/days?from=2016-04-11&to=2016-04-12")
            .await
            .expect(200)
            .text
    });
    server.kill_and_restart();
    block_on(async {
        let admin = Http::admin(&server);
        let after = admin
            .get("/v1/users/ann/days?from=2016-04-11&to=2016-04-12")
            .await;
        assert_eq!(after.expect(200).text, before);
    });

    let said = refused(&trusted);
    assert!(said.contains("set cql.user and cql.password"), "{said}");
    let wrong = ["--cql-user", "cassandra", "--cql-password", "guessed-wrong"];
    let said = refused(&[&trusted[..], &wrong[..]].concat());
    assert!(said.contains("refuses cql.user and cql.password"), "{said}");
    assert!(!said.contains("guessed-wrong"), "{said}");
    let said = refused(&[&["--cql-tls", "true"][..], &login[..]].concat());
    assert!(said.contains("certificate is not trusted"), "{said}");
    assert!(said.contains("cql.ca_file"), "{said}");
}
