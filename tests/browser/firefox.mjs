// SPDX-License-Identifier: Apache-2.0
// The smoke subset in Debian's Firefox: boot, a shell session, files that outlive
// reload and browser. `firefox.mjs --pith P --site S --modules M --out SHOTS`.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Firefox } from './bidi.mjs';
import { deepProgram, inFront, options, positionals, serve, sleep, TRAP_FRAMES, trapProgram } from './harness.mjs';
import { runTests } from './report.mjs';

const server = await serve();
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'pith-firefox-'));
fs.mkdirSync(options.out, { recursive: true });
let f = await Firefox.launch(profile);
console.log(`Firefox ${f.version}`);

const settled = () => f.until(() => document.body?.dataset.booted
  ? 'booted' : document.body?.dataset.trouble);
const screen = () => f.evaluate(() => {
  const b = window.term.buffer.active;
  const lines = [];
  for (let i = 0; i < b.length; i++)
    lines.push(b.getLine(i).translateToString(true));
  return lines.join('\n').trimEnd();
});

async function shows(pattern) {
  for (const end = Date.now() + 30000; ;) {
    const text = await screen();
    if (pattern.test(text))
      return text;
    if (Date.now() > end)
      throw new Error(`the terminal does not show ${pattern}:\n${text}`);
    await sleep(50);
  }
}

const sh = (command) => f.evaluate(async (c) => {
  const r = await window.pith.run(['/bin/sh', '-c', c]);
  const d = new TextDecoder();
  return { code: r.code, out: d.decode(r.stdout), err: d.decode(r.stderr) };
}, command);

const tests = {
  async boot() {
    await f.goto(server.url);
    assert.equal(await settled(), 'booted');
    await shows(/all else locked/); // the first boot asks
    await f.type('\n');
    await shows(/pith:\S+# ?$/);
    await f.screenshot(path.join(options.out, 'firefox.png'));
  },

  async 'a shell session'() {
    await f.type('seq 1 1000 | sort -rn | head -1 | tr 0 o\n');
    await shows(/\n1ooo\n/);
    await f.type('sleep 100 &\njobs\n');
    await shows(/\[1\].*Running +sleep 100/);
    await f.type('kill %1\nsleep 50\n');
    await inFront(f, 'sleep');
    await f.type({ ctrl: 'z' });
    await shows(/\[\d\].*Stopped +sleep 50/);
    await f.type('kill -9 %2; echo one; while :; do :; done\n');
    await shows(/^one$/m);
    await f.type({ ctrl: 'c' }, 'echo shell $?\n');
    await shows(/\nshell \d+\n/);
    assert.deepEqual(await sh('echo out | cat; echo err >&2; exit 3'),
      { code: 3, out: 'out\n', err: 'err\n' });
    await f.screenshot(path.join(options.out, 'firefox-shell.png'));
  },

  async 'what many programs write comes in order, and before the end'() {
    const n = 300;
    // each number by a process of its own, so by another Worker
    const r = await sh(`i=0; while [ $i -lt ${n} ]; do (echo $i) | cat; (echo $i >&2); `
      + 'i=$((i+1)); done; (exit 7)');
    const all = Array.from({ length: n }, (_, i) => `${i}\n`).join('');
    assert.deepEqual(r, { code: 7, out: all, err: all });
    for (let i = 0; i < 50; i++)
      assert.equal((await sh(`echo ${i} | cat`)).out, `${i}\n`);
  },

  async 'programs that loop are killed, many run at once'() {
    const r = await sh('i=0; while [ $i -lt 20 ]; do '
      + 'sh -c "while :; do :; done" & kill -9 $!; wait $!; '
      + '[ $? = 137 ] || echo no; i=$((i+1)); done 2>/dev/null; echo done');
    assert.equal(r.out, 'done\n');
    const many = await sh('p=; i=0; while [ $i -lt 60 ]; do sleep 60 & '
      + 'p="$p $!"; i=$((i+1)); done; echo started; kill $p; wait; echo ended');
    assert.equal(many.out, 'started\nended\n');
  },

  async 'files survive a reload, and the browser'() {
    const data = randomBytes(300000);
    await f.evaluate((b) => window.pith.vfs.writeFile('/root/blob',
      Uint8Array.from(atob(b), (c) => c.charCodeAt(0))), data.toString('base64'));
    await sh('sync');
    const sum = createHash('sha256').update(data).digest('hex');
    await f.reload();
    assert.equal(await settled(), 'booted');
    assert.equal((await sh('sha256sum </root/blob')).out.slice(0, 64), sum);
    await f.close();
    f = await Firefox.launch(profile);
    await f.goto(server.url);
    assert.equal(await settled(), 'booted');
    assert.equal((await sh('sha256sum </root/blob')).out.slice(0, 64), sum);
  },
};

tests['a recursion through system calls ends the program alone'] = async () => {
  for (const call of ['getpid', 'getppid', 'getppid']) {
    const r = await f.evaluate(async (b) => {
      await window.pith.api_load_binary('deep', new Uint8Array(b));
      return window.pith.api_execute_binary('deep');
    }, deepProgram(call));
    assert.equal(r.exit_code, 139);
  }
  assert.equal((await sh('echo fine')).out, 'fine\n');
};

tests['a trap tells where'] = async () => {
  await f.evaluate((b) => window.pith.api_load_binary('crash', new Uint8Array(b)),
    trapProgram);
  assert.match((await sh('crash; :')).err, TRAP_FRAMES);
};

tests['a private window: a page, and a system in memory'] = async () => {
  await f.close();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pith-firefox-'));
  fs.writeFileSync(path.join(dir, 'user.js'),
    'user_pref("browser.privatebrowsing.autostart", true);\n');
  f = await Firefox.launch(dir);
  try {
    await f.goto(server.url);
    assert.equal(await settled(), 'no-opfs');
    await f.screenshot(path.join(options.out, 'firefox-private.png'));
    await f.evaluate(() => [...document.querySelectorAll('button')]
      .find((b) => b.textContent === 'Run in memory')?.click());
    await f.until(() => document.body.dataset.booted);
    assert.equal((await sh('echo here')).out, 'here\n');
  } finally {
    await f.close();
    fs.rmSync(dir, { recursive: true, force: true });
    f = await Firefox.launch(profile);
  }
};

const failed = await runTests(tests, positionals,
  { pages: () => [f], after: async () => {} });
await f.close();
server.end();
fs.rmSync(profile, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
