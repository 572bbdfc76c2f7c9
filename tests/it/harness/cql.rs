//! The CQL store that servers run on in some tests: `script/cql run` starts it, and names it by `STREAKLINE_TEST_CQL`.
//!
//! With `STREAKLINE_TEST_STORAGE=cql` every server of every test runs on a keyspace of its own, so that any part of the suite can be
//! run on it. Keyspaces are used again, emptied, since making tables takes seconds.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};

/// Keyspaces that nobody uses, and how many there are.
static KEYSPACES: Mutex<(Vec<usize>, usize)> = Mutex::new((Vec::new(), 0));

/// What the environment says to tests.
#[expect(
    clippy::disallowed_methods,
    reason = "the setting is one of the tests, not of the server"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|text| text.into_string().unwrap())
}

/// `host:port` of one or three nodes, separated by commas.
pub(crate) fn nodes() -> String {
    let missing = "no CQL server: run this as `script/cql run -- cargo test …`, or name one by STREAKLINE_TEST_CQL=host:port";
    variable("STREAKLINE_TEST_CQL").expect(missing)
}

fn to_nodes() -> SessionBuilder {
    let nodes = nodes();
    let nodes: Vec<&str> = nodes.split(',').collect();
    SessionBuilder::new().known_nodes(&nodes)
}

/// A keyspace for the next server, where tests are asked to run on CQL.
pub(crate) fn wanted() -> Option<Keyspace> {
    let storage = variable("STREAKLINE_TEST_STORAGE")?;
    assert_eq!(storage, "cql", "STREAKLINE_TEST_STORAGE is unset or `cql`");
    Some(Keyspace::take())
}

/// A keyspace, for as long as a test needs it.
pub(crate) struct Keyspace {
    number: usize,
}

impl Keyspace {
    /// An empty one.
    pub(crate) fn take() -> Self {
        let number = {
            let mut held = KEYSPACES.lock().unwrap_or_else(PoisonError::into_inner);
            held.0.pop().unwrap_or_else(|| {
                held.1 += 1;
                held.1
            })
        };
        let keyspace = Self { number };
        // On a thread of its own: who starts a server may be in a runtime.
        std::thread::scope(|scope| scope.spawn(|| keyspace.empty()).join()).unwrap();
        keyspace
    }

    pub(crate) fn name(&self) -> String {
        format!("streakline_it_{}", self.number)
    }

    /// Its address.
    pub(crate) fn storage(&self) -> String {
        format!("scylla://{}/{}", nodes(), self.name())
    }

    /// Arguments of a server on it.
    pub(crate) fn args(&self) -> Vec<String> {
        let args = [
            "--storage",
            &self.storage(),
            "--cql-migrate",
            "--allow-single-copy",
        ];
        args.map(str::to_owned).to_vec()
    }

    /// Runs a statement on it.
    pub(crate) async fn run(
        &self,
        statement: &str,
        values: impl scylla::serialize::row::SerializeRow,
    ) {
        let session = self.session().await;
        session.query_unpaged(statement, values).await.unwrap();
    }

    pub(crate) async fn session(&self) -> Session {
        let builder = to_nodes().use_keyspace(self.name(), false);
        builder.build().await.unwrap()
    }

    /// Its tables.
    pub(crate) async fn tables(&self, session: &Session) -> Vec<String> {
        let text = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
        let tables = session.query_unpaged(text, (self.name(),)).await.unwrap();
        let tables = tables.into_rows_result().unwrap();
        let rows = tables.rows::<(String,)>().unwrap();
        rows.map(|table| table.unwrap().0).collect()
    }

    /// What another test, or another run, has left in it.
    fn empty(&self) {
        super::block_on(async {
            let session = to_nodes().build().await.unwrap();
            for table in self.tables(&session).await {
                if table != "migrations" {
                    let statement = format!("TRUNCATE {}.{table}", self.name());
                    truncate(&session, statement).await;
                }
            }
        });
    }
}

/// Every node has to take part in it: one that a test has stopped, and that is back, is not known to be back by all others at once.
async fn truncate(session: &Session, statement: String) {
    for _ in 0..120 {
        match session.query_unpaged(statement.clone(), ()).await {
            Ok(_) => return,
            Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(
                DbError::TruncateError,
                _,
            ))) => tokio::time::sleep(Duration::from_millis(500)).await,
            Err(error) => panic!("{statement}: {error}"),
        }
    }
    panic!("{statement}: a node stays away");
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        let mut held = KEYSPACES.lock().unwrap_or_else(PoisonError::into_inner);
        held.0.push(self.number);
    }
}

/// Does something to a node (1 to 3): `kill`, `restart`, `pause` or `resume`.
pub(crate) fn control(what: &str, node: usize) {
    let program = variable("STREAKLINE_TEST_CQL_CTL").expect("run this as `script/cql run -- …`");
    let done = Command::new(program)
        .args([what, &node.to_string()])
        .status()
        .unwrap();
    assert!(done.success(), "{what} {node}");
}

/// How many nodes there are.
pub(crate) fn count() -> usize {
    nodes().split(',').count()
}
