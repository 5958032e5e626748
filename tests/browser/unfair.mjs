// SPDX-License-Identifier: Apache-2.0
// A browser that is as unfair as it may be: messages of different Workers come in
// any order and late, those of a Worker that is terminated are lost, and memory is
// there only for who asks again. A loaded browser does that now and then; here it
// is so in every run.

import assert from 'node:assert/strict';
import http from 'node:http';
import { sleep } from './harness.mjs';

/** Before the page's own scripts. */
export function unfair() {
  const Fair = window.Worker;
  window.Worker = class extends Fair {
    constructor(url, how) {
      super(url, how);
      this.free = 0; // when the last message will have come
      this.gone = false;
      const cpu = how.name.startsWith('cpu');
      super.addEventListener('message', (e) => {
        e.stopImmediatePropagation();
        const now = performance.now();
        const late = cpu && Math.random() < 0.3 ? Math.random() * 60 : 0;
        this.free = Math.max(this.free, now + late);
        setTimeout(() => this.gone || this.told?.(e), this.free - now);
      });
    }
    set onmessage(fn) { this.told = fn; }
    terminate() {
      this.gone = true;
      super.terminate();
    }
  };
  const fair = window.fetch;
  window.fetch = async (what, ...how) => {
    const r = await fair(what, ...how);
    return !String(what).endsWith('/worker.js') ? r : new Response(`{
      const Memory = WebAssembly.Memory;
      let refused = false;
      WebAssembly.Memory = function (limits) {
        refused = limits.shared && !refused;
        if (refused)
          throw new RangeError('no memory');
        return new Memory(limits);
      };
    }\n` + await r.text());
  };
}

/** sh(command): {code, out, err} in a page that has been made unfair. */
export async function unfairTest(sh) {
  // output in its order and before the end, from one Worker after the other
  for (let i = 0; i < 20; i++) {
    const r = await sh(`(echo ${i}) | cat; (echo b >&2); echo c; (exit 3)`);
    assert.deepEqual(r, { code: 3, out: `${i}\nc\n`, err: 'b\n' });
  }
  // nobody is left, and the CPUs are there again
  const looped = await sh(`i=0; while [ $i -lt 20 ]; do
    sh -c "while :; do :; done" & kill -9 $!; wait $!; [ $? = 137 ] || echo no
    i=$((i+1)); done 2>/dev/null; echo done`);
  assert.equal(looped.out, 'done\n');
  const many = await sh(`p=; i=0; while [ $i -lt 80 ]; do sleep 60 & p="$p $!"
    i=$((i+1)); done; echo started; kill $p; wait; echo ended`);
  assert.equal(many.out, 'started\nended\n');
}

/** A request is ended when its program is, whoever has cleaned up after it. */
export async function unfairNetwork(sh, host) {
  const open = new Set();
  let asked = 0;
  const server = http.createServer((q, r) => {
    if (q.url !== '/hang') {
      r.end();
      return;
    }
    asked++;
    open.add(r);
    r.on('close', () => open.delete(r));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = /** @type {any} */ (server.address());
  await sh(`wget -O /dev/null http://${host}:${port}/`);
  const r = await sh(`cd /tmp; i=0; while [ $i -lt 20 ]; do
    echo ${port} | cut >cut & p=$!; until [ -s cut ]; do :; done
    kill -9 $p; wait $p; >cut; i=$((i+1)); done 2>/dev/null; echo done`);
  assert.equal(r.out, 'done\n');
  await sleep(500);
  for (let i = 0; i < 30 && open.size; i++)
    await sleep(100);
  server.closeAllConnections();
  server.close();
  assert.equal(open.size, 0, `of ${asked}`);
}

/** tests/threads: Workers that wait are not asked, but terminated. */
export async function unfairThreads(sh) {
  for (let i = 0; i < 3; i++) {
    for (const [name, code] of [['storm-exit', 9], ['exit', 7], ['exit-busy', 7],
      ['trap-busy', 134]]) {
      const r = await sh(`threads ${name} 2>&1 >/dev/null; echo $?`);
      assert.equal(r.out.split('\n').at(-2), `${code}`, `${name}: ${r.out}`);
    }
    const r = await sh('threads hang & sleep 0.1; kill $!; wait $!; echo $?');
    assert.equal(r.out, '143\n');
  }
}

/**
 * A Worker says that there is no memory to be had, so those that are idle go, and
 * all just when a task is to begin: not on one that goes.
 */
export async function unfairMemory(page, sh) {
  await page.evaluate(() => {
    const { machine } = window.pith;
    window.poor = 0;
    window.watching = setInterval(() => {
      const [head, tail] = machine.news;
      if (machine.idle.length < 2 || head === tail)
        return;
      window.poor++;
      machine.idle[0].worker.told({ data: { t: 'poor' } });
    }, 0);
  });
  const r = await sh(`i=0; while [ $i -lt 100 ]; do (echo $i) | cat
    i=$((i+1)); done | tail -1`);
  const poor = await page.evaluate(() => {
    clearInterval(window.watching);
    return window.poor;
  });
  assert.equal(r.out, '99\n');
  assert.notEqual(poor, 0);
}
