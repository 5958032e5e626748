// SPDX-License-Identifier: Apache-2.0
// The page: boots the system and shows its console in xterm.js.

import { Pith, TROUBLES, whatIsMissing } from './pith.js';

// Three quarters of all the code that the page loads: it comes while the system
// boots, which does not wait for it.
const xterm = import('./xterm.mjs');
xterm.catch(() => {}); // start() looks

/** @param {string} id */
const $ = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {Record<string, [string, () => void]>} */
const ACTIONS = {
  reload: ['Try again', () => location.reload()],
  takeover: ['Take over', () => start({ takeover: true })],
  memory: ['Run in memory', () => start({ memory: true })],
  reset: ['Begin anew', () => {
    if (confirm('Everything on the disk will be gone.'))
      start({ reset: true });
  }],
  rescue: ['Save the file', async () => {
    const dir = await navigator.storage.getDirectory();
    save(await (await (await dir.getDirectoryHandle('pith')).getFileHandle('disk'))
      .getFile());
  }],
};

/** @param {Blob} blob */
function save(blob) {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = 'disk.pith';
  a.click();
}

function show(id) {
  for (const x of ['terminal', 'boot', 'trouble'])
    $(x).hidden = x !== id;
  $('keys').hidden = id !== 'terminal';
}

function trouble(why, detail = '') {
  const t = TROUBLES[why] ?? TROUBLES.error;
  document.body.dataset.trouble = why;
  $('trouble-title').textContent = t.title;
  $('trouble-text').textContent = t.text;
  $('trouble-detail').textContent = detail === why ? '' : detail;
  $('trouble-actions').replaceChildren(...t.actions.map((name) => {
    const b = document.createElement('button');
    [b.textContent] = ACTIONS[name];
    [, b.onclick] = ACTIONS[name];
    return b;
  }));
  show('trouble');
}

const light = matchMedia('(prefers-color-scheme: light)');

const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** The page's colours (style.css), for the terminal. */
function theme() {
  const style = getComputedStyle(document.body);
  const values = style.getPropertyValue('--colours').trim().split(/\s+/);
  const names = [...COLOURS, ...COLOURS.map((c) =>
    `bright${c[0].toUpperCase()}${c.slice(1)}`)];
  return { background: style.backgroundColor, foreground: style.color,
    cursor: style.color, cursorAccent: style.backgroundColor,
    selectionBackground: '#7bc47f66',
    ...Object.fromEntries(names.map((name, i) => [name, values[i]])) };
}

/** The keys that touch screens lack, and Ctrl for the next one typed. */
const KEYS = { Esc: '\x1b', Tab: '\t', Ctrl: '', '|': '|', '/': '/', '-': '-', '←': 'D',
  '↑': 'A', '↓': 'B', '→': 'C' };

/** @param {any} term @param {(text: string) => void} input */
function keyBar(term, input) {
  const bar = $('keys');
  let ctrl = false;
  const hold = (on) => {
    ctrl = on;
    bar.classList.toggle('ctrl', on);
  };
  for (const [name, code] of Object.entries(KEYS)) {
    const b = document.createElement('button');
    b.textContent = name;
    b.onpointerdown = (e) => e.preventDefault(); // the keyboard stays
    b.onclick = () => {
      if (!code)
        hold(!ctrl);
      else if (/[A-D]/.test(code))
        input((term.modes.applicationCursorKeysMode ? '\x1bO' : '\x1b[') + code);
      else
        input(code);
      term.focus();
    };
    bar.append(b);
  }
  return (text) => {
    const held = ctrl && text.length === 1;
    hold(false);
    return held ? String.fromCharCode(text.charCodeAt(0) & 31) : text;
  };
}

/**
 * The disk to a file and back. A file is tried in memory before it takes the place
 * of the disk. @param {any} pith
 */
function diskMenu(pith) {
  $('load').hidden = !pith.unlock; // it has none of its own
  $('save').onclick = async () => save(new Blob([await pith.exportDisk()]));
  $('load').onchange = async ({ target }) => {
    const file = /** @type {any} */ (target).files[0];
    const disk = new Uint8Array(await file.arrayBuffer());
    const use = (how) => new Pith({ disk, ...how }).api_kernel_init();
    try {
      /** @type {any} */ (await use({ memory: true })).machine.stop();
      if (confirm('Replace the disk by this file?')) {
        pith.handlers.clear();
        await use({ takeover: true });
        location.reload();
      }
    } catch (e) {
      alert(e);
    }
  };
}

