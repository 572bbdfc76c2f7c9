//! TLS: both doors over it, nothing beside it, and certificates that change under open connections.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream as Tcp;
use std::sync::Arc;
use std::time::Duration;

use rustls::SupportedProtocolVersion;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use serde_json::json;
use streakline::cli::client::{Address, ClientError, Frame, Rest, Stream};

use super::certificates::Authority;
use crate::harness::stream::batch;
use crate::harness::wire::hello;
use crate::harness::{Server, block_on, streakline};
use crate::rest::people::{CLOCK, device_of, utc};

const PATIENCE: u32 = 600;
const POLL: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(30);
const ENDLESS: i32 = 2_150;

fn serving(authority: &Authority) -> Server {
    let settings = authority.settings();
    let clock = format!("virtual:{CLOCK}");
    Server::start(&clock, &["--config", settings.to_str().unwrap()])
}

fn address(server: &Server, authority: &Authority) -> Address {
    Address::vouched_by(server.url(), &authority.ca()).unwrap()
}

fn tcp(server: &Server) -> Tcp {
    let tcp = Tcp::connect(server.url().strip_prefix("https://").unwrap()).unwrap();
    tcp.set_read_timeout(Some(LONGEST)).unwrap();
    tcp
}

/// One request over one version of TLS: the version in force, the certificate, and the answer's head.
fn shake_hands(
    server: &Server,
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
) -> (ProtocolVersion, Vec<u8>, String) {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(authority.ca()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "127.0.0.1".try_into().unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tcp = tcp(server);
    let mut stream = rustls::Stream::new(&mut connection, &mut tcp);
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    // The server may end the connection without a farewell of TLS.
    let _ended = stream.read_to_string(&mut answer);
    let own = connection.peer_certificates().unwrap()[0].to_vec();
    (connection.protocol_version().unwrap(), own, answer)
}

/// Waits until new handshakes get that certificate.
fn until_served(server: &Server, authority: &Authority, wanted: &[u8]) {
    for _ in 0..PATIENCE {
        if shake_hands(server, authority, &TLS13).1 == wanted {
            return;
        }
        std::thread::sleep(POLL);
    }
    panic!("the new certificate is not served");
}

#[test]
fn both_doors_are_served_over_tls_and_nothing_beside_it() {
    let authority = Authority::new();
    authority.issue(2_020, ENDLESS);
    let server = serving(&authority);
    assert!(server.url().starts_with("https://"), "{}", server.url());
    block_on(async {
        let address = address(&server, &authority);
        let rest = Rest::at(&address, &server.admin_key()).unwrap();
        let now_ms = rest.clock().await.unwrap().now_ms;
        let mut stream = Stream::connect_to(&address, &server.token("ann"))
            .await
            .unwrap();
        stream
            .hello(&hello(&device_of("ann"), now_ms))
            .await
            .unwrap();
        let walk = batch(1, utc("2016-04-11", 9, 0), &[10, 20]);
        stream.send(walk.to_string()).await.unwrap();
        loop {
            if let Frame::Ack(ack) = stream.next().await.unwrap() {
                assert_eq!(ack.up_to_seq, 2);
                break;
            }
        }
        let strangers = Authority::new();
        let doubtful = Address::vouched_by(server.url(), &strangers.ca()).unwrap();
        let refused = Rest::at(&doubtful, "sk_x").unwrap().get("/v1/me").await;
        assert!(
            matches!(refused, Err(ClientError::Transport { .. })),
            "{refused:?}"
        );
    });
    for (version, wanted) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let (version, _, answer) = shake_hands(&server, &authority, version);
        assert_eq!(version, wanted);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let answer = answer.to_lowercase();
        assert!(
            answer.contains("strict-transport-security: max-age="),
            "{answer}"
        );
    }
    let mut plain = tcp(&server);
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _reset = plain.read_to_end(&mut answer);
    assert!(!answer.windows(4).any(|four| four == b"HTTP"), "{answer:?}");
}

/// A client's part of a handshake is more than this.
const BEGUN_BYTES: usize = 40;

