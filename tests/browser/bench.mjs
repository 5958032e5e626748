// SPDX-License-Identifier: Apache-2.0
// make bench-web: what the browser's system costs, beside other ways to do the
// same in the same browser (peers.mjs). Everything is done in many short rounds:
// the median is what a user of this machine gets now, the best is what it costs
// when nothing else has the CPU meanwhile; ratios are of bests. A table, its
// columns parted by tabs.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { launchOnDisk, options, serve, settled } from './harness.mjs';
import { peers } from './peers.mjs';

const server = await serve();
const base64 = (file) => fs.readFileSync(file).toString('base64');
const digits = (x) => (x === undefined ? '' : x.toFixed(x < 100 ? 1 : 0));

/** @param {number[]} values @param {boolean} [most] the more the better */
function spread(values, most = false) {
  const a = [...values].sort((x, y) => x - y);
  return { median: a[a.length >> 1], best: most ? a[a.length - 1] : a[0] };
}

/** A row. target: a number not to be passed; peer: {name, best} of the same. */
function row(name, values, unit, target, ...others) {
  const most = unit.endsWith('/s');
  const { median, best } = spread(values, most);
  const met = target === undefined ? '' : (most ? best >= target : best <= target)
    ? `${target}, met` : `${target}, NOT met`;
  const beside = others.map((p) => `${p.name} ${digits(p.best)} (${
    digits(most ? best / p.best : p.best / best)}x)`);
  console.log([name, digits(median), digits(best), unit, met,
    beside.join('; ')].join('\t'));
}

/** Load a program of the host's files into the page's system. */
async function load(page, file) {
  const name = path.basename(file).replace('.wasm', '');
  await page.evaluate(([bytes, n]) => window.pith.api_load_binary(n,
    Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))), [base64(file), name]);
  return name;
}

/** What lines "name<TAB>value<TAB>unit" say, all of a name together. */
function collect(text, into = {}) {
  for (const line of text.trim().split('\n')) {
    const [name, value, unit] = line.split('\t');
    (into[name] ??= Object.assign([], { unit })).push(Number(value));
  }
  return into;
}

async function run(page, times, file, ...args) {
  const name = await load(page, path.resolve(file));
  const found = {};
  for (let i = 0; i < times; i++) {
    const r = await page.evaluate(([n, a]) =>
      window.pith.api_execute_binary(n, a), [name, args]);
    if (r.exit_code)
      throw new Error(`${name}: ${r.exit_code} ${r.stderr}`);
    collect(r.stdout, found);
  }
  return found;
}

async function boots() {
  const first = [], later = [];
  for (let i = 0; i < 7; i++) {
    const c = await launchOnDisk();
    const page = await c.context.newPage();
    await page.goto(server.url);
    await settled(page);
    first.push(await page.evaluate(() => Number(document.body.dataset.booted)));
    for (let k = 0; k < 2; k++) {
      await page.reload();
      await settled(page);
      later.push(await page.evaluate(() => Number(document.body.dataset.booted)));
    }
    await c.end();
  }
  row('page to prompt, first time', first, 'ms', 1500);
  row('page to prompt, from OPFS', later, 'ms', 700);
}

function sizes() {
  // by brotli, as pith web sends them; the image is kept by gzip
  const kb = (names, suffix = '.br') => [names.reduce((n, f) => n
    + fs.statSync(path.join(options.site, f + suffix)).size, 0) / 1000];
  const all = fs.readdirSync(options.site);
  row('transfer: kernel.wasm', kb(['kernel.wasm']), 'kB', 300);
  row('transfer: storage.wasm', kb(['storage.wasm']), 'kB');
  row('transfer: JavaScript, ours', kb(all.filter((f) => f.endsWith('.js'))),
    'kB');
  row('transfer: JavaScript, with xterm.js', kb(all.filter((f) =>
    /\.m?js$/.test(f))), 'kB', 60);
  row('transfer: root image', kb(all.filter((f) => /^root-.*\.gz$/.test(f)), ''),
    'kB', 6000);
}

async function costs(page) {
  const program = (name) => path.join(options.program, name);
  const peer = await peers(page, options, base64(options.peer), collect);
  const p = (name) => ({ name, best: spread(peer[name], name.endsWith('/s')).best });
  const null_ = await run(page, 40, program('nullcall'), '20000');
  row('null call (getpid)', null_.getpid, 'ns', 50,
    p('message to a kernel Worker and back'));
  row('with the kernel lock (getppid)', null_.getppid, 'ns');
  row('read 4 KiB of /dev/zero', null_['read 4 KiB'], 'ns', 200);
  await page.evaluate(() =>
    window.pith.vfs.writeFile('/tmp/f', new Uint8Array(4096)));
  const wasi = await run(page, 2, options.peer);
  row('WASI: fd_fdstat_get', wasi.fd_fdstat_get, 'ns', undefined,
    p('browser_wasi_shim: fd_fdstat_get'));
  row('WASI: pread 4 KiB of a file', wasi['pread 4 KiB'], 'ns', 200,
    p('browser_wasi_shim: pread 4 KiB'));
  const pipe = await run(page, 40, program('pingpong'), '500');
  row('pipe ping-pong', pipe['round trip'], 'us', 15,
    p('postMessage to a Worker and back'));
  row('pipe throughput', pipe.throughput, 'MB/s');
  row('spawn and wait', (await run(page, 40, program('spawnwait'), '20'))[
    'spawn and wait'], 'us', 300, p('a new Worker and its first message'));
  const code = path.join(options.program, 'codeload');
  if (fs.existsSync(code))
    for (const [name, values] of Object.entries(await run(page, 10, code, '200')))
      row(name, values, values.unit);
  row('4 KiB random writes, fsync each 64', (await run(page, 12,
    program('randwrite'), '640', '/root/r'))['random 4 KiB writes, fsync each 64'],
  'pages/s', 10000, p('plain OPFS file, pages/s'));
}

console.log('what\tmedian\tbest\tunit\ttarget\tpeers, best');
sizes();
await boots();
const c = await launchOnDisk();
const page = await c.context.newPage();
await page.goto(server.url);
await settled(page);
await costs(page);
console.log(`browser ${c.context.browser()?.version() ?? 'Chromium'}, ${
  execFileSync('nproc').toString().trim()} cores, load ${
  fs.readFileSync('/proc/loadavg').toString().split(' ')[0]}`);
await c.end();
server.end();
process.exit(0);
