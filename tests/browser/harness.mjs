// SPDX-License-Identifier: Apache-2.0
// What tests and benchmarks of the browser's system share: the server, the
// browser, a page with a system in it.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

export const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { pith: { type: 'string' }, site: { type: 'string' },
    modules: { type: 'string' }, out: { type: 'string' },
    usertests: { type: 'string' }, program: { type: 'string' },
    peer: { type: 'string' }, real: { type: 'string' },
    threads: { type: 'string' }, wide: { type: 'string' }, 'hold-stdin': { type: 'boolean' } },
});

const require = createRequire(path.resolve(options.modules, 'x.js'));
const { chromium } = require('playwright-core');

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** `pith web` on a free port: {url, end()}. */
export async function serve(...more) {
  const child = spawn(options.pith,
    ['web', '--port', '0', '--site', options.site, ...more],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((resolve, reject) => {
    child.stdout.once('data', (d) => resolve(/http:\S+/.exec(String(d))[0]));
    child.once('exit', () => reject(new Error('pith web ended')));
  });
  return { url, end: () => child.kill() };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.PITH_CHROMIUM ?? '/usr/bin/chromium',
    // a host out there, as programs see it
    args: ['--no-sandbox', '--host-resolver-rules=MAP test.example 127.0.0.1'],
  });
}

/** A browser with a profile on disk: others keep their files in memory. */
export async function launchOnDisk(serviceWorkers = 'block') {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pith-web-'));
  const context = await chromium.launchPersistentContext(dir, {
    executablePath: process.env.PITH_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'], serviceWorkers });
  return { context, end: async () => {
    await context.close();
    fs.rmSync(dir, { recursive: true, force: true });
  } };
}

/** The page is up: a system runs in it, or it says what is wrong. */
export async function settled(page, timeout = 60000) {
  await page.waitForFunction(() => document.body.dataset.booted
    || document.body.dataset.trouble, null, { timeout });
  return page.evaluate(() => document.body.dataset.trouble ?? 'booted');
}

/** Everything the terminal holds. */
export function screen(page) {
  return page.evaluate(() => {
    const b = window.term.buffer.active;
    const lines = [];
    for (let i = 0; i < b.length; i++)
      lines.push(b.getLine(i).translateToString(true));
    return lines.join('\n').trimEnd();
  });
}

/** Wait until the terminal's text matches. */
export async function shows(page, pattern, timeout = 30000) {
  const until = Date.now() + timeout;
  for (;;) {
    const text = await screen(page);
    if (pattern.test(text))
      return text;
    if (Date.now() > until)
      throw new Error(`the terminal does not show ${pattern}:\n${text}`);
    await sleep(30);
  }
}

/** Wait until fn() answers something that is true: that. */
export async function until(fn, ms = 30000) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await fn();
    if (answer)
      return answer;
    if (Date.now() > end)
      throw new Error(`not in time: ${fn}`);
    await sleep(30);
  }
}

/** Wait until this program runs in front on the terminal (proc(5), stat). */
export function inFront(page, name) {
  return until(() => page.evaluate(async (program) => {
    const { vfs } = window.pith;
    for (const e of await vfs.listDirectory('/proc')) {
      const stat = /^\d+$/.test(e.name) ? new TextDecoder().decode(
        await vfs.readFile(`/proc/${e.name}/stat`).catch(() => new Uint8Array(0))) : '';
      const m = /^\d+ \((.*)\) [RS] \d+ (\d+) \d+ \d+ (\d+)/.exec(stat);
      if (m?.[1] === program && m[2] === m[3])
        return true;
    }
    return false;
  }, name));
}

/** Run a shell command beside the terminal: {code, out, err}. */
export function sh(page, command) {
  return page.evaluate(async (c) => {
    const r = await window.pith.run(['/bin/sh', '-c', c]);
    const d = new TextDecoder();
    return { code: r.code, out: d.decode(r.stdout), err: d.decode(r.stderr) };
  }, command);
}

/** A program whose _start calls the system, and then _start. */
export function deepProgram(call) {
  const name = (t) => [t.length, ...Buffer.from(t)];
  const section = (id, ...b) => [id, b.length, ...b];
  return [0, 97, 115, 109, 1, 0, 0, 0,
    ...section(1, 2, 0x60, 0, 1, 0x7f, 0x60, 0, 0),
    ...section(2, 1, ...name('pith'), ...name(call), 0, 0),
    ...section(3, 1, 1), ...section(7, 1, ...name('_start'), 0, 1),
    ...section(10, 1, 7, 0, 0x10, 0, 0x1a, 0x10, 1, 0x0b)];
}

/** _start calls, in a loop, what has a loop and then traps; what is said of it. */
export const trapProgram = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0,
  3, 3, 2, 0, 0, 7, 10, 1, 6, ...Buffer.from('_start'), 0, 0, 10, 17, 2,
  7, 0, 3, 0x40, 0x10, 1, 0x0b, 0x0b, 7, 0, 3, 0x40, 0x0b, 1, 0, 0x0b];
export const TRAP_FRAMES =
  /unreachable\n +#0 +function 1 at 0x30\n +#1 +\S.* at 0x26\n(?! +#)/;
