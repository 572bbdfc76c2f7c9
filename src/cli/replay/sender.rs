//! The socket of one band: keeps as many batches under way as the server gives credits, and keeps reading while there
//! is nothing to send, so that pings are answered and pushes do not pile up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::sync::mpsc;

use super::band::Band;
use super::plan;
use crate::cli::client::{Address, Frame, Stream, Welcome, stream};

/// What a sender tells the one who drives it.
pub enum Report {
    /// A batch of so many records is acknowledged.
    Acked(u64),
    /// Everything that was asked for is acknowledged.
    Idle,
    /// It gave up.
    Failed(anyhow::Error),
}

/// Something that the server pushed to a user: the user, and the frame.
pub type Push = (String, Value);

/// How many batches may still be sent by everybody together.
#[derive(Clone)]
pub struct Allowance(Arc<AtomicU64>);

impl Allowance {
    /// `batches`, or no bound.
    #[must_use]
    pub fn new(batches: Option<u64>) -> Self {
        Self(Arc::new(AtomicU64::new(batches.unwrap_or(u64::MAX))))
    }

    /// Whether nothing more may be sent.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

/// A band with its open socket.
pub struct Sender {
    band: Band,
    stream: Stream,
    allowance: Allowance,
    resumed: bool,
    pushes: Option<mpsc::Sender<Push>>,
    credits: usize,
    next: usize,
    under_way: BTreeSet<u64>,
}

/// Where and as whom a band says hello.
pub struct Door<'a> {
    /// Which server.
    pub server: &'a Address,
    /// Token of the band's user.
    pub token: &'a str,
    /// IANA zone.
    pub zone: &'a str,
    /// The server's clock, POSIX ms.
    pub now_ms: i64,
    /// Whether an earlier replay may have sent a part.
    pub resumed: bool,
    /// Who wants to see what is pushed.
    pub pushes: Option<mpsc::Sender<Push>>,
}

impl Sender {
    /// Opens the socket of `band` and finds out where to go on.
    ///
    /// # Errors
    /// When the server refuses, or its limits are below the size of a batch.
    pub async fn open(band: Band, door: &Door<'_>, allowance: Allowance) -> Result<Self> {
        let mut stream = Stream::connect_to(door.server, door.token).await?;
        let (device, outbox) = (band.device.to_string(), band.outbox.to_string());
        let hello = stream::device_hello(&device, &outbox, door.zone, door.now_ms);
        let welcome = stream.hello(&hello).await?;
        check_limits(&band, &welcome)?;
        let up_to_seq = welcome.resume_after.live;
        if up_to_seq > 0 && !door.resumed {
            bail!("the server has {up_to_seq} records of this replay already: use --resume");
        }
        Ok(Self {
            next: plan::resume_at(&band.plan, up_to_seq),
            band,
            stream,
            allowance,
            resumed: door.resumed,
            pushes: door.pushes.clone(),
            credits: welcome.credits,
            under_way: BTreeSet::new(),
        })
    }

    /// Batches that are not yet sent.
    #[must_use]
    pub fn left(&self) -> usize {
        self.band.plan.len() - self.next
    }

