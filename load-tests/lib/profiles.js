// What devices send: a vehicle's speed by the second, a band's steps by the minute.
import { HOUR_MS, MINUTE_MS, SECOND_MS, date, midnight, now } from "./streakline.js";

/// What a telematics unit sends along and the stream ignores, as in tests/fixtures/frames-v1/client/vehicle-10.json.
const VENDOR_FIELDS = JSON.stringify({
  position: { lat: 52.520008, lon: 13.404954, alt_m: 38.4, hdop: 0.8, satellites: 14 },
  heading_deg: 87.5,
  accel: { x: 0.12, y: -0.03, z: 9.79 },
  engine: { rpm: 2150, load_pct: 37.6, coolant_c: 89.5, throttle_pct: 18.2, fuel_l: 41.3, gear: 4 },
  odometer_m: 84211307,
  battery_v: 13.9,
  tyres_kpa: [231, 230, 228, 229],
  ambient_c: 17.5,
  wipers: "off",
  lights: "low",
  brake: false,
  turn: "none",
  signal_dbm: -71,
  tank_pct: 64.1,
}).slice(1, -1);

/// A vehicle: a sample of its speed each second, ten to a batch of 5,200 bytes. Its numbers have one width each.
export const vehicle = {
  kind: "vehicle",
  records_max: 10,
  every_ms: 10 * SECOND_MS,
  shown: ({ metrics = {} }) => (metrics.speed ? metrics.speed.n : 0),

  /// The device's samples from now on: each call gives those of ten seconds, which end now the first time.
  samples() {
    const begun_ms = Math.floor(now() / SECOND_MS) * SECOND_MS - 10 * SECOND_MS;
    let made = 0;
    const sample = () => {
      made += 1;
      const [id, start_ms, speed] = [1e12 + made, begun_ms + made * SECOND_MS, (50 + 39.5 * Math.sin(made / 20)).toFixed(1)];
      const json = `{"id":"${id}","metric":"speed","start_ms":${start_ms},"value":${speed},"method":"auto",${VENDOR_FIELDS}}`;
      return { json, day: date(start_ms), amount: 1 };
    };
    return () => Array.from({ length: 10 }, sample);
  },
};

/// A band: the steps of each minute when it is over.
export const band = {
  kind: "band",
  records_max: 60,
  every_ms: MINUTE_MS,
  shown: ({ display }) => display,

  /// Each call gives the minutes that are over and were not given, the first time the last one alone.
  samples() {
    let next_ms = Math.floor(now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
    return () => {
      const records = [];
      for (; next_ms + MINUTE_MS <= now(); next_ms += MINUTE_MS) records.push(steps(next_ms));
      return records;
    };
  },

  /// What it has kept while it was out of reach: the walk to work, an hour at 7 in the morning.
  kept() {
    const from_ms = midnight(now()) + 7 * HOUR_MS;
    return Array.from({ length: 60 }, (_, minute) => steps(from_ms + minute * MINUTE_MS));
  },
};

/// A minute of steps; its id is its number.
export function steps(start_ms, value = 60 + (start_ms / MINUTE_MS) % 40) {
  const [id, end_ms] = [start_ms / MINUTE_MS, start_ms + MINUTE_MS];
  const json = `{"id":"${id}","metric":"steps","start_ms":${start_ms},"end_ms":${end_ms},"value":${value},"method":"auto","worn":true}`;
  return { json, day: date(start_ms), amount: value };
}

/// Steps of one second, the `count`th since a walk began.
export function walk(began_ms, count, value) {
  const start_ms = began_ms + count * SECOND_MS;
  const json = `{"id":"${1e9 + count}","metric":"steps","start_ms":${start_ms},"end_ms":${start_ms + SECOND_MS},"value":${value},"method":"auto"}`;
  return { json, day: date(start_ms), amount: value };
}
