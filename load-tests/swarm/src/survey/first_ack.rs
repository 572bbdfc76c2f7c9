//! The shortest conversation: one new device says hello, sends one batch, and waits for its acknowledgement.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use crate::clock;
use crate::frame;
use crate::names;
use crate::plan::Wire;
use crate::reply::{self, Reply};
use crate::token::Signer;
use crate::upgrade;

const PATIENCE: Duration = Duration::from_secs(60);
/// Messages that may come before the acknowledgement: welcome, snapshot, states.
const MESSAGES_MAX: u32 = 100;
const READ_BYTES: usize = 65_536;

/// Returns when the batch is acknowledged.
pub(super) fn wait(address: SocketAddr, signer: &Signer) -> Result<()> {
    let now_ms = clock::unix_ms();
    let number = now_ms.unsigned_abs();
    let user = format!("first-{number:x}");
    let mut tcp = TcpStream::connect(address)?;
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    let token = signer.user(&user, now_ms)?;
    let request = upgrade::request(&address.to_string(), Wire::Json.subprotocol(), &token);
    tcp.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    let head = loop {
        match upgrade::agreed(&bytes) {
            Ok(Some(length)) => break length,
            Ok(None) => read(&mut tcp, &mut bytes)?,
            Err(refused) => bail!("the server refuses the stream: {refused}"),
        }
    };
    bytes.drain(..head);
    let hello = json!({"type": "hello", "zone": "UTC", "client_time_ms": now_ms, "class": "vehicle", "vendor": "swarm",
        "device_id": names::device(number, 0), "outbox_id": names::outbox(number, 0)});
    let batch = json!({"type": "batch", "batch_id": 1, "lane": "live", "first_seq": 1, "records": [
        {"id": "1", "metric": "speed", "start_ms": now_ms - 1_000, "value": 52.3, "method": "auto"}]});
    for message in [hello, batch] {
        let (frame, _) = frame::masked(frame::TEXT, message.to_string().as_bytes());
        tcp.write_all(&frame)?;
    }
    for _ in 0..MESSAGES_MAX {
        match reply::of_json(&message(&mut tcp, &mut bytes)?) {
            Reply::Acknowledged { refused, .. } => {
                ensure!(refused.is_empty(), "the record is refused: {refused:?}");
                return Ok(());
            }
            Reply::Error { code, .. } => bail!("the server answers {code}"),
            _ => {}
        }
    }
    bail!("no acknowledgement among {MESSAGES_MAX} messages")
}

fn message(tcp: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<Vec<u8>> {
    loop {
        if let Some(incoming) =
            frame::next(bytes).map_err(|no| anyhow::anyhow!("no frame: {}", no.0))?
        {
            let (payload, length) = (incoming.payload.to_vec(), incoming.length);
            bytes.drain(..length);
            return Ok(payload);
        }
        read(tcp, bytes)?;
    }
}

fn read(tcp: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<()> {
    let mut some = vec![0; READ_BYTES];
    let count = tcp.read(&mut some).context("waiting for the server")?;
    ensure!(count > 0, "the server closed the connection");
    bytes.extend_from_slice(&some[..count]);
    Ok(())
}
