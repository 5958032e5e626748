// SPDX-License-Identifier: Apache-2.0
// make bench-web: what the browser's system costs, beside other ways to do the
// same in the same browser. Prints lines of "name<TAB>value<TAB>unit".

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { launchOnDisk, options, serve, settled } from './harness.mjs';

const server = await serve();
const say = (name, value, unit) => console.log(`${name}\t${value}\t${unit}`);
const median = (a) => a.sort((x, y) => x - y)[a.length >> 1];
const base64 = (file) => fs.readFileSync(file).toString('base64');

/** Run a program of the host's files in the page's system. */
function run(page, file, ...args) {
  return page.evaluate(async ([bytes, name, argv]) => {
    await window.pith.api_load_binary(name,
      Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)));
    const r = await window.pith.api_execute_binary(name, argv);
    if (r.exit_code)
      throw new Error(`${name}: ${r.exit_code} ${r.stderr}`);
    return r.stdout.trim();
  }, [base64(file), path.basename(file).replace('.wasm', ''), args]);
}

async function boots() {
  const first = [], later = [];
  for (let i = 0; i < 5; i++) {
    const c = await launchOnDisk();
    const page = await c.context.newPage();
    await page.goto(server.url);
    await settled(page);
    first.push(await page.evaluate(() => Number(document.body.dataset.booted)));
    await page.reload();
    await settled(page);
    later.push(await page.evaluate(() => Number(document.body.dataset.booted)));
    await c.end();
  }
  say('page to prompt, first time', median(first), 'ms');
  say('page to prompt, from OPFS', median(later), 'ms');
}

function sizes() {
  // by brotli, as pith web sends them; the image is kept by gzip
  const packed = (names) => names.reduce((n, f) => n
    + fs.statSync(path.join(options.site, `${f}.br`)).size, 0);
  const all = fs.readdirSync(options.site);
  const js = all.filter((f) => /\.m?js$/.test(f));
  const root = all.find((f) => /^root-.*\.gz$/.test(f));
  const kb = (n) => (n / 1000).toFixed(0);
  say('transfer: kernel.wasm', kb(packed(['kernel.wasm'])), 'kB');
  say('transfer: storage.wasm', kb(packed(['storage.wasm'])), 'kB');
  say('transfer: JavaScript, ours', kb(packed(js.filter((f) => f.endsWith('.js')))), 'kB');
  say('transfer: JavaScript, xterm.js', kb(packed(js.filter((f) => f.endsWith('.mjs')))), 'kB');
  say('transfer: root image',
    kb(fs.statSync(path.join(options.site, root)).size), 'kB');
}

/** The peers, in a page of the same origin. */
async function peers(page) {
  const shim = path.join(options.modules, 'node_modules/@bjorn3/browser_wasi_shim/dist');
  await page.route('**/shim/*', (r) => r.fulfill({
    contentType: 'text/javascript',
    headers: { 'Cross-Origin-Embedder-Policy': 'require-corp' },
    body: fs.readFileSync(path.join(shim, path.basename(new URL(r.request().url()).pathname))) }));
  const out = await page.evaluate(async (b) => {
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
  }, base64(options.peer));
  for (const line of out.split('\n'))
    console.log(`browser_wasi_shim: ${line}`);
  // a system call as a message: one Worker asks, another answers
  await page.route('**/echo.js', (r) => r.fulfill({
    contentType: 'text/javascript',
    headers: { 'Cross-Origin-Embedder-Policy': 'require-corp' },
    body: 'onmessage = ({ data: [sab, me, n] }) => { const w = new Int32Array(sab);'
      + ' const t = performance.now(); for (let i = 0; i < n; i++) {'
      + ' if (me === 0) { Atomics.store(w, 0, 1); Atomics.notify(w, 0);'
      + ' while (Atomics.load(w, 0) !== 0) Atomics.wait(w, 0, 1); }'
      + ' else { while (Atomics.load(w, 0) !== 1) Atomics.wait(w, 0, 0);'
      + ' Atomics.store(w, 0, 0); Atomics.notify(w, 0); } }'
      + ' postMessage((performance.now() - t) * 1e6 / n); };' }));
  const ns = await page.evaluate(async () => {
    const sab = new SharedArrayBuffer(4);
    const [a, b] = [new Worker('echo.js'), new Worker('echo.js')];
    const done = new Promise((resolve) => { a.onmessage = (e) => resolve(e.data); });
    b.postMessage([sab, 1, 20000]);
    a.postMessage([sab, 0, 20000]);
    return done;
  });
  say('message to a kernel Worker and back', ns.toFixed(0), 'ns');
}

sizes();
await boots();
const c = await launchOnDisk();
const page = await c.context.newPage();
await page.goto(server.url);
await settled(page);
const programs = path.resolve(options.program);
for (const [name, ...args] of [['nullcall', '2000000'], ['pingpong'],
  ['spawnwait', '500'], ['codeload', '1000'], ['randwrite', '6400', '/root/r']]) {
  const file = path.join(programs, name);
  if (fs.existsSync(file))
    console.log(await run(page, file, ...args));
}
await page.evaluate(() => window.pith.vfs.writeFile('/tmp/f', new Uint8Array(4096)));
for (const line of (await run(page, path.resolve(options.peer))).split('\n'))
  console.log(`Pith: ${line}`);
await peers(page);
say('browser', c.context.browser()?.version() ?? 'Chromium',
  `${execFileSync('nproc').toString().trim()} cores`);
await c.end();
server.end();
process.exit(0);
