// SPDX-License-Identifier: Apache-2.0
// The terminal as the site has it (xterm.js, built small by host/web/xterm):
// what a person does with it works, and it is as small as it is said to be.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { inFront, launchOnDisk, options, screen, settled, shows, sleep, until }
  from './harness.mjs';

const PROMPT = /pith:\S+# ?$/;

/** Where the cell at a column and row is, on the page. */
function cell(page, column, row) {
  return page.evaluate(([x, y]) => {
    const s = document.querySelector('.xterm-screen').getBoundingClientRect();
    return { x: s.left + (x + 0.5) * s.width / window.term.cols,
      y: s.top + (y + 0.5) * s.height / window.term.rows };
  }, [column, row]);
}

/** As if a program had printed it. */
function print(page, text) {
  return page.evaluate((t) => new Promise((resolve) => {
    window.term.write(t, () => requestAnimationFrame(() =>
      requestAnimationFrame(resolve)));
  }), text);
}

async function drag(page, from, to) {
  const a = await cell(page, ...from), b = await cell(page, ...to);
  await page.mouse.move(a.x, a.y);
  await page.mouse.down();
  await page.mouse.move((a.x + b.x) / 2, (a.y + b.y) / 2);
  await page.mouse.move(b.x, b.y);
  await page.mouse.up();
}

/** The computed style of the text on the screen. */
function styleOf(page, text, name) {
  return page.evaluate(([t, n]) => {
    const span = [...document.querySelectorAll('.xterm-rows span')]
      .find((s) => s.textContent.includes(t));
    return getComputedStyle(span)[n];
  }, [text, name]);
}

const top = (page) => page.evaluate(() => window.term.buffer.active.viewportY);
const base = (page) => page.evaluate(() => window.term.buffer.active.baseY);

