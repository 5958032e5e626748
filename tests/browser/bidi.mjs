// SPDX-License-Identifier: Apache-2.0
// Debian's Firefox, driven by WebDriver BiDi over a WebSocket of its own
// (--remote-debugging-port): playwright needs a Firefox that it has patched.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

/**
 * A client for WebSocket: text messages to fn, and a function that sends one.
 * @param {string} url @param {(text: string) => void} fn @param {() => void} ended
 * @returns {Promise<{send: (text: string) => void, close: () => void}>}
 */
function webSocket(url, fn, ended) {
  return new Promise((resolve, reject) => {
    const q = http.request(url.replace(/^ws/, 'http'), { headers: {
      Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64') } });
    q.on('error', reject);
    q.on('response', (r) => reject(new Error(`${url}: ${r.statusCode}`)));
    q.on('upgrade', (r, socket, head) => {
      let have = head, message = [];
      const take = () => {
        while (have.length >= 2) {
          let n = have[1] & 127, at = 2;
          if (n === 126) {
            if (have.length < 4)
              return;
            n = have.readUInt16BE(2);
            at = 4;
          } else if (n === 127) {
            if (have.length < 10)
              return;
            n = Number(have.readBigUInt64BE(2));
            at = 10;
          }
          if (have.length < at + n)
            return;
          const [first] = have;
          if ((first & 15) < 8)
            message.push(have.subarray(at, at + n));
          have = have.subarray(at + n);
          if ((first & 0x80) && (first & 15) < 8) {
            fn(Buffer.concat(message).toString());
            message = [];
          }
        }
      };
      socket.on('error', () => {});
      socket.on('close', ended);
      socket.on('data', (d) => { have = Buffer.concat([have, d]); take(); });
      resolve({
        close: () => socket.destroy(),
        send(text) {
          const body = Buffer.from(text), n = body.length;
          const head2 = n < 126 ? Buffer.from([0x81, 0x80 | n])
            : n < 65536 ? Buffer.from([0x81, 0xfe, n >> 8, n & 255])
              : Buffer.from([0x81, 0xff, 0, 0, 0, 0, n >>> 24, n >> 16 & 255,
                n >> 8 & 255, n & 255]);
          const mask = randomBytes(4); // one of zeros Firefox takes for none
          mask[0] |= 1;
          socket.write(Buffer.concat([head2, mask,
            body.map((b, i) => b ^ mask[i & 3])]));
        },
      });
      take();
    });
    q.end();
  });
}

/** Values of scripts in BiDi's form, back to plain ones. */
function plain(v) {
  switch (v?.type) {
  case 'array':
    return v.value.map(plain);
  case 'object':
    return Object.fromEntries(v.value.map(([k, x]) => [k, plain(x)]));
  default:
    return v?.value;
  }
}

export class Firefox {
  /** @param {string} [profile] a directory that outlives the browser */
  static async launch(profile) {
    const f = new Firefox();
    f.own = !profile;
    f.profile = profile ?? fs.mkdtempSync(path.join(os.tmpdir(), 'pith-firefox-'));
    f.child = spawn(process.env.PITH_FIREFOX ?? '/usr/bin/firefox-esr',
      ['--headless', '--no-remote', '--profile', f.profile,
        '--remote-debugging-port', '0', 'about:blank'],
      { stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, HOME: f.profile, MOZ_DISABLE_CONTENT_SANDBOX: '1' } });
    const base = await new Promise((resolve, reject) => {
      let text = '';
      f.child.stderr.on('data', (d) => {
        text += d;
        const m = /listening on (ws:\S+)/.exec(text);
        if (m)
          resolve(m[1]);
      });
      f.child.once('exit', () => reject(new Error(`Firefox ended: ${text}`)));
    });
    f.waiting = new Map();
    f.last = 0;
    f.socket = await webSocket(`${base}/session`, (text) => {
      const m = JSON.parse(text);
      const w = f.waiting.get(m.id);
      f.waiting.delete(m.id);
      if (m.type === 'error')
        w?.[1](new Error(`${m.error}: ${m.message}`));
      else
        w?.[0](m.result);
    }, () => {
      f.closed = true;
      for (const [, reject] of f.waiting.values())
        reject(new Error('Firefox has closed the connection'));
    });
    const s = await f.call('session.new', { capabilities: {} });
    f.version = s.capabilities.browserVersion;
    const { contexts } = await f.call('browsingContext.getTree', {});
    f.context = contexts[0].context;
    return f;
  }

  call(method, params) {
    return new Promise((resolve, reject) => {
      if (this.closed)
        reject(new Error('Firefox has closed the connection'));
      this.waiting.set(++this.last, [resolve, reject]);
      this.socket.send(JSON.stringify({ id: this.last, method, params }));
    });
  }

  goto(url) {
    return this.call('browsingContext.navigate',
      { context: this.context, url, wait: 'complete' });
  }

  reload() {
    return this.call('browsingContext.reload',
      { context: this.context, wait: 'complete' });
  }

  /** fn, a function of the page's, with an argument that is JSON. */
  async evaluate(fn, arg = null) {
    const r = await this.call('script.callFunction', {
      functionDeclaration: `async (json) => (${fn})(JSON.parse(json))`,
      arguments: [{ type: 'string', value: JSON.stringify(arg) }],
      target: { context: this.context }, awaitPromise: true,
      serializationOptions: { maxObjectDepth: 10 } });
    if (r.type === 'exception')
      throw new Error(r.exceptionDetails.text);
    return plain(r.result);
  }

  /** Until fn() of the page is true. */
  async until(fn, ms = 30000) {
    for (const end = Date.now() + ms; ;) {
      const v = await this.evaluate(fn).catch(() => null); // it may be loading
      if (v)
        return v;
      if (Date.now() > end)
        throw new Error(`not in time: ${fn}`);
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }

  /** Keys, one after the other; {ctrl: 'c'} is a chord. */
  async type(...keys) {
    const actions = [];
    const press = (value) => actions.push({ type: 'keyDown', value },
      { type: 'keyUp', value });
    for (const k of keys) {
      if (typeof k === 'string') {
        [...k].forEach((c) => press(c === '\n' ? '\uE006' : c));
      } else {
        actions.push({ type: 'keyDown', value: '\uE009' });
        press(k.ctrl);
        actions.push({ type: 'keyUp', value: '\uE009' });
      }
    }
    await this.call('input.performActions', { context: this.context,
      actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  async screenshot(file) {
    const r = await this.call('browsingContext.captureScreenshot',
      { context: this.context });
    fs.writeFileSync(file, Buffer.from(r.data, 'base64'));
  }

  async close() {
    const gone = new Promise((resolve) => { this.child.once('exit', resolve); });
    await this.call('browser.close', {}).catch(() => this.child.kill());
    this.socket.close();
    await Promise.race([gone, new Promise((resolve) => {
      setTimeout(resolve, 5000).unref(); })]);
    this.child.kill('SIGKILL');
    if (this.own)
      fs.rmSync(this.profile, { recursive: true, force: true });
  }
}