    /// When the next batch is due, POSIX ms.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        self.band.plan.get(self.next).map(|sending| sending.due_ms)
    }

    /// The due times of all batches that are not yet sent, in order.
    #[must_use]
    pub fn due_times(&self) -> Vec<i64> {
        self.band
            .plan
            .iter()
            .skip(self.next)
            .map(|sending| sending.due_ms)
            .collect()
    }

    /// Sends what is due whenever `until` brings a time, until its other end is dropped.
    pub async fn run(mut self, mut until: mpsc::Receiver<i64>, reports: mpsc::Sender<Report>) {
        let failed = loop {
            tokio::select! {
                due = until.recv() => {
                    let Some(until_ms) = due else { break None };
                    if let Err(error) = self.send_due(until_ms, &reports).await {
                        break Some(error);
                    }
                }
                frame = self.stream.next() => {
                    let taken = match frame {
                        Ok(frame) => self.accept(frame).await,
                        Err(error) => Err(error.into()),
                    };
                    if let Err(error) = taken {
                        break Some(error);
                    }
                }
            }
        };
        match failed {
            None => self.stream.close().await,
            Some(error) => {
                let error = error.context(format!("user {}", self.band.user));
                // Nobody listens once the replay has ended for another reason.
                let _ended = reports.send(Report::Failed(error)).await;
            }
        }
    }

    async fn send_due(&mut self, until_ms: i64, reports: &mpsc::Sender<Report>) -> Result<()> {
        loop {
            while self.under_way.len() < self.credits && self.may_send(until_ms) {
                let frame = self
                    .band
                    .frame(self.next)
                    .context("a batch without samples")?;
                self.stream.send(frame).await?;
                self.under_way.insert(self.next as u64);
                self.next += 1;
            }
            if self.under_way.is_empty() {
                break;
            }
            let frame = self.stream.next().await?;
            if let Frame::Ack(ack) = &frame {
                let sending = usize::try_from(ack.batch_id)
                    .ok()
                    .and_then(|i| self.band.plan.get(i));
                let records = sending.map_or(0, |sending| sending.samples.len() as u64);
                reports.send(Report::Acked(records)).await?;
            }
            self.accept(frame).await?;
        }
        Ok(reports.send(Report::Idle).await?)
    }

    fn may_send(&self, until_ms: i64) -> bool {
        self.next_due_ms().is_some_and(|due_ms| due_ms <= until_ms) && self.allowance.take()
    }

    async fn accept(&mut self, frame: Frame) -> Result<()> {
        match frame {
            Frame::Ack(ack) => {
                if !self.under_way.remove(&ack.batch_id) {
                    bail!(
                        "batch {} is acknowledged, but was not under way",
                        ack.batch_id
                    );
                }
                self.credits = ack.credits.max(1);
                self.band.check(&ack, self.resumed)
            }
            Frame::Error(e) => bail!("{}: {} (batch {:?})", e.code, e.detail, e.batch_id),
            Frame::Welcome(_) => bail!("a second welcome"),
            pushed @ Frame::Pushed(..) => {
                if let Some(pushes) = &self.pushes {
                    // Nobody watches any more once the demo is over.
                    let _over = pushes.send((self.band.user.clone(), pushed.json())).await;
                }
                Ok(())
            }
        }
    }
}

