// SPDX-License-Identifier: Apache-2.0
// What bench.mjs compares with, in a page of the same origin: a WASI in
// JavaScript, a kernel that is asked by messages, and the browser's own parts.

import fs from 'node:fs';
import path from 'node:path';

/* Numbers of rounds of n; `work` does n of it. */
const ROUNDS = `const rounds = async (count, n, work) => {
  const out = [];
  for (let i = 0; i < count; i++) {
    const t = performance.now();
    await work(n);
    out.push((performance.now() - t) / n);
  }
  return out;
};`;

const WORKERS = {
  // a system call as a message in shared memory: one asks, another answers
  'echo.js': `onmessage = async ({ data: [sab, me, count, n] }) => {
    const w = new Int32Array(sab);
    postMessage(await rounds(count, n, () => {
      for (let i = 0; i < n; i++) {
        if (me === 0) {
          Atomics.store(w, 0, 1);
          Atomics.notify(w, 0);
          while (Atomics.load(w, 0) !== 0)
            Atomics.wait(w, 0, 1);
        } else {
          while (Atomics.load(w, 0) !== 1)
            Atomics.wait(w, 0, 0);
          Atomics.store(w, 0, 0);
          Atomics.notify(w, 0);
        }
      }
    }));
  };`,
  'post.js': `let port, answered;
  const told = ({ data }) => (answered ? answered() : port.postMessage(data));
  onmessage = async ({ data, ports }) => {
    if (ports[0]) {
      [port] = ports;
      port.onmessage = told;
    }
    if (data)
      postMessage(await rounds(data[0], data[1], async (n) => {
        for (let i = 0; i < n; i++)
          await new Promise((r) => { answered = r; port.postMessage(1); });
      }));
  };`,
  'first.js': 'postMessage(1);',
  'opfs.js': `onmessage = async ({ data: [count, pages] }) => {
    const root = await navigator.storage.getDirectory();
    const file = await root.getFileHandle('bench', { create: true });
    const h = await file.createSyncAccessHandle();
    const page = new Uint8Array(4096);
    h.truncate(2048 * 4096);
    postMessage(await rounds(count, pages, () => {
      for (let i = 0; i < pages; i++)
        h.write(page, { at: Math.floor(Math.random() * 2048) * 4096 });
      h.flush();
    }));
    h.close();
    await root.removeEntry('bench');
  };`,
};

async function serveFiles(page, options) {
  const shim = path.join(options.modules,
    'node_modules/@bjorn3/browser_wasi_shim/dist');
  const answer = (body) => ({ body, contentType: 'text/javascript',
    headers: { 'Cross-Origin-Embedder-Policy': 'require-corp' } });
  await page.route('**/shim/*', (r) => r.fulfill(answer(fs.readFileSync(
    path.join(shim, path.basename(new URL(r.request().url()).pathname))))));
  for (const [name, text] of Object.entries(WORKERS))
    await page.route(`**/peer/${name}`, (r) => r.fulfill(answer(ROUNDS + text)));
}

/** The program of peer.c by browser_wasi_shim. */
function byShim(page, program) {
  return page.evaluate(async (b) => {
    const { WASI, File, OpenFile, ConsoleStdout, PreopenDirectory, Directory }
      = await import('./shim/index.js');
    let text = '';
    const bytes = Uint8Array.from(atob(b), (c) => c.charCodeAt(0));
    const wasi = new WASI([], [], [new OpenFile(new File([])),
      ConsoleStdout.lineBuffered((l) => { text += `${l}\n`; }),
      ConsoleStdout.lineBuffered(() => {}),
      new PreopenDirectory('/', new Map([['tmp', new Directory(
        new Map([['f', new File(new Uint8Array(4096))]]))]]))]);
    const { instance } = await WebAssembly.instantiate(bytes,
      { wasi_snapshot_preview1: wasi.wasiImport });
    wasi.start(instance);
    return text.trim();
  }, program);
}

/**
 * Name to values: ns of calls, us of the rest, pages a second.
 * @param {any} page @param {any} options
 * @param {string} program of peer.c, in base64
 * @param {(text: string) => Record<string, number[]>} collect
 * @returns {Promise<Record<string, number[]>>}
 */
export async function peers(page, options, program, collect) {
  await serveFiles(page, options);
  const shim = collect(await byShim(page, program));
  const ms = await page.evaluate(async () => {
    const answer = (w) => new Promise((resolve) => {
      w.onmessage = (e) => resolve(e.data);
    });
    const pair = async (name, toFirst, toSecond) => {
      const [a, b] = [new Worker(`peer/${name}`), new Worker(`peer/${name}`)];
      const done = answer(a);
      b.postMessage(...toSecond);
      a.postMessage(...toFirst);
      const out = await done;
      a.terminate();
      b.terminate();
      return out;
    };
    const sab = new SharedArrayBuffer(4);
    const { port1, port2 } = new MessageChannel();
    const start = [];
    for (let i = 0; i < 30; i++) {
      const t = performance.now();
      const w = new Worker('peer/first.js');
      await answer(w);
      start.push(performance.now() - t);
      w.terminate();
    }
    const disk = new Worker('peer/opfs.js');
    disk.postMessage([40, 64]);
    const written = await answer(disk);
    return {
      shared: await pair('echo.js', [[sab, 0, 60, 300]], [[sab, 1, 60, 300]]),
      posted: await pair('post.js', [[60, 100], [port1]], [null, [port2]]),
      start,
      disk: written,
    };
  });
  return {
    'browser_wasi_shim: fd_fdstat_get': shim.fd_fdstat_get,
    'browser_wasi_shim: pread 4 KiB': shim['pread 4 KiB'],
    'message to a kernel Worker and back': ms.shared.map((x) => x * 1e6),
    'postMessage to a Worker and back': ms.posted.map((x) => x * 1e3),
    'a new Worker and its first message': ms.start.map((x) => x * 1e3),
    'plain OPFS file, pages/s': ms.disk.map((x) => 1e3 / x),
  };
}
