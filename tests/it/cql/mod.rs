//! Servers on a real CQL store of three nodes, and what machines do to it: slow, away, dead, damaged, taken over; and copies of them.
//!
//! Run as `script/cql run --nodes 3 -- cargo test … --test it cql::`. Nodes are shared by all tests of this module, so these run one
//! after the other.

mod away;
mod copies;
mod crowd;
mod damaged;
mod device;
mod erasure;
mod nodes;
mod takeover;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::harness::{Server, cql::Keyspace};

/// Held by the test that has the nodes.
static NODES: Mutex<()> = Mutex::new(());

/// Waits until no other test has the nodes.
fn hold_nodes() -> MutexGuard<'static, ()> {
    NODES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server on the system's clock, on a keyspace of its own.
struct Scene {
    server: Server,
    keyspace: Keyspace,
    _nodes: MutexGuard<'static, ()>,
}

impl Scene {
    /// With these arguments beside those of the keyspace.
    fn with(more: &[&str]) -> Self {
        let nodes = hold_nodes();
        let keyspace = Keyspace::take();
        Self {
            server: on(&keyspace, more),
            keyspace,
            _nodes: nodes,
        }
    }
}

/// Servers that share a store share the master keys.
const MASTER_KEYS: [&str; 2] = [
    "--sealing-master-keys",
    "mk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];

/// Arguments of a server on a keyspace.
fn args(keyspace: &Keyspace) -> Vec<String> {
    let mut args = keyspace.args();
    args.extend(MASTER_KEYS.map(str::to_owned));
    args
}

/// A server on a keyspace.
fn on(keyspace: &Keyspace, more: &[&str]) -> Server {
    let args = args(keyspace);
    let args: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    Server::start("system", &args)
}
