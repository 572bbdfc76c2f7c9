// A hot challenge: SENDERS walk a few steps each second, and SUBSCRIBERS watch the board's first ten, all of one challenge. Subscribers
// are told what has changed (DELTAS=1) or whole views (DELTAS=0); senders get whole views.
//
//   script/load k6 board -e SUBSCRIBERS=500
//
// At the end every subscriber must hold what the board says by REST: a view may skip values, never the last one.
import { check } from "k6";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import { DAY_MS, SECOND_MS, begin, date, end, enter, now, number, once, rest, thresholds, token } from "./lib/streakline.js";
import { Device, Stream, let_in, streamed } from "./lib/device.js";
import { band, walk } from "./lib/profiles.js";

const SENDERS = number("SENDERS", 10);
const SUBSCRIBERS = number("SUBSCRIBERS", 500);
const SECONDS = number("SECONDS", 60);
const RAMP = number("RAMP", Math.ceil(SECONDS / 6));
const DELTAS = number("DELTAS", 1) !== 0;
const TOP = 10;
// The last view comes within one round of coalescing (push.board_ms), which under load is up to five times as long.
const LAST_VIEW_MS = 7000;
const CHUNK = 3;

const boardMs = new Trend("board_ms", true);
const deliveryMs = new Trend("delivery_ms", true);
const deliveries = new Counter("deliveries");
const subscribersDone = new Counter("subscribers_done");

if (SENDERS < 1 || SENDERS > TOP) throw new Error(`SENDERS are 1 to ${TOP}, so that each sees its own row: ${SENDERS}`);

const all_at_once = (exec, vus) => ({
  executor: "per-vu-iterations", exec, vus, iterations: 1, maxDuration: `${SECONDS + RAMP + 60}s`,
});

export const options = {
  scenarios: { senders: all_at_once("sender", SENDERS), subscribers: all_at_once("subscriber", SUBSCRIBERS) },
  thresholds: thresholds(
    { ...streamed(SENDERS), deliveries: ["count>0"], subscribers_done: [`count==${SUBSCRIBERS}`] },
    { board_ms: ["p(95)<2500"], delivery_ms: ["p(99)<1000"], ...let_in },
  ),
};

/// Makes and publishes the challenge, whose window is today and tomorrow.
export function setup() {
  const begun = begin();
  enter(begun);
  const bearer = token("load", "admin");
  const window = { clock: "user_local", starts: date(now()), ends: date(now() + DAY_MS) };
  const body = { title: "Load", type: "most", metric: "steps", window };
  const made = rest("POST", "challenges", { bearer, name: "challenges", body, headers: once(`board-${begun.run}`) });
  const { id } = made.json();
  const headers = once(`publish-${begun.run}`);
  rest("POST", `challenges/${id}/publish`, { bearer, name: "challenges/{id}/publish", body: {}, headers });
  return { ...begun, id };
}

// Whoever is welcomed exists, so it can join; whoever has joined may watch.
function join({ id }, stream, deltas) {
  const path = `challenges/${id}/enrolments/${stream.user}`;
  const { status } = rest("PUT", path, { bearer: stream.token, name: "challenges/{id}/enrolments/{user}" });
  check(status, { "joined the challenge": (status) => status === 201 });
  stream.send({ type: "subscribe", id: 1, topic: `board/${id}`, view: { top: TOP }, deltas });
}

const ends_ms = () => exec.scenario.startTime + (RAMP + SECONDS) * SECOND_MS;
const after = (ms, act) => setTimeout(act, ms - Date.now());

/// Walks, and sees how long it takes until its own row on the board has moved.
export function sender(begun) {
  const device = new Device(enter(begun), exec.vu.idInTest, band);
  let timer;
  let [score, unseen] = [0, []];
  const step = (started_ms) => {
    const walked = walk(started_ms, score / CHUNK, CHUNK);
    score += CHUNK;
    unseen.push({ score, at: Date.now() });
    device.add("live", [walked]);
  };
  device.open({
    welcome() {
      join(begun, device, false);
      // Once all watch, and its minutes count from the one in which it joined.
      after(exec.scenario.startTime + RAMP * SECOND_MS, () => {
        const started_ms = now();
        timer = setInterval(() => step(started_ms), SECOND_MS);
      });
    },
    frame({ type, rows }) {
      if (type !== "board") return;
      const own = rows.find(({ you }) => you);
      const is_shown = (sent) => own && sent.score <= own.score;
      for (const sent of unseen.filter(is_shown)) boardMs.add(Date.now() - sent.at);
      unseen = unseen.filter((sent) => !is_shown(sent));
    },
    closed: () => clearInterval(timer),
  });
  after(ends_ms(), () => clearInterval(timer));
  after(ends_ms() + LAST_VIEW_MS, () => {
    check(unseen, { "the own row showed every step": (unseen) => unseen.length === 0 });
    device.finish();
  });
}

/// The rows of a view by their name, after a message about it.
function told(rows, frame) {
  const next = new Map(frame.full ? [] : rows);
  for (const row of frame.gone || []) next.delete(row);
  for (const row of frame.rows) next.set(row.row, row);
  return next;
}

/// Watches.
export function subscriber(begun) {
  const stream = new Stream(`watch-${enter(begun)}-${exec.vu.idInTest}`);
  let view = new Map();
  const spread_ms = ((exec.vu.idInTest % SUBSCRIBERS) / SUBSCRIBERS) * RAMP * SECOND_MS * 0.8;
  setTimeout(() => {
    stream.open({
      welcome: () => join(begun, stream, DELTAS),
      frame(frame) {
        if (frame.type !== "board") return;
        view = told(view, frame);
        deliveries.add(1);
        // A virtual clock says nothing of how long anything took.
        if (begun.clock === "system") deliveryMs.add(now() - frame.as_of_ms);
      },
    });
  }, spread_ms);
  after(ends_ms() + LAST_VIEW_MS, () => {
    const path = `challenges/${begun.id}/leaderboard?limit=${TOP}`;
    const { items } = rest("GET", path, { bearer: stream.token, name: "challenges/{id}/leaderboard" }).json();
    stream.close();
    const shown = (rows) => JSON.stringify((rows || []).map(({ rank, row, score }) => [rank, row, score]));
    const rows = [...view.values()].sort((one, other) => one.ordinal - other.ordinal);
    check(rows, { "the last view is the board": (rows) => shown(rows) === shown(items) });
    subscribersDone.add(1);
  });
}

export const teardown = end;
