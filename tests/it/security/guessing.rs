//! Whoever guesses credentials is made to wait, at both doors together, and nobody else is.

use std::net::IpAddr;

use crate::harness::{Server, Wire, block_on, configured};
use crate::rest::http::{Answer, Http};
use crate::rest::people::CLOCK;

const FAILURES: usize = 5;

fn server() -> Server {
    let settings = format!("[limits]\nauth_failures_per_min = {FAILURES}\n");
    configured(CLOCK, &settings)
}

fn must_wait(answer: &Answer) {
    answer.problem(429, "rate_limited");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

#[test]
fn refused_credentials_on_rest_make_the_address_wait_at_both_doors() {
    let server = server();
    block_on(async {
        let wrong = Http::bearing(&server, "sk_wrong");
        let admin = Http::admin(&server);
        for _ in 1..FAILURES {
            wrong.get("/v1/me").await.problem(401, "unauthenticated");
        }
        admin.get("/v1/me").await.expect(200);
        Http::bare(&server)
            .get("/v1/me")
            .await
            .problem(401, "unauthenticated");
        must_wait(&wrong.get("/v1/me").await);
        // A right guess must not look different from a wrong one.
        must_wait(&admin.get("/v1/me").await);
        let refused = Wire::upgrade(&server, &server.token("ann")).await.err();
        assert_eq!(refused.unwrap().0, 429);
        // Another address has not failed, and what needs no credentials is not counted.
        let elsewhere = admin.at_address(IpAddr::from([127, 0, 0, 2]));
        elsewhere.get("/v1/me").await.expect(200);
        admin.get("/readyz").await.expect(200);
    });
}

#[test]
fn refused_upgrades_count_for_rest_too() {
    let server = server();
    block_on(async {
        for _ in 0..FAILURES {
            assert_eq!(Wire::upgrade(&server, "a.b.c").await.err().unwrap().0, 401);
        }
        must_wait(&Http::admin(&server).get("/v1/me").await);
    });
}

#[test]
fn refusals_for_other_reasons_are_no_failures_of_credentials() {
    let server = server();
    block_on(async {
        let ann = Http::user(&server, "ann");
        for _ in 0..2 * FAILURES {
            ann.get("/v1/ledger/summary")
                .await
                .problem(403, "forbidden");
            ann.get("/v1/nothing").await.problem(404, "not_found");
        }
        ann.get("/v1/me").await.expect(200);
    });
}
