// SPDX-License-Identifier: Apache-2.0
// Running tests one after the other, each with a bound; and what is said of one
// that fails, in a few lines: what it waited for may not come twice.

import { sleep } from './harness.mjs';

const BOUND_MS = Number(process.env.PITH_TEST_MS ?? 120000);
const ASK_MS = 5000; // for a page to answer
const SHORT = 300;
const LINES = 14;

/** What browsers said since the test began. @type {string[]} */
let said = [];
const note = (text) => said.push(text.slice(0, SHORT));

/** fn's answer, or an error after so long. */
function within(ms, why, promise) {
  return Promise.race([promise, sleep(ms).then(() => { throw new Error(why); })]);
}

/** @param {any} browser a playwright Browser: what happens in it is noted */
export function listen(browser) {
  browser.on('disconnected', () => note('the browser has ended'));
  const make = browser.newContext.bind(browser);
  browser.newContext = async (...args) => {
    const context = await make(...args);
    context.on('page', (page) => {
      page.on('crash', () => note(`${page.url()} has crashed`));
      page.on('pageerror', (e) => note(`error: ${e.message}`));
      page.on('console', (m) => m.type() === 'error' && note(m.text()));
    });
    return context;
  };
}

/** In the page: its own state, and that of the kernel's CPUs. */
function inPage() {
  const { pith, term, document: { body } } = /** @type {any} */ (window);
  const lines = [`page: ${JSON.stringify({ ...body.dataset })}`];
  const b = term?.buffer.active;
  const screen = [];
  for (let i = 0; i < (b?.length ?? 0); i++)
    screen.push(b.getLine(i).translateToString(true));
  lines.push(...screen.join('\n').trimEnd().split('\n').slice(-3).map((l) => `| ${l}`));
  const m = pith?.machine;
  if (!m?.K)
    return lines;
  const living = m.workers.filter((w) => w && !w.dead);
  const gone = m.workers.filter((w) => w?.dead).map((w) => w.cpu);
  const at = m.K.cpus_state();
  const bytes = new Uint8Array(m.memory.buffer, at, 1 << 14).slice();
  const words = (area, n) => [...new Int32Array(m.memory.buffer, area, n)].join(' ');
  lines.push(`Workers: ${living.length} (${m.idle.length} idle, ${m.starting} `
    + `starting), ${m.freeCpus.length} CPUs free; ${m.waiting.length} tasks wait`
    + `${m.halted ? '; halted' : ''}`,
  `news: ${[...m.news].join(' ')}; api: ${words(m.K.api_area(), 2)}; `
    + `storage: ${words(m.K.storage_area(), 2)}; net: ${words(m.K.net_area(), 4)}`,
  ...pith.logs.slice(-3).flatMap((l) => `log: ${l}`.split('\n').slice(0, 8)));
  const decoder = new TextDecoder();
  for (const [pid, run] of pith.running) {
    const out = [...run.stdout, ...run.stderr].map((b) => decoder.decode(b)).join('');
    lines.push(`${pid} has said: ${out.trimEnd().split('\n').slice(-2).join(' / ')}`);
  }
  const text = decoder.decode(bytes.subarray(0, bytes.indexOf(0)));
  for (const line of text.trimEnd().split('\n')) {
    const cpu = Number(/^cpu (\d+)/.exec(line)?.[1]);
    if (!/kernel's own/.test(line) && !/: job \d+ dead$/.test(line))
      lines.push(gone.includes(cpu) ? `${line}: but its Worker has ended` : line);
  }
  return lines;
}

/** What can be told of pages in which something went wrong. @param {any[]} pages */
export async function report(pages) {
  const lines = [];
  for (const page of pages) {
    const its = await within(ASK_MS, 'it does not answer', page.evaluate(inPage))
      .catch((e) => [e.message.split('\n')[0]]);
    lines.push(...its.slice(0, LINES).map((l) => `  ${l.slice(0, SHORT)}`));
  }
  return [...lines, ...said.slice(-5).map((l) => `  it was said: ${l}`)];
}

/**
 * @param {Record<string, () => Promise<any>>} tests
 * @param {string[]} wanted parts of names; none: all
 * @param {{pages: () => any[], after: () => Promise<any>}} how what `evaluate` can be
 *   asked of, and what is done behind each test
 * @returns {Promise<number>} how many failed
 */
export async function runTests(tests, wanted, { pages, after }) {
  let passed = 0, failed = 0;
  const again = [];
  process.on('unhandledRejection', (e) => note(`unhandled: ${e}`));
  for (const [name, test] of Object.entries(tests)) {
    if (wanted.length && !wanted.some((p) => name.includes(p)))
      continue;
    const from = Date.now();
    said = [];
    try {
      await within(BOUND_MS, `not done after ${BOUND_MS / 1000} s`, test());
      passed++;
      console.log(`ok ${name} (${Date.now() - from} ms)`);
    } catch (e) {
      failed++;
      const [first, ...more] = e.message.split('\n');
      const lines = [`FAIL ${name}: ${first}`, ...await report(pages())];
      again.push(...lines);
      lines.splice(1, 0, ...more);
      console.log(lines.join('\n'));
    }
    await within(BOUND_MS / 4, 'what it opened does not close', after())
      .catch((e) => console.log(`  ${name}: ${e.message}`));
  }
  // once more: ./test shows the end of what is printed here
  again.slice(0, LINES).forEach((l) => console.log(l));
  console.log(`${passed} passed, ${failed} failed`);
  return failed;
}
