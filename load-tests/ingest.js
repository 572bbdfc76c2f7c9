// Devices that stream: their number grows to DEVICES, each sends its samples, and at the end each compares what the server has
// with what it acknowledged.
//
//   script/load k6 ingest -e PROFILE=vehicle -e DEVICES=1000
//
// README.md beside this file says how to read what comes out.
import { check } from "k6";
import exec from "k6/execution";
import { begin, end, enter, number, thresholds } from "./lib/streakline.js";
import { Device, let_in, streamed } from "./lib/device.js";
import * as profiles from "./lib/profiles.js";

const PROFILE = __ENV.PROFILE || "vehicle";
const NAMES = PROFILE === "both" ? ["vehicle", "band"] : [PROFILE];
const DEVICES = number("DEVICES", 200);
const SECONDS = number("SECONDS", 60);
const RAMP = number("RAMP", Math.ceil(SECONDS / 6));

if (!["vehicle", "band", "both"].includes(PROFILE)) throw new Error(`PROFILE is vehicle, band or both, not ${PROFILE}`);

const scenario = (name) => ({
  executor: "ramping-vus",
  exec: "device",
  env: { DEVICE: name },
  startVUs: 0,
  stages: [
    { duration: `${RAMP}s`, target: DEVICES },
    { duration: `${SECONDS - RAMP}s`, target: DEVICES },
  ],
  // A device ends itself; this is for what it waits for at its end.
  gracefulStop: "60s",
});

export const options = {
  scenarios: Object.fromEntries(NAMES.map((name) => [name, scenario(name)])),
  thresholds: thresholds(streamed(DEVICES * NAMES.length), {
    ack_ms: ["p(95)<250", "p(99)<1000"],
    push_ms: ["p(99)<3000"],
    ...let_in,
  }),
};

export const setup = begin;

export function device(begun) {
  const run = enter(begun);
  const profile = profiles[__ENV.DEVICE];
  const device = new Device(run, exec.vu.idInTest, profile);
  let timer;
  let samples;
  const next = () => device.add("live", samples());
  device.open({
    welcome() {
      if (samples) return;
      samples = profile.samples();
      if (profile.kept) device.add("backfill", profile.kept());
      next();
      timer = setInterval(next, profile.every_ms);
    },
    closed: () => clearInterval(timer),
  });
  // No iteration begins after the scenario's time, so none follows this one.
  const ends_ms = exec.scenario.startTime + SECONDS * 1000 + 100;
  setTimeout(() => {
    clearInterval(timer);
    device.finish();
  }, ends_ms - Date.now());
}

export function teardown(begun) {
  const { transfers } = end(begun);
  const paid = NAMES.includes("band") && begun.clock === "virtual";
  if (paid) check(transfers, { "what was walked is paid": (transfers) => transfers >= DEVICES });
}
