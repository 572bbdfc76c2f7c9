// REST: RATE times a second somebody of a back office makes a user, changes it, sets a goal, and runs a challenge from its draft to its
// end. Open loop: a server that gets slow is not asked less.
//
//   script/load k6 admin -e RATE=20
import { check } from "k6";
import exec from "k6/execution";
import { DAY_MS, begin, date, end, enter, now, number, once, rest, thresholds, token } from "./lib/streakline.js";

const RATE = number("RATE", 10);
const SECONDS = number("SECONDS", 60);

export const options = {
  scenarios: {
    office: {
      executor: "constant-arrival-rate",
      rate: RATE,
      timeUnit: "1s",
      duration: `${SECONDS}s`,
      preAllocatedVUs: Math.max(10, RATE * 2),
      maxVUs: Math.max(50, RATE * 10),
      gracefulStop: "60s",
    },
  },
  thresholds: thresholds(
    { http_req_failed: ["rate==0"], iterations: ["count>0"] },
    {
      http_req_duration: ["p(95)<250", "p(99)<1000"],
      iteration_duration: ["p(95)<3000"],
      dropped_iterations: ["count==0"],
    },
  ),
};

export const setup = begin;

let admin; // its token, once a virtual user

export default function (begun) {
  const run = enter(begun);
  admin ||= token("load", "admin");
  const at = `${run}-${exec.scenario.iterationInTest}`;
  const ask = (method, path, name, more = {}) => rest(method, path, { bearer: admin, name, ...more });
  user(`office-${at}`, ask);
  challenge(`office-${at}`, at, ask);
}

function user(user, ask) {
  const [path, name] = [`users/${user}`, "users/{user}"];
  const made = ask("PUT", path, name, { body: { zone: "Europe/Berlin", alias: "Swift Heron" } });
  check(made, { "a user is made": ({ status }) => status === 201 });
  const tag = ask("GET", path, name).headers.Etag;
  const change = { body: { zone: "Europe/Berlin", alias: "Calm Otter" }, headers: { "If-Match": tag } };
  check(ask("PUT", path, name, change), { "a user is changed": ({ status }) => status === 200 });
  const again = ask("PUT", path, name, { ...change, expected: [412] });
  check(again, { "what was changed meanwhile is not overwritten": ({ status }) => status === 412 });
  const goal = { metric: "steps", period: "day", kind: "static", target: 7500, streak: { freezes: 0 } };
  ask("PUT", `${path}/goals/walk`, "users/{user}/goals/{goal}", { body: goal });
  const days = ask("GET", `${path}/days?from=${date(now() - 7 * DAY_MS)}&to=${date(now())}`, "users/{user}/days").json();
  check(days, { "days without data are there": ({ items }) => items.length === 8 });
  const balance = ask("GET", `${path}/balance`, "users/{user}/balance").json();
  check(balance, { "nobody is paid for nothing": ({ available_micro }) => available_micro === 0 });
}

function challenge(user, at, ask) {
  const window = { clock: "user_local", starts: date(now() + DAY_MS), ends: date(now() + 7 * DAY_MS) };
  const body = { title: "Office", type: "most", metric: "steps", window };
  const make = () => ask("POST", "challenges", "challenges", { body, headers: once(`make-${at}`) });
  const [made, repeated] = [make(), make()];
  const { id } = made.json();
  check(repeated, {
    "a repeated POST makes nothing new": (answer) =>
      answer.headers["Idempotent-Replay"] === "true" && answer.json().id === id,
  });
  const [path, name] = [`challenges/${id}`, "challenges/{id}"];
  ask("POST", `${path}/publish`, `${name}/publish`, { body: {}, headers: once(`publish-${at}`) });
  ask("PUT", `${path}/enrolments/${user}`, `${name}/enrolments/{user}`);
  const board = ask("GET", `${path}/leaderboard`, `${name}/leaderboard`).json();
  check(board, { "who has joined has a row": ({ items }) => items.length === 1 && items[0].user === user });
  const cancel = { body: { reason: "the test is over" }, headers: once(`cancel-${at}`) };
  const cancelled = ask("POST", `${path}/cancel`, `${name}/cancel`, cancel).json();
  check(cancelled, { "a challenge is cancelled": ({ phase }) => phase === "cancelled" });
}

export const teardown = end;
