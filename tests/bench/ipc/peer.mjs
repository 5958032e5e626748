// SPDX-License-Identifier: Apache-2.0
// The same between node's main thread and a worker thread: peer.mjs N
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const n = Number(process.argv[2] ?? workerData ?? 50000);
const text = "0123456789abcdef";
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: n });
  let i = 0;
  let t = process.hrtime.bigint();
  const seconds = () => Number(process.hrtime.bigint() - t) * 1e-9;
  worker.on("message", () => {
    if (++i < n) return worker.postMessage(text);
    if (i === n) {
      console.log("round_trip_us", ((seconds() / n) * 1e6).toFixed(3));
      t = process.hrtime.bigint();
      for (let k = 0; k < n; k++) worker.postMessage(text);
      return;
    }
    console.log("messages_per_s", (n / seconds()).toFixed(0));
    worker.terminate();
  });
  worker.postMessage(text);
} else {
  let i = 0;
  parentPort.on("message", (m) => {
    if (++i <= n) parentPort.postMessage(m);
    else if (i === 2 * n) parentPort.postMessage("end");
  });
}
