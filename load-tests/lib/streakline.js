// What the load tests share: settings, thresholds, how a run begins and ends, its time, tokens, ids, and REST. device.js has the
// streams.
//
// Nothing here decides whether a run is good: the scripts' thresholds and checks do.
import { check } from "k6";
import crypto from "k6/crypto";
import encoding from "k6/encoding";
import http from "k6/http";

export const URL = (__ENV.STREAKLINE_URL || "http://127.0.0.1:8080").replace(/\/+$/, "");
const SECRET = __ENV.STREAKLINE_SECRET;
const KID = __ENV.STREAKLINE_KID || "hs256";
const ISSUER = __ENV.STREAKLINE_ISSUER || "streakline";
const TOKEN_TTL_S = 24 * 3600;
const WITH_LAG = __ENV.LAG !== "off";

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/// Thresholds of a script: those of lag hold unless LAG=off, where only what is right or wrong counts.
export const thresholds = (correct, lag) => ({ checks: ["rate==1"], ...correct, ...(WITH_LAG ? lag : {}) });

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
export let zone = noon(Date.now());

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
