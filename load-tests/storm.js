// Everyone reconnects at once: DEVICES devices are connected, all of them are cut at the same instant with a batch under way, and all
// come back at once and resume. STORMS times.
//
//   script/load k6 storm -e DEVICES=2000 -e STORMS=3
//
// Nothing acknowledged may be lost, nothing may count twice, and every event must come, once and in order.
import { check } from "k6";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import { MINUTE_MS, SECOND_MS, begin, date, end, enter, midnight, now, number, rest, thresholds } from "./lib/streakline.js";
import { Device, let_in, streamed } from "./lib/device.js";
import { band, steps } from "./lib/profiles.js";

const DEVICES = number("DEVICES", 500);
const STORMS = number("STORMS", 3);
// Until everyone is connected and has goals, and from one storm to the next.
const SETTLE = number("SETTLE", Math.ceil(5 + DEVICES / 100));
const EVERY = number("EVERY", 15);
const STEPS = 100;

const caughtUpMs = new Trend("caught_up_ms", true);
const resumes = new Counter("resumes");

export const options = {
  scenarios: {
    devices: {
      executor: "per-vu-iterations",
      vus: DEVICES,
      iterations: 1,
      maxDuration: `${SETTLE + EVERY * (STORMS + 1) + 60}s`,
    },
  },
  thresholds: thresholds(
    { ...streamed(DEVICES), resumes: [`count==${DEVICES * STORMS}`] },
    { caught_up_ms: ["p(99)<10000"], ...let_in },
  ),
};

export const setup = begin;

// One goal a storm, which the batch that the storm interrupts meets: its event happens while nobody listens, or almost.
function goals(device) {
  for (let storm = 1; storm <= STORMS; storm += 1) {
    const body = {
      metric: "steps", period: "day", kind: "static", target: storm * STEPS, from: date(now()), streak: { freezes: 0 },
    };
    rest("PUT", `users/${device.user}/goals/storm-${storm}`, { bearer: device.token, name: "goals/{goal}", body });
  }
}

export default function (begun) {
  const run = enter(begun);
  const device = new Device(run, exec.vu.idInTest, band);
  const completed = [];
  const dawn_ms = midnight(now());
  let back_ms; // when the storm cut it, until it has caught up

  const on = {
    welcome({ events }) {
      if (back_ms !== undefined) check(events, { "the stream was resumed": ({ recovered }) => recovered });
    },
    frame({ type, kind, goal }) {
      if (type === "event" && kind === "goal.completed") completed.push(goal);
      if (back_ms === undefined || !device.is_even()) return;
      caughtUpMs.add(Date.now() - back_ms);
      resumes.add(1);
      back_ms = undefined;
    },
  };

  function storm(number) {
    device.add("live", [steps(dawn_ms + number * MINUTE_MS, STEPS)]);
    device.close();
    back_ms = Date.now();
    device.open(on);
  }

  function last() {
    const all = Array.from({ length: STORMS }, (_, at) => `storm-${at + 1}`);
    check(completed, { "every event came once, in order": (goals) => goals.join() === all.join() });
    device.finish();
  }

  const at = (seconds, act) => setTimeout(act, exec.scenario.startTime + seconds * SECOND_MS - Date.now());
  // Spread over half of the time to settle, so that the first connections are no storm.
  setTimeout(() => {
    device.open({ ...on, welcome: () => completed.length === 0 && goals(device) });
  }, ((exec.vu.idInTest / DEVICES) * SETTLE * SECOND_MS) / 2);
  for (let number = 1; number <= STORMS; number += 1) at(SETTLE + (number - 1) * EVERY, () => storm(number));
  at(SETTLE + STORMS * EVERY, last);
}

export const teardown = end;