/** @param {Pith} pith */
async function openTerminal(pith) {
  const { Terminal, FitAddon } = await xterm;
  show('terminal');
  const term = new Terminal({
    cursorBlink: true,
    fontFamily: '"DejaVu Sans Mono", ui-monospace, Menlo, Consolas, monospace',
    fontSize: innerWidth < 600 ? 13 : 15,
    scrollback: 5000,
    minimumContrastRatio: 4.5,
    theme: theme(),
  });
  light.onchange = () => { term.options.theme = theme(); };
  const fit = new FitAddon();
  term.loadAddon(fit);
  term.open($('terminal'));
  fit.fit();
  const size = () => pith.resize(term.rows, term.cols);
  term.onResize(size);
  size();
  new ResizeObserver(() => fit.fit()).observe($('terminal'));
  // what a keyboard on the screen leaves
  const seen = /** @type {VisualViewport} */ (visualViewport);
  seen.onresize = () => {
    document.documentElement.style.setProperty('--seen', `${seen.height}px`);
  };
  const typed = keyBar(term, (text) => pith.input(text));
  term.onData((text) => pith.input(typed(text)));
  term.onBinary((text) =>
    pith.input(Uint8Array.from(text, (c) => c.charCodeAt(0))));
  term.focus();
  return term;
}

async function start(options) {
  delete document.body.dataset.trouble;
  show('boot');
  const missing = whatIsMissing();
  if (missing === 'no-isolation' && await viaServiceWorker())
    return;
  const query = new URLSearchParams(location.search);
  const pith = new Pith({ manualFlow: true,
    memory: query.has('memory'), ...options });
  /** @type {import('./xterm.mjs').Terminal | null} */
  let term = null;
  const early = [];
  pith.on('output', (o) => {
    if (term)
      term.write(o.bytes, o.shown);
    else
      early.push(o);
  });
  pith.on('log', (text) => console.info(text));
  pith.on('progress', ({ done, of }) => {
    $('stage').textContent = `Fetching the system: ${(done / 1e6).toFixed(1)} of `
      + `${(of / 1e6).toFixed(1)} MB`;
    const bar = /** @type {HTMLProgressElement} */ ($('progress'));
    bar.hidden = false;
    bar.value = done / of;
  });
  pith.on('halt', (code) => {
    document.body.dataset.halted = String(code);
    term?.write(`\r\n\x1b[2mThe system has ended (${code}). `
      + 'Reload the page to start it again.\x1b[0m\r\n');
  });
  pith.on('taken', () => trouble('taken'));
  try {
    await pith.api_kernel_init();
  } catch (e) {
    trouble(e.why ?? 'error', e.message);
    return;
  }
  try {
    term = await openTerminal(pith);
  } catch (e) {
    pith.leave();
    trouble('network', e.message);
    return;
  }
  for (const o of early)
    term.write(o.bytes, o.shown);
  diskMenu(pith);
  Object.assign(window, { pith, term });
  document.body.dataset.booted = String(Math.round(performance.now()));
  addEventListener('pagehide', () => pith.leave());
  addEventListener('pageshow', (e) => e.persisted && location.reload());
  // Whoever closes the tab has not lost what was written till then.
  addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden' && pith.state === 'Running')
      pith.sync().catch(() => {});
  });
}

/*
 * The service worker serves the page offline, and with the headers that plain
 * hosting does not send. True: the page is about to be loaded again.
 */
async function viaServiceWorker() {
  if (!('serviceWorker' in navigator) || !isSecureContext)
    return false;
  const registration = await navigator.serviceWorker.register('sw.js')
    .catch(() => null);
  if (!registration || sessionStorage.getItem('pith-isolating'))
    return false;
  sessionStorage.setItem('pith-isolating', '1');
  await navigator.serviceWorker.ready;
  location.reload();
  return true;
}

document.body.dataset.started = '1';
if (globalThis.crossOriginIsolated) {
  sessionStorage.removeItem('pith-isolating');
  navigator.serviceWorker?.register('sw.js').catch(() => {});
}
start({});
