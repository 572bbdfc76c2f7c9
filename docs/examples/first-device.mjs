// A whole device: says hello, sends the steps of the current minute, prints every frame that comes back.
// Run it as: node docs/examples/first-device.mjs TOKEN [ws://127.0.0.1:8080/v1/stream]
const [token, url = "ws://127.0.0.1:8080/v1/stream"] = process.argv.slice(2);
if (!token) {
  console.error("usage: node docs/examples/first-device.mjs TOKEN [URL]");
  process.exit(2);
}

const MINUTE_MS = 60_000;
const socket = new WebSocket(url, ["streakline.v1.json", `bearer.${token}`]);
const send = (frame) => socket.send(JSON.stringify(frame));

socket.onopen = () =>
  send({
    type: "hello",
    device_id: "5f2c4c1e-8f4e-5d0a-9a53-0d7a5f3b2c11", // the same for the device's whole life
    outbox_id: crypto.randomUUID(), // this queue is not kept, so each run has a new one
    class: "watch",
    zone: "Etc/UTC",
    client_time_ms: Date.now(),
  });

socket.onmessage = ({ data }) => {
  console.log(data);
  const frame = JSON.parse(data);
  if (frame.type !== "welcome") return;
  const start_ms = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const id = String(start_ms / MINUTE_MS); // a record's identity: sent twice, it counts once
  const record = { id, metric: "steps", start_ms, end_ms: start_ms + MINUTE_MS, value: 200, method: "auto" };
  send({ type: "batch", batch_id: 1, lane: "live", first_seq: frame.resume_after.live + 1, records: [record] });
};

socket.onclose = ({ code, reason }) => console.log(`closed ${code} ${reason}`);
socket.onerror = () => console.error("no stream: is the server up, and the token fresh? GET /v1/me tells");
