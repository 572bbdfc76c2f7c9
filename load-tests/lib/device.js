// Streams: a socket with a hello, and a device that keeps account of what was acknowledged and compares it with what the server has.
import { check } from "k6";
import { Counter, Rate, Trend } from "k6/metrics";
import { WebSocket } from "k6/websockets";
import { URL, now, rest, token, uuid, zone } from "./streakline.js";

const STREAM = `${URL.replace(/^http/, "ws")}/v1/stream`;

/// How long a device waits at its end for what is not acknowledged yet.
const DRAIN_MS = 30000;
const NORMAL_CLOSE = 1000;
/// How often an upgrade is tried, and how long after the last time. The server gives up on a head that takes 5 s, and a client
/// that waits for a CPU is as slow as that.
const UPGRADES_MAX = 3;
const UPGRADE_AFTER_MS = 1000;

const ackMs = new Trend("ack_ms", true);
const pushMs = new Trend("push_ms", true);
const recordsSent = new Counter("records_sent");
const recordsTaken = new Rate("records_taken");
const batchesLost = new Counter("batches_lost");
const streamErrors = new Counter("stream_errors");
const upgradesRepeated = new Counter("upgrades_repeated");
const devicesDone = new Counter("devices_done");

/// What must hold of `devices` devices that stream.
export const streamed = (devices) => ({
  records_sent: ["count>0"],
  records_taken: ["rate==1"],
  batches_lost: ["count==0"],
  stream_errors: ["count==0"],
  devices_done: [`count==${devices}`],
});

/// Everybody came in at once; a matter of time, like lag.
export const let_in = { upgrades_repeated: ["count==0"] };

/// A socket with a hello. `on` may have `frame`, `welcome`, `closed`. What comes as an error, or ends unasked, is counted.
export class Stream {
  constructor(user, hello = {}) {
    this.user = user;
    this.token = token(user);
    this.hello = hello;
    this.events = undefined; // what was last seen of them
  }

  /// Connects. An earlier socket is nobody's any more: what still comes on it is as good as lost.
  open(on) {
    this.connect(on, 1);
  }

  connect(on, tried) {
    const socket = new WebSocket(STREAM, ["streakline.v1.json", `bearer.${this.token}`]);
    const is_ours = () => this.socket === socket;
    let opened = false;
    this.socket = socket;
    socket.onopen = () => {
      opened = true;
      this.send({ type: "hello", zone: zone.name, client_time_ms: now(), ...this.hello, events: this.events });
    };
    socket.onmessage = ({ data }) => is_ours() && this.received(JSON.parse(data), on);
    socket.onerror = ({ error }) => {
      if (!is_ours()) return;
      if (opened || tried >= UPGRADES_MAX) return this.failed(error || "the socket broke");
      this.socket = undefined;
      upgradesRepeated.add(1);
      setTimeout(() => this.connect(on, tried + 1), UPGRADE_AFTER_MS);
    };
    socket.onclose = ({ code, reason }) => {
      if (is_ours()) this.failed(`closed ${code} ${reason || ""}`);
      if (opened && on.closed) on.closed();
    };
  }

  send(frame) {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  close() {
    const { socket } = this;
    this.socket = undefined;
    if (socket) socket.close(NORMAL_CLOSE);
  }

  received(frame, on) {
    if (frame.type === "welcome") {
      const { epoch, next_seq, recovered } = frame.events;
      // What was missed follows; without a resume there is nothing that was.
      if (!recovered) this.events = { epoch, after_seq: next_seq - 1 };
      if (on.welcome) on.welcome(frame);
    } else if (frame.type === "event") {
      if (frame.seq !== this.events.after_seq + 1) this.failed(`event ${frame.seq} came after ${this.events.after_seq}`);
      this.events.after_seq = frame.seq;
    } else if (frame.type === "error") {
      this.failed(JSON.stringify(frame));
    }
    if (on.frame) on.frame(frame);
  }

  failed(why) {
    streamErrors.add(1);
    console.error(`${this.user}: ${why}`);
  }
}

/// A device with an outbox of two lanes: batches go while there are credits, stay until they are acknowledged, and go again
/// after a resume. It knows what the server must have afterwards.
///
/// A record is `{json, day, amount}`: its text, its civil date, and what it adds to what is `shown` of that day's state.
export class Device extends Stream {
  constructor(run, count, { kind, shown, records_max = 10 }) {
    super(`load-${run}-${count}`, { device_id: uuid(1, count, run), outbox_id: uuid(2, count, run), class: kind });
    this.shown = shown;
    this.records_max = records_max;
    this.batches = 0;
    this.waiting = new Map(); // batch_id: batch that is not acknowledged
    this.lanes = {};
    for (const name of ["live", "backfill"]) this.lanes[name] = { queue: [], next: 1, credits: 0, acked: 0 };
    this.sent = {}; // by day: what is in batches that were sent
    this.unseen = []; // {day, amount, at}: sent, and no state has shown it yet
    this.accepted = {}; // by day: {records, amount} acknowledged and not refused
  }

  /// Connects; what waits is sent as soon as the server has said where to go on.
  open(on = {}) {
    const account = {
      ...on,
      welcome: (frame) => {
        this.resume(frame);
        if (on.welcome) on.welcome(frame);
        this.flush();
      },
      frame: (frame) => {
        if (frame.type === "ack") this.acknowledged(frame);
        if (frame.type === "state" && frame.topic.startsWith("me/day/")) this.seen(frame);
        if (on.frame) on.frame(frame);
      },
    };
    this.connect(account, 1);
  }

