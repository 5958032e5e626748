// SPDX-License-Identifier: Apache-2.0
// Other people's WASI preview 1 suites in the browser's system: the same
// programs and the same expectations as tools/pith-wasi on a native host.
//     wasi.mjs --pith P --site S --modules M DIRECTORY...

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { launch, options, positionals, serve, settled } from './harness.mjs';
import { listen, report } from './report.mjs';

const known = new Map(fs.readFileSync(new URL('wasi-differences.txt',
  import.meta.url)).toString().split('\n')
  .filter((l) => l && !l.startsWith('#')).map((l) => [l.split(/\s/)[0], l]));

function* programs(dir) {
  for (const e of fs.readdirSync(dir, { withFileTypes: true })) {
    const at = path.join(dir, e.name);
    if (e.isDirectory() && !e.name.endsWith('.dir'))
      yield* programs(at);
    else if (e.name.endsWith('.wasm'))
      yield at;
  }
}

/** Everything below a directory: {path: base64 | null for a directory | {link}} */
function tree(dir, below = '', out = {}) {
  for (const e of fs.readdirSync(path.join(dir, below), { withFileTypes: true })) {
    const at = path.join(below, e.name);
    if (e.isSymbolicLink()) {
      out[at] = { link: fs.readlinkSync(path.join(dir, at)) };
    } else if (e.isDirectory()) {
      out[at] = null;
      tree(dir, at, out);
    } else if (e.name !== '.keep') {
      out[at] = fs.readFileSync(path.join(dir, at)).toString('base64');
    }
  }
  return out;
}

/** In the page. */
async function inPage({ wasm, spec, files, input, guest, fresh, hold }) {
  const { pith } = window;
  const bytes = (b) => Uint8Array.from(atob(b), (c) => c.charCodeAt(0));
  const place = `/wasi${[...guest].map((c) => c.charCodeAt(0)).join('-')}`;
  await pith.vfs.delete(place);
  await pith.vfs.createDirectory(place);
  for (const [name, data] of Object.entries(files ?? {})) {
    if (data === null)
      await pith.vfs.createDirectory(`${place}/${name}`);
    else if (typeof data === 'object')
      await pith.run(['/bin/ln', '-s', data.link, `${place}/${name}`]);
    else
      await pith.vfs.writeFile(`${place}/${name}`, bytes(data));
  }
  if (input)
    await pith.vfs.writeFile('/tmp/input', bytes(input));
  await pith.api_load_binary('case', bytes(wasm));
  const how = { env: { ...(spec.env ?? {}) }, path: '/usr/local/bin/case',
    // with --hold-stdin a terminal where nobody types, otherwise nothing to read
    stdin: input ? '/tmp/input' : hold ? '/dev/ptmx' : undefined,
    preopens: fresh && files ? { [place]: guest } : {},
    grants: ['stdio', 'time', 'random', ...(files ? [`fs ${place} rw`] : [])] };
  const r = await pith.run([spec.name, ...(spec.args ?? []).map(String)], how);
  const text = (b) => {
    let s = '';
    for (let i = 0; i < b.length; i += 0x8000)
      s += String.fromCharCode(...b.subarray(i, i + 0x8000));
    return btoa(s);
  };
  return { code: r.code, out: text(r.stdout), err: text(r.stderr) };
}

const glob = (pattern) => new RegExp(`^${pattern.replace(/[.+^${}()|\\[\]]/g, '\\$&')
  .replace(/\*/g, '[^]*').replace(/\?/g, '.')}$`);

function judge(spec, dir, r) {
  const out = Buffer.from(r.out, 'base64'), err = Buffer.from(r.err, 'base64');
  const want = spec.exit_code ?? 0;
  if (want === 'trap' ? r.code !== 134 : r.code !== want)
    return `exit code ${r.code}, not ${want}: ${err.toString().slice(0, 150)}`;
  const file = (name) => fs.readFileSync(path.join(dir, name));
  if (spec.stdout !== undefined && out.toString() !== spec.stdout)
    return `stdout ${JSON.stringify(out.toString().slice(0, 80))}`;
  if (spec.stderr !== undefined && err.toString() !== spec.stderr)
    return `stderr ${JSON.stringify(err.toString().slice(0, 80))}`;
  if (spec.stdout_file && !out.equals(file(spec.stdout_file)))
    return 'stdout is not the file';
  if (spec.stdout_glob && !glob(spec.stdout_glob).test(out.toString()))
    return `stdout ${JSON.stringify(out.toString().slice(0, 80))}`;
  if (spec.stdout_sha1 && createHash('sha1').update(out).digest('hex') !==
      spec.stdout_sha1)
    return 'stdout has another sum';
  return null;
}

const server = await serve();
const browser = await launch();
listen(browser);
const page = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
await page.goto(`${server.url}?memory`);
await settled(page);
let passed = 0, failed = 0, skipped = 0;
const seen = new Set();
for (const wasm of positionals.flatMap((d) => [...programs(d)])) {
  const dir = path.dirname(wasm), name = path.basename(wasm, '.wasm');
  const short = wasm.split(path.sep).slice(-3).join('/').replace(/\.wasm$/, '');
  const json = path.join(dir, `${name}.json`);
  const spec = fs.existsSync(json) ? JSON.parse(fs.readFileSync(json)) : {};
  if (spec.host_imports) {
    skipped++;
    continue;
  }
  const guest = spec.root_guest ?? '/';
  const fresh = !seen.has(guest);
  if (spec.root)
    seen.add(guest);
  let why = null;
  try {
    why = judge(spec, dir, await Promise.race([
      page.evaluate(inPage, { wasm: fs.readFileSync(wasm).toString('base64'),
        spec: { ...spec, name: `${name}.wasm` }, guest, fresh,
        hold: options['hold-stdin'],
        files: spec.root ? tree(path.join(dir, spec.root)) : null,
        input: spec.stdin_file
          && fs.readFileSync(path.join(dir, spec.stdin_file)).toString('base64') }),
      new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error('not done after a minute')), 60000);
      })]));
  } catch (e) {
    why = [e.message.split('\n')[0], ...await report([page])].join('\n');
  }
  if (!why === !known.has(short)) {
    passed++;
  } else {
    failed++;
    console.log(why ? `FAIL ${short}: ${why}`
      : `FAIL ${short}: passes, and must go from wasi-differences.txt`);
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
await browser.close();
server.end();
process.exit(failed ? 1 : 0);