/** What the tests of the page share comes from run.mjs. */
export function terminalTests({ booted, shot }) {
  return {
    async 'terminal: colours, styles, wide characters'() {
      const page = await booted('?memory', { colorScheme: 'dark' });
      await shows(page, PROMPT);
      await print(page, '\x1b[2J\x1b[H\x1b[92mgreen\x1b[0m \x1b[48;2;1;2;3mback\x1b[0m '
        + '\x1b[38;5;208morange\x1b[0m \x1b[1mbold\x1b[0m \x1b[4;9mlines\x1b[0m '
        + '\x1b[7minverse\x1b[0m\r\n日本語|e\u0301|한|\r\n'
        + '\x1b(0lqk`~\x1b(B lq\r\n\x0elq\x0f\x1b)0\x0emj\x0f\r\n');
      assert.equal(await styleOf(page, 'green', 'color'), 'rgb(155, 227, 159)');
      assert.equal(await styleOf(page, 'back', 'backgroundColor'), 'rgb(1, 2, 3)');
      assert.equal(await styleOf(page, 'orange', 'color'), 'rgb(255, 135, 0)');
      assert.equal(await styleOf(page, 'bold', 'fontWeight'), '700');
      assert.equal(await styleOf(page, 'inverse', 'color'), 'rgb(20, 22, 26)');
      assert.equal(await styleOf(page, 'inverse', 'backgroundColor'),
        'rgb(230, 230, 230)');
      assert.match(await styleOf(page, 'lines', 'textDecorationLine'),
        /^underline line-through$/);
      assert.match(await screen(page), /\n┌─┐◆· lq\nlq└┘$/);
      const widths = await page.evaluate(() => {
        const line = window.term.buffer.active.getLine(
          window.term.buffer.active.viewportY + 1);
        return [0, 1, 2, 6, 7, 9].map((i) => [line.getCell(i).getChars(),
          line.getCell(i).getWidth()]);
      });
      assert.deepEqual(widths, [['日', 2], ['', 0], ['本', 2], ['|', 1],
        ['e\u0301', 1], ['한', 2]]);
      await shot(page, 'terminal');
      return page;
    },

    async 'terminal: fits its window, and says so to programs'() {
      const page = await booted('?memory');
      await shows(page, PROMPT);
      const size = () => page.evaluate(() => {
        const s = document.querySelector('.xterm-screen').getBoundingClientRect();
        return { rows: window.term.rows, cols: window.term.cols, right: s.right,
          bottom: s.bottom };
      });
      for (const [width, height] of [[1000, 640], [390, 660], [1600, 900]]) {
        await page.setViewportSize({ width, height });
        const gap = (s) => [width - s.right, height - s.bottom];
        const s = await until(async () => {
          const now = await size();
          return gap(now).every((n) => n >= 0 && n < 40) && now;
        });
        await page.keyboard.type('clear; stty size\n');
        await shows(page, new RegExp(`^${s.rows} ${s.cols}$`, 'm'));
      }
      return page;
    },

    async 'terminal: scrolls back, by wheel, keys and touch'() {
      const page = await booted('?memory', { hasTouch: true });
      await shows(page, PROMPT);
      await page.keyboard.type('seq 1 300\n');
      await shows(page, /\n300\n/);
      const bottom = await until(async () => {
        const b = await base(page);
        return b > 200 && await top(page) === b && b;
      });
      const { x, y } = await cell(page, 10, 10);
      await page.mouse.move(x, y);
      await page.mouse.wheel(0, -400);
      await until(async () => await top(page) < bottom - 5);
      await sleep(300); // it is smooth
      const up = await top(page);
      const first = await page.evaluate(() =>
        document.querySelector('.xterm-rows').firstElementChild.textContent);
      assert.match(first, /^\d+\s*$/);
      // output that comes meanwhile does not move what is being read
      await print(page, 'more\r\n');
      assert.equal(await top(page), up);
      await page.keyboard.press('Shift+PageUp');
      await until(async () => await top(page) < up - 5);
      // a key returns to the end
      await page.keyboard.type(' ');
      await until(async () => await top(page) === await base(page));
      const cdp = await page.context().newCDPSession(page);
      const touch = (type, ...points) => cdp.send('Input.dispatchTouchEvent',
        { type, touchPoints: points });
      await touch('touchStart', { x, y });
      for (let by = 10; by <= 300; by += 10) {
        await touch('touchMove', { x, y: y + by });
        await sleep(10);
      }
      await touch('touchEnd');
      await until(async () => await top(page) < await base(page) - 5);
      await page.evaluate(() => window.term.clear());
      await until(async () => await top(page) === 0);
      await page.keyboard.type('echo after\n');
      await shows(page, /\nafter\n/);
      return page;
    },

    async 'terminal: selecting, copying, pasting'() {
      const page = await booted('?memory');
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await shows(page, PROMPT);
      await print(page, '\x1b[2J\x1b[Hone two three\r\nfour five six\r\n');
      const selected = () => page.evaluate(() => window.term.getSelection());
      await drag(page, [4, 0], [4, 1]);
      assert.equal(await selected(), 'two three\nfour');
      const { x, y } = await cell(page, 6, 1);
      await page.mouse.dblclick(x, y);
      assert.equal(await selected(), 'five');
      await page.keyboard.press('Control+Insert');
      await page.evaluate(() => document.execCommand('copy'));
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
        'five');
      await page.evaluate(() => navigator.clipboard.writeText('echo pas""ted\n'));
      await page.keyboard.press('Control+Shift+v');
      await shows(page, /\npasted\n/);
      return page;
    },

    async 'terminal: the mouse, for programs that ask'() {
      const page = await booted('?memory');
      await shows(page, PROMPT);
      await page.evaluate(() => {
        window.sent = '';
        window.term.onData((t) => { window.sent += t; });
      });
      await print(page, '\x1b[2J\x1b[H\x1b[?1049h\x1b[?1002h\x1b[?1006h');
      await drag(page, [2, 3], [7, 5]);
      const { x, y } = await cell(page, 4, 4);
      await page.mouse.move(x, y);
      await page.mouse.wheel(0, -100);
      const sent = () => page.evaluate(() => window.sent);
      // pressed at 3;4, moved, released at 8;6, wheel up at 5;5
      await until(async () =>
        /^\x1b\[<0;3;4M(\x1b\[<32;\d+;\d+M)+\x1b\[<0;8;6m(\x1b\[<64;5;5M)+$/
          .test(await sent()));
      assert.equal(await page.evaluate(() => window.term.hasSelection()), false);
      await print(page, '\x1b[?1002l\x1b[?1006l');
      // full-screen programs without it get arrow keys
      await page.evaluate(() => { window.sent = ''; });
      await page.mouse.wheel(0, 100);
      await until(async () => /^(\x1b\[B)+$/.test(await sent()));
      await print(page, '\x1b[?1049l');
      return page;
    },

    async 'terminal: an input method composes'() {
      const page = await booted('?memory');
      await shows(page, PROMPT);
      await page.keyboard.type('cat\n');
      await inFront(page, 'cat');
      const cdp = await page.context().newCDPSession(page);
      await cdp.send('Input.imeSetComposition', { text: 'に', selectionStart: 1,
        selectionEnd: 1 });
      await cdp.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3,
        selectionEnd: 3 });
      assert.equal(await page.evaluate(() =>
        document.querySelector('.composition-view').textContent), 'にほん');
      await shot(page, 'composing');
      await cdp.send('Input.insertText', { text: '日本' });
      await sleep(100);
      await page.keyboard.type('\n');
      await shows(page, /\n日本\n日本$/);
      assert.doesNotMatch(await screen(page), /にほん/);
      await page.keyboard.press('Control+d');
      return page;
    },

    async 'terminal: on a phone, with the keys that it lacks'() {
      const page = await booted('?memory', { viewport: { width: 390, height: 760 },
        isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
      await shows(page, PROMPT);
      const fits = await page.evaluate(() => [
        document.querySelector('.xterm-screen').getBoundingClientRect().bottom,
        document.getElementById('keys').getBoundingClientRect().top,
        document.documentElement.scrollWidth]);
      assert.ok(fits[0] <= fits[1] && fits[2] <= 390, fits.join());
      const key = (name) => page.tap(`#keys button:text-is("${name}")`);
      await page.keyboard.type('sleep 60\n');
      await inFront(page, 'sleep');
      await key('Ctrl');
      await page.keyboard.type('c');
      await shows(page, /\^C\n.*# ?$/);
      await page.keyboard.type('seq 2 ');
      await key('|');
      await page.keyboard.type(' wc -l\n');
      await shows(page, /\n2\n/);
      await page.evaluate(() => {
        window.sent = '';
        window.term.onData((t) => { window.sent += t; });
      });
      await page.keyboard.type('cat -v\n');
      await inFront(page, 'cat');
      await key('↑');
      await print(page, '\x1b[?1h');
      await key('←');
      await key('Esc');
      await page.keyboard.type('\n');
      await shows(page, /\^\[\[A\^\[OD\^\[\n/);
      await shot(page, 'phone');
      return page;
    },

    async 'terminal: dark and light'() {
      const page = await booted('?memory', { colorScheme: 'light' });
      await shows(page, PROMPT);
      const ground = () => page.evaluate(() => [document.body,
        document.querySelector('.xterm-rows')].map((e) =>
        getComputedStyle(e)[e === document.body ? 'backgroundColor' : 'color']));
      assert.deepEqual(await ground(), ['rgb(251, 251, 249)', 'rgb(31, 35, 40)']);
      await page.emulateMedia({ colorScheme: 'dark' });
      await until(async () => (await ground()).join(' ')
        === 'rgb(20, 22, 26) rgb(230, 230, 230)');
      return page;
    },

    async 'terminal: links of programs can be followed'() {
      const page = await booted('?memory');
      await shows(page, PROMPT);
      await print(page, '\x1b[2J\x1b[H\x1b]8;;https://example.org/a\x07there\x1b]8;;\x07\r\n');
      let asked = '';
      page.on('dialog', (d) => { asked = d.message(); d.dismiss(); });
      const { x, y } = await cell(page, 2, 0);
      await page.mouse.move(x, y + 40);
      await page.mouse.move(x, y);
      await sleep(200);
      await page.mouse.click(x, y);
      await until(() => /https:\/\/example\.org\/a/.test(asked));
      return page;
    },
  };
}

const LIMITS = { kernel: 300e3, JavaScript: 60e3, image: 6e6 };

/** Everything through here is counted: {url, seen: path -> bytes, end()}. */
async function counting(url) {
  const to = new URL(url);
  /** @type {Map<string, number>} */
  const seen = new Map();
  const proxy = http.createServer((q, s) => {
    const up = http.request({ host: to.hostname, port: to.port, path: q.url,
      method: q.method, headers: q.headers }, (r) => {
      s.writeHead(r.statusCode, r.headers);
      r.on('data', (d) => seen.set(q.url, (seen.get(q.url) ?? 0) + d.length));
      r.pipe(s);
    });
    up.on('error', () => s.destroy());
    q.pipe(up);
  });
  await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
  return { url: `http://localhost:${proxy.address().port}/`, seen,
    end: () => { proxy.closeAllConnections(); proxy.close(); } };
}

/** What a first visit transfers, the service worker's copies included. */
export function sizeTests(server) {
  return {
    async 'what a first visit transfers'() {
      const through = await counting(server.url);
      const { context, end } = await launchOnDisk('allow');
      try {
        const page = await context.newPage();
        await page.goto(through.url);
        assert.equal(await settled(page), 'booted');
        await page.evaluate(() => navigator.serviceWorker.ready);
        await sleep(500);
      } finally {
        await end();
        through.end();
      }
      const sum = (pattern) => [...through.seen]
        .filter(([name]) => pattern.test(name)).reduce((n, [, b]) => n + b, 0);
      const got = { kernel: sum(/^\/kernel\.wasm$/), JavaScript: sum(/\.m?js$/),
        image: sum(/^\/root-.*\.gz$/) };
      // each one came, whole and compressed
      const names = fs.readdirSync(options.site).filter((f) => /\.m?js$/.test(f));
      for (const name of [...names, 'kernel.wasm', 'storage.wasm']) {
        assert.equal(through.seen.get(`/${name}`),
          fs.statSync(path.join(options.site, `${name}.br`)).size, name);
      }
      for (const [what, limit] of Object.entries(LIMITS)) {
        console.log(`   ${what}: ${got[what]} bytes of at most ${limit}`);
        assert.ok(got[what] > 0 && got[what] <= limit, what);
      }
      console.log(`   storage (SQLite): ${sum(/^\/storage\.wasm$/)}; all: ${sum(/./)}`);
      return null;
    },
  };
}
