// SPDX-License-Identifier: Apache-2.0
// What a person is told when the system cannot start, and what can be done.

/**
 * @typedef {'reload' | 'takeover' | 'memory' | 'reset' | 'rescue'} Action
 * @type {Record<string, {title: string, text: string, actions: Action[]}>}
 */
export const TROUBLES = {
  busy: {
    title: 'Pith is already running',
    text: 'It runs in another tab of this browser, and its disk can be used by '
      + 'one at a time. Go to that tab, or take over: the other one then writes '
      + 'what it has and ends.',
    actions: ['takeover', 'memory'],
  },
  taken: {
    title: 'Another tab has taken over',
    text: 'Everything was written to the disk; this one has ended.',
    actions: ['reload'],
  },
  'no-isolation': {
    title: 'This page is not isolated',
    text: 'Pith needs memory that its parts share, which a browser allows only '
      + 'in pages served with the headers Cross-Origin-Opener-Policy: same-origin '
      + 'and Cross-Origin-Embedder-Policy: require-corp, over https or from '
      + 'localhost. Serve it with "pith web".',
    actions: ['reload'],
  },
  'old-browser': {
    title: 'This browser is too old',
    text: 'Pith needs Chrome or Edge 102, Firefox 114, Safari 17 or newer.',
    actions: [],
  },
  'no-opfs': {
    title: 'There is nowhere to keep files',
    text: 'This browser gives the page no private file system, as is usual in '
      + 'private windows. Pith can run in memory: everything works, and all is '
      + 'forgotten when the tab closes.',
    actions: ['memory', 'reload'],
  },
  network: {
    title: 'The system could not be fetched',
    text: 'The first start needs the network. Later ones do not.',
    actions: ['reload'],
  },
  image: {
    title: 'The system image is damaged',
    text: 'What was fetched is not what the site announced, and was not '
      + 'installed.',
    actions: ['reload'],
  },
  full: {
    title: 'There is no room',
    text: 'The browser has no room for the system\'s disk (about 20 MB). Free '
      + 'some space, or run in memory.',
    actions: ['reload', 'memory'],
  },
  disk: {
    title: 'The disk cannot be read',
    text: 'The file that holds your files is damaged, or from a newer version. '
      + 'You can run in memory meanwhile, save the file as it is, or begin '
      + 'anew, which forgets everything on it.',
    actions: ['memory', 'rescue', 'reset'],
  },
  memory: {
    title: 'There is not enough memory',
    text: 'The browser refused the memory that the kernel needs. Close other '
      + 'tabs and try again.',
    actions: ['reload'],
  },
  error: {
    title: 'Pith could not start',
    text: 'Something went wrong that should not have.',
    actions: ['reload', 'memory'],
  },
};

/** Why this browser cannot run Pith at all; null when it can. */
export function whatIsMissing() {
  const modern = typeof WebAssembly === 'object' && !!navigator.locks &&
    typeof Atomics === 'object' && typeof BigInt === 'function' &&
    typeof crypto?.randomUUID === 'function';
  if (globalThis.isSecureContext && !modern)
    return 'old-browser';
  if (!globalThis.crossOriginIsolated || typeof SharedArrayBuffer !== 'function')
    return 'no-isolation';
  return modern ? null : 'old-browser';
}
