// What the load tests share: settings, tokens, ids, REST, and a stream that keeps account of what was acknowledged.
//
// Nothing here decides whether a run is good: the scripts' thresholds and checks do.
import { check } from "k6";
import crypto from "k6/crypto";
import encoding from "k6/encoding";
import http from "k6/http";
import { Counter, Rate, Trend } from "k6/metrics";
import { WebSocket } from "k6/websockets";

export const URL = (__ENV.STREAKLINE_URL || "http://127.0.0.1:8080").replace(/\/+$/, "");
const STREAM = `${URL.replace(/^http/, "ws")}/v1/stream`;
const SECRET = __ENV.STREAKLINE_SECRET;
const KID = __ENV.STREAKLINE_KID || "hs256";
const ISSUER = __ENV.STREAKLINE_ISSUER || "streakline";
const TOKEN_TTL_S = 24 * 3600;
const WITH_LAG = __ENV.LAG !== "off";

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/// How long a device waits at its end for what is not acknowledged yet.
const DRAIN_MS = 30000;
const NORMAL_CLOSE = 1000;

const ackMs = new Trend("ack_ms", true);
const pushMs = new Trend("push_ms", true);
const recordsSent = new Counter("records_sent");
const recordsTaken = new Rate("records_taken");
const batchesLost = new Counter("batches_lost");
const streamErrors = new Counter("stream_errors");
const devicesDone = new Counter("devices_done");

/// Thresholds of a script: those of lag hold unless LAG=off, where only what is right or wrong counts.
export const thresholds = (correct, lag) => ({ checks: ["rate==1"], ...correct, ...(WITH_LAG ? lag : {}) });

/// What must hold of `devices` devices that stream.
export const streamed = (devices) => ({
  records_sent: ["count>0"],
  records_taken: ["rate==1"],
  batches_lost: ["count==0"],
  stream_errors: ["count==0"],
  devices_done: [`count==${devices}`],
});

/// A number of the environment.
export function number(name, otherwise) {
  const value = Number(__ENV[name] || otherwise);
  if (!(value >= 0)) throw new Error(`${name} is not a number: ${__ENV[name]}`);
  return value;
}

/// What every script's setup begins with: this run's number, which no other run has, and where the server's clock stands.
/// A virtual clock stands still: the run pretends that it goes on, which the server believes for two minutes.
export function begin() {
  if (!SECRET) throw new Error("STREAKLINE_SECRET is missing: the secret in the server's auth.hs256_secret_file");
  const answer = rest("GET", "clock", { bearer: token("load"), name: "clock" });
  if (answer.status !== 200) throw new Error(`${URL} does not let us in: ${answer.status} ${answer.error} ${answer.body}`);
  const { clock, now_ms } = answer.json();
  const run = Date.now();
  console.info(`run ${run}; its users are load-${run}-NUMBER`);
  return { run, clock, ahead_ms: clock === "virtual" ? now_ms - Date.now() : 0, noon: noon(now_ms) };
}

let ahead_ms = 0;
let zone = noon(Date.now());

/// The zone in which it is about noon, so that no run meets a midnight.
function noon(now_ms) {
  const hours = 12 - new Date(now_ms).getUTCHours();
  return { name: `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`, ahead_ms: hours * HOUR_MS };
}

/// Takes over what `begin` found; every script's function calls it first. Answers the run's number.
export function enter(begun) {
  ({ ahead_ms, noon: zone } = begun);
  return begun.run;
}

/// The domain's time.
export const now = () => Date.now() + ahead_ms;

/// The civil date of an instant, where the run's users live; and the instant at which that day began.
export const date = (ms) => new Date(ms + zone.ahead_ms).toISOString().slice(0, 10);
export const midnight = (ms) => Math.floor((ms + zone.ahead_ms) / DAY_MS) * DAY_MS - zone.ahead_ms;

/// A token of `user` for a day, signed here with the secret that the server knows.
export function token(user, role = "user") {
  const part = (value) => encoding.b64encode(JSON.stringify(value), "rawurl");
  const head = part({ alg: "HS256", typ: "JWT", kid: KID });
  const exp = Math.floor(Date.now() / 1000) + TOKEN_TTL_S;
  const claims = part({ iss: ISSUER, aud: "streakline", sub: user, role, exp });
  return `${head}.${claims}.${crypto.hmac("sha256", SECRET, `${head}.${claims}`, "base64rawurl")}`;
}

/// A UUID that says of which device and which run it is, so that a run repeats nothing of another.
export function uuid(kind, count, run) {
  const hex = (value, digits) => value.toString(16).padStart(digits, "0").slice(-digits);
  return `${hex(count, 8)}-${hex(kind, 4)}-4000-8000-${hex(run, 12)}`;
}

/// One REST request; `expected` are the statuses that are no failure. `name` stands for the path in k6's figures.
export function rest(method, path, { bearer, name, body, headers = {}, expected = [200, 201, 204] }) {
  const all = { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json", ...headers };
  const params = { headers: all, tags: { name }, responseCallback: http.expectedStatuses(...expected) };
  return http.request(method, `${URL}/v1/${path}`, body === undefined ? null : JSON.stringify(body), params);
}

/// The last of a run: on a virtual clock two days pass, so that what was sent is paid. The ledger must sum to zero.
export function end(begun) {
  const bearer = token("load", "admin");
  if (begun.clock === "virtual") {
    const { now_ms } = rest("GET", "clock", { bearer, name: "clock" }).json();
    rest("POST", "clock", { bearer, name: "clock", body: { to_ms: now_ms + 2 * DAY_MS }, headers: once(`end-${begun.run}`) });
  }
  const summary = rest("GET", "ledger/summary", { bearer, name: "ledger/summary" }).json();
  check(summary, { "the ledger sums to zero": ({ sum_micro }) => sum_micro === 0 });
  return summary;
}

/// The header that makes a repeated POST harmless.
export const once = (key) => ({ "Idempotency-Key": key });

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
    const socket = new WebSocket(STREAM, ["streakline.v1.json", `bearer.${this.token}`]);
    const is_ours = () => this.socket === socket;
    this.socket = socket;
    socket.onopen = () => this.send({ type: "hello", zone: zone.name, client_time_ms: now(), ...this.hello, events: this.events });
    socket.onmessage = ({ data }) => is_ours() && this.received(JSON.parse(data), on);
    socket.onerror = ({ error }) => is_ours() && this.failed(error || "the socket broke");
    socket.onclose = ({ code, reason }) => {
      if (is_ours()) this.failed(`closed ${code} ${reason || ""}`);
      if (on.closed) on.closed();
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
    super.open({
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
    });
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
