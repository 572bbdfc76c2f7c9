//! Gives each worker of the HTTP server its host of actors, once. Called by `run`.

use std::{
    cell::Cell,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix::{Actor, Addr};
use tokio::sync::mpsc;

use super::{Error, Result};
use crate::actors::{
    host::HostActor,
    partition::Partition,
    shared::{Shared, host_number},
};

/// How long a worker may take to start.
const WORKER_WITHIN: Duration = Duration::from_secs(30);

/// Waits until every worker has told its host; in order of their numbers.
pub(super) async fn all_hosts(
    mut started: mpsc::UnboundedReceiver<(usize, Addr<HostActor>)>,
    workers: usize,
) -> Result<Vec<Addr<HostActor>>> {
    let mut hosts: Vec<(usize, Addr<HostActor>)> = Vec::new();
    while hosts.len() < workers {
        let next = tokio::time::timeout(WORKER_WITHIN, started.recv()).await;
        let told = next.ok().flatten();
        hosts.push(told.ok_or_else(|| Error::Http("a worker did not start".into()))?);
    }
    hosts.sort_by_key(|(number, _)| *number);
    Ok(hosts.into_iter().map(|(_, host)| host).collect())
}

/// Gives each worker its host, once.
pub(super) struct Hosting {
    shared: Arc<Shared>,
    waiting: Mutex<Vec<(usize, Vec<Partition>)>>,
    hosts: mpsc::UnboundedSender<(usize, Addr<HostActor>)>,
}

thread_local! {
    static HOSTED: Cell<bool> = const { Cell::new(false) };
}

impl Hosting {
    /// Hosts for so many workers, each with its partitions.
    pub(super) fn new(
        shared: Arc<Shared>,
        partitions: Vec<Partition>,
        workers: usize,
        hosts: mpsc::UnboundedSender<(usize, Addr<HostActor>)>,
    ) -> Self {
        let mut waiting: Vec<(usize, Vec<Partition>)> =
            (0..workers).map(|n| (n, Vec::new())).collect();
        for partition in partitions {
            let number = host_number(partition.id(), workers);
            if let Some((_, owned)) = waiting.get_mut(number) {
                owned.push(partition);
            }
        }
        Self {
            shared,
            waiting: Mutex::new(waiting),
            hosts,
        }
    }

    /// Called on each worker's own arbiter.
    pub(super) fn start_here(&self) {
        if HOSTED.replace(true) {
            return;
        }
        let next = self
            .waiting
            .lock()
            .ok()
            .and_then(|mut waiting| waiting.pop());
        if let Some((number, partitions)) = next {
            let host = HostActor::new(self.shared.clone(), number, partitions).start();
            let _ = self.hosts.send((number, host));
        }
    }
}
