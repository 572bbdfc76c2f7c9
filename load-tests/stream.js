// Devices that stream: each opens a socket, says hello, sends a batch of steps a second and waits for every acknowledgement.
//
//   k6 run -e STREAKLINE_SECRET=... -e STREAKLINE_URL=ws://127.0.0.1:8080/v1/stream -e DEVICES=200 load-tests/stream.js
//
// The server must know the secret (auth.hs256_secret_file): the tokens are signed here. It fails when an acknowledgement is
// missing, refuses a record, or comes late.
import { check } from "k6";
import encoding from "k6/encoding";
import crypto from "k6/crypto";
import { Counter, Rate, Trend } from "k6/metrics";
import { WebSocket } from "k6/websockets";

const URL = __ENV.STREAKLINE_URL || "ws://127.0.0.1:8080/v1/stream";
const SECRET = __ENV.STREAKLINE_SECRET;
const KID = __ENV.STREAKLINE_KID || "hs256";
const DEVICES = Number(__ENV.DEVICES || 200);
const SECONDS = Number(__ENV.SECONDS || 60);
const RECORDS = Number(__ENV.RECORDS || 5);
const BATCH_EVERY_MS = 1000;
const ACKS_WITHIN_MS = 10000;
const MINUTE_MS = 60000;

const ackMs = new Trend("ack_ms", true);
const taken = new Rate("records_taken");
const sent = new Counter("records_sent");
const lost = new Counter("batches_lost");

export const options = {
  scenarios: {
    devices: { executor: "per-vu-iterations", vus: DEVICES, iterations: 1, maxDuration: `${SECONDS + 60}s` },
  },
  thresholds: {
    checks: ["rate==1"],
    ack_ms: ["p(95)<250", "p(99)<1000"],
    records_taken: ["rate==1"],
    records_sent: ["count>0"],
    batches_lost: ["count==0"],
  },
};

export function setup() {
  if (!SECRET) throw new Error("STREAKLINE_SECRET is missing: the secret in the server's auth.hs256_secret_file");
  return { run: Date.now() };
}

function token(user) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => encoding.b64encode(JSON.stringify(value), "rawurl");
  const head = part({ alg: "HS256", typ: "JWT", kid: KID });
  const claims = part({ iss: "streakline", aud: "streakline", sub: user, exp: now + 3600 });
  return `${head}.${claims}.${crypto.hmac("sha256", SECRET, `${head}.${claims}`, "base64rawurl")}`;
}

// A UUID that says which device and which run it is of, so that a run repeats nothing of another.
function uuid(kind, number, run) {
  const hex = (value, digits) => value.toString(16).padStart(digits, "0").slice(-digits);
  return `${hex(number, 8)}-${hex(kind, 4)}-4000-8000-${hex(run, 12)}`;
}

function records(seq, run) {
  const now = Date.now();
  const start_ms = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return Array.from({ length: RECORDS }, (_, i) => ({
    id: `${run}${String(seq + i).padStart(6, "0")}`, // a u64
    metric: "steps",
    start_ms,
    end_ms: Math.max(now, start_ms + 1),
    value: 1,
    method: "auto",
    worn: true,
  }));
}

export default function ({ run }) {
  const user = `load-${run}-${__VU}`;
  const socket = new WebSocket(URL, ["streakline.v1.json", `bearer.${token(user)}`]);
  const waiting = new Map(); // batch_id: when it was sent
  let [next, batches, credits, welcomed, ended] = [1, 0, 0, false, false];
  let timer;

  const send = (frame) => socket.send(JSON.stringify(frame));

  function batch() {
    if (waiting.size >= credits) return; // the server holds us back
    const of = records(next, run);
    batches += 1;
    waiting.set(batches, Date.now());
    send({ type: "batch", batch_id: batches, lane: "live", first_seq: next, records: of });
    next += RECORDS;
    sent.add(RECORDS);
  }

  function finish() {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    lost.add(waiting.size);
    check(null, { "was welcomed": () => welcomed, "every batch was acknowledged": () => waiting.size === 0 });
    socket.close();
  }

  function stop() {
    clearInterval(timer);
    const begun = Date.now();
    const drained = setInterval(() => {
      if (waiting.size > 0 && Date.now() - begun < ACKS_WITHIN_MS && !ended) return;
      clearInterval(drained);
      finish();
    }, 50);
  }

  socket.onopen = () =>
    send({
      type: "hello",
      device_id: uuid(1, __VU, run),
      outbox_id: uuid(2, __VU, run),
      class: "watch",
      zone: "Etc/UTC",
      client_time_ms: Date.now(),
    });

  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type === "welcome") {
      welcomed = true;
      credits = frame.credits;
      next = frame.resume_after.live + 1;
      timer = setInterval(batch, BATCH_EVERY_MS);
      setTimeout(stop, SECONDS * 1000);
    } else if (frame.type === "ack") {
      const since = waiting.get(frame.batch_id);
      waiting.delete(frame.batch_id);
      credits = frame.credits;
      ackMs.add(Date.now() - since);
      const refused = (frame.results || []).filter(({ status }) => status !== "clamped" && status !== "duplicate").length;
      for (let i = 0; i < RECORDS; i += 1) taken.add(i >= refused);
    } else if (frame.type === "error") {
      console.error(`${user}: ${data}`);
    }
  };

  socket.onerror = (event) => {
    console.error(`${user}: ${event.error || "the stream broke"}`);
    finish();
  };
  socket.onclose = finish;
}