  close() {
    for (const lane of Object.values(this.lanes)) lane.credits = 0;
    super.close();
  }

  add(lane, records) {
    this.lanes[lane].queue.push(...records);
    this.flush();
  }

  /// Sends what the credits allow.
  flush() {
    for (const [name, lane] of Object.entries(this.lanes)) {
      const under_way = () => [...this.waiting.values()].filter((batch) => batch.lane === name).length;
      while (lane.queue.length > 0 && under_way() < lane.credits) {
        const records = lane.queue.splice(0, this.records_max);
        this.batches += 1;
        const batch = { id: this.batches, lane: name, first_seq: lane.next, records };
        lane.next += records.length;
        this.waiting.set(batch.id, batch);
        recordsSent.add(records.length);
        for (const { day, amount } of records) this.sent[day] = (this.sent[day] || 0) + amount;
        this.transmit(batch);
      }
    }
  }

  transmit(batch) {
    batch.at = Date.now();
    const { day } = batch.records[batch.records.length - 1];
    this.unseen.push({ day, amount: this.sent[day], at: batch.at });
    const records = batch.records.map(({ json }) => json).join(",");
    const { id, lane, first_seq } = batch;
    this.send(`{"type":"batch","batch_id":${id},"lane":"${lane}","first_seq":${first_seq},"records":[${records}]}`);
  }

  /// After a hello: what is durable is done, though its acknowledgement was lost; the rest goes again as it was.
  resume({ resume_after, credits, backfill }) {
    this.lanes.live.credits = credits;
    this.lanes.backfill.credits = backfill.credits;
    check(resume_after, {
      "nothing acknowledged is lost": ({ live, backfill }) =>
        live >= this.lanes.live.acked && backfill >= this.lanes.backfill.acked,
    });
    for (const batch of [...this.waiting.values()]) {
      const last = batch.first_seq + batch.records.length - 1;
      if (last <= resume_after[batch.lane]) this.done(batch, []);
      else this.transmit(batch);
    }
  }

  acknowledged({ batch_id, lane, up_to_seq, credits, results }) {
    const batch = this.waiting.get(batch_id);
    this.lanes[lane].credits = credits;
    this.lanes[lane].acked = Math.max(this.lanes[lane].acked, up_to_seq);
    if (batch) {
      ackMs.add(Date.now() - batch.at);
      this.done(batch, results || []);
    }
    this.flush();
  }

  done(batch, results) {
    this.waiting.delete(batch.id);
    // A batch that came before an interruption and again after it is known already: it counts once, and it counts.
    const bad = results.filter(({ status }) => status !== "duplicate");
    for (const result of bad) console.error(`${this.user}: ${JSON.stringify(result)}`);
    const refused = new Set(bad.filter(({ status }) => status === "rejected").map(({ seq }) => seq));
    batch.records.forEach(({ day, amount }, at) => {
      recordsTaken.add(!bad.some(({ seq }) => seq === batch.first_seq + at));
      if (refused.has(batch.first_seq + at)) return;
      const of = (this.accepted[day] ||= { records: 0, amount: 0 });
      of.records += 1;
      of.amount += amount;
    });
  }

  /// Whether all that was sent is acknowledged and was shown.
  is_even() {
    const queued = Object.values(this.lanes).some(({ queue }) => queue.length > 0);
    return !queued && this.waiting.size === 0 && this.unseen.length === 0;
  }

  /// A state of a day shows what was sent up to some batch.
  seen(state) {
    const [now, amount] = [Date.now(), this.shown(state)];
    const day = state.topic.slice("me/day/".length);
    const is_shown = (sent) => sent.day === day && sent.amount <= amount;
    for (const sent of this.unseen.filter(is_shown)) pushMs.add(now - sent.at);
    this.unseen = this.unseen.filter((sent) => !is_shown(sent));
  }

  /// Waits until everything is acknowledged, closes, and compares what the server has with what it acknowledged.
  finish() {
    const begun = Date.now();
    const drained = setInterval(() => {
      const left = this.waiting.size + this.lanes.live.queue.length + this.lanes.backfill.queue.length;
      if (left > 0 && Date.now() - begun < DRAIN_MS) return;
      clearInterval(drained);
      this.close();
      batchesLost.add(this.waiting.size);
      check(left, { "everything sent was acknowledged": (left) => left === 0 });
      this.compare();
      devicesDone.add(1);
    }, 50);
  }

  compare() {
    const days = Object.keys(this.accepted).sort();
    if (days.length === 0) return;
    const path = `users/${this.user}/days?from=${days[0]}&to=${days[days.length - 1]}`;
    const { items } = rest("GET", path, { bearer: this.token, name: "users/{user}/days" }).json();
    const agrees = (day) => {
      const mine = this.accepted[day];
      const of = items.find((item) => item.day === day);
      const same = of !== undefined && of.records === mine.records && this.shown(of) === mine.amount;
      if (!same) console.error(`${this.user} ${day}: ${of && of.records} records, ${of && this.shown(of)}, not ${JSON.stringify(mine)}`);
      return same;
    };
    check(days, { "what was acknowledged is in the days, once": (days) => days.filter(agrees).length === days.length });
  }
}