fn check_limits(band: &Band, welcome: &Welcome) -> Result<()> {
    let largest = band
        .plan
        .iter()
        .enumerate()
        .max_by_key(|(_, sending)| sending.samples.len());
    let Some((index, sending)) = largest else {
        return Ok(());
    };
    let bytes = band.frame(index).map_or(0, |frame| frame.len());
    if sending.samples.len() > welcome.max_records || bytes > welcome.max_bytes {
        let (records, limit) = (welcome.max_records, welcome.max_bytes);
        bail!("--batch is too large: the server takes {records} records and {limit} bytes a batch");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt as _, StreamExt as _};
    use serde_json::json;
    use streakline_core::civil::{HOUR_MS, MINUTE_MS};
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
    use tokio_tungstenite::tungstenite::http::HeaderValue;

    use super::super::wall::Sample;
    use super::*;

    const CREDITS: usize = 3;

    /// A server that acknowledges only what it must to get more, and hangs up after `batches`.
    async fn serve(listener: TcpListener, up_to_seq: u64, batches: usize) -> Vec<Value> {
        let (socket, _) = listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the library's own signature")]
        let subprotocol = |_: &Request, mut response: Response| {
            let protocol = HeaderValue::from_static(stream::SUBPROTOCOL);
            response
                .headers_mut()
                .insert("sec-websocket-protocol", protocol);
            Ok(response)
        };
        let mut ws = tokio_tungstenite::accept_hdr_async(socket, subprotocol)
            .await
            .unwrap();
        let (mut got, mut unanswered) = (Vec::new(), Vec::new());
        while let Some(Ok(Message::Text(text))) = ws.next().await {
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == "hello" {
                let welcome = json!({"type": "welcome", "zone": "UTC", "credits": CREDITS,
                    "resume_after": {"live": up_to_seq, "backfill": 0}, "max_records": 500, "max_bytes": 65_536});
                ws.send(Message::text(welcome.to_string())).await.unwrap();
                continue;
            }
            unanswered.push(frame.clone());
            got.push(frame);
            assert!(unanswered.len() <= CREDITS, "more under way than allowed");
            if got.len() == batches {
                return got;
            }
            if unanswered.len() == CREDITS || got.len() % 6 == 0 {
                for frame in unanswered.drain(..) {
                    let records = frame["records"].as_array().unwrap().len() as u64;
                    let ack = json!({"type": "ack", "batch_id": frame["batch_id"], "lane": "live", "credits": CREDITS,
                        "up_to_seq": frame["first_seq"].as_u64().unwrap() + records - 1});
                    ws.send(Message::text(ack.to_string())).await.unwrap();
                }
            }
        }
        got
    }

    /// A band with six batches an hour for three hours.
    fn band() -> Band {
        let samples = (0..180)
            .map(|m| Sample {
                start_ms: m * MINUTE_MS,
                value: 1,
            })
            .collect();
        Band::new("ann", samples, 10, None)
    }

    async fn run(up_to_seq: u64, hang_up_after: usize, hours: &[i64]) -> (Vec<Value>, Vec<Report>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Address::of(&url).unwrap();
        let serving = tokio::spawn(serve(listener, up_to_seq, hang_up_after));
        let door = Door {
            server: &server,
            token: "t",
            zone: "UTC",
            now_ms: 0,
            resumed: up_to_seq > 0,
            pushes: None,
        };
        let sender = Sender::open(band(), &door, Allowance::new(None))
            .await
            .unwrap();
        let (until, asked) = mpsc::channel(1);
        let (reports, mut inbox) = mpsc::channel(100);
        let running = tokio::spawn(sender.run(asked, reports));
        let mut told = Vec::new();
        for hour in hours {
            until.send(hour * HOUR_MS).await.unwrap();
            while let Some(report) = inbox.recv().await {
                let is_idle = matches!(report, Report::Idle);
                told.push(report);
                if is_idle {
                    break;
                }
            }
        }
        drop(until);
        running.await.unwrap();
        (serving.await.unwrap(), told)
    }

    fn first_numbers(frames: &[Value]) -> Vec<u64> {
        frames
            .iter()
            .map(|frame| frame["first_seq"].as_u64().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn what_is_due_is_sent_in_order_within_the_credits() {
        let (got, told) = run(0, usize::MAX, &[1, 2]).await;
        assert_eq!(
            first_numbers(&got),
            (0..12).map(|batch| batch * 10 + 1).collect::<Vec<_>>()
        );
        let acked = told
            .iter()
            .filter(|report| matches!(report, Report::Acked(10)))
            .count();
        assert_eq!(acked, 12);
        assert!(matches!(told[6], Report::Idle) && matches!(told[13], Report::Idle));
    }

    #[tokio::test]
    async fn a_resumed_sender_goes_on_after_what_is_durable() {
        let (got, _) = run(60, usize::MAX, &[2]).await;
        assert_eq!(first_numbers(&got), [61, 71, 81, 91, 101, 111]);
    }

    #[tokio::test]
    async fn a_lost_connection_is_reported_with_its_user() {
        let (_, told) = run(0, 4, &[1]).await;
        let Some(Report::Failed(error)) = told.last() else {
            panic!("no failure is reported")
        };
        assert!(format!("{error:#}").starts_with("user ann: "), "{error:#}");
    }
}