#[test]
fn handshakes_that_do_not_go_on_are_ended_and_others_get_through() {
    let authority = Authority::new();
    authority.issue(2_020, ENDLESS);
    let server = serving(&authority);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let config = Arc::new(config);
    let begun = |number: usize| {
        let mut connection =
            ClientConnection::new(config.clone(), "127.0.0.1".try_into().unwrap()).unwrap();
        let mut said = Vec::new();
        connection.write_tls(&mut said).unwrap();
        let mut tcp = tcp(&server);
        // Nothing, the first bytes, and a whole greeting without what follows.
        let bytes = [0, BEGUN_BYTES, said.len()][number % 3];
        tcp.write_all(&said[..bytes]).unwrap();
        tcp
    };
    let waiting: Vec<Tcp> = (0..30).map(begun).collect();
    let (_, _, answer) = shake_hands(&server, &authority, &TLS13);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for mut tcp in waiting {
        let mut said = Vec::new();
        let end = tcp.read_to_end(&mut said).map_err(|error| error.kind());
        // Closed or reset, and not still open when this test has had enough.
        assert!(
            matches!(end, Ok(_) | Err(ErrorKind::ConnectionReset)),
            "{end:?}"
        );
        assert!(!said.windows(4).any(|four| four == b"HTTP"));
    }
}

#[test]
fn a_new_certificate_is_served_from_sighup_on_and_open_streams_go_on() {
    let authority = Authority::new();
    let first = authority.issue(2_020, ENDLESS);
    let server = serving(&authority);
    block_on(async {
        let address = address(&server, &authority);
        let token = server.token("ann");
        let mut stream = Stream::connect_to(&address, &token).await.unwrap();
        stream.hello(&json!({"type": "hello"})).await.unwrap();
        assert_eq!(shake_hands(&server, &authority, &TLS13).1, first);
        let second = authority.issue(2_021, ENDLESS);
        server.hang_up();
        until_served(&server, &authority, &second);
        std::fs::write(authority.certificate(), "no certificate").unwrap();
        server.hang_up();
        for _ in 0..PATIENCE {
            if server.log().contains("the TLS certificate stays as it was") {
                break;
            }
            std::thread::sleep(POLL);
        }
        let log = server.log();
        assert!(log.contains("holds no certificate in PEM form"), "{log}");
        assert_eq!(shake_hands(&server, &authority, &TLS13).1, second);
        stream
            .send(json!({"type": "ping", "id": 1}).to_string())
            .await
            .unwrap();
        while stream.next().await.unwrap().kind() != "pong" {}
    });
}

#[test]
fn a_certificate_that_cannot_be_served_stops_the_start_with_one_message() {
    let authority = Authority::new();
    authority.issue(2_020, ENDLESS);
    let settings = authority.settings();
    let data = tempfile::tempdir().unwrap();
    let start = |wanted: &[&str]| {
        let arg = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let (data, settings) = (arg(data.path()), arg(&settings));
        let args = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            &data,
            "--config",
            &settings,
        ];
        let told = streakline(&args).expect_failure();
        let mut errors = told.lines().filter(|line| line.starts_with("streakline: "));
        let error = errors.next().expect("no message");
        assert!(errors.next().is_none(), "{told}");
        for part in wanted {
            assert!(error.contains(part), "{part}: {told}");
        }
    };
    authority.issue(2_001, 2_002);
    start(&["tls.certificate_file", "ended on 2002-01-01"]);
    authority.issue(2_140, ENDLESS);
    start(&["tls.certificate_file", "begins only on 2140-01-01"]);
    authority.issue(2_020, ENDLESS);
    let certificate = std::fs::read(authority.certificate()).unwrap();
    authority.issue(2_020, ENDLESS);
    std::fs::write(authority.certificate(), certificate).unwrap();
    start(&["tls.key_file", "does not fit the certificate"]);
    std::fs::write(authority.key(), "no key").unwrap();
    start(&["tls.key_file", "no private key in PEM form"]);
    std::fs::remove_file(authority.key()).unwrap();
    start(&["tls.key_file", "server.key", "No such file"]);
    std::fs::write(authority.certificate(), [0x30, 0x82]).unwrap();
    start(&["tls.certificate_file", "no certificate in PEM form"]);
    std::fs::write(&settings, "[tls]\nkey_file = \"x\"\n").unwrap();
    start(&["tls.key_file needs tls.certificate_file beside it, or neither"]);
}
