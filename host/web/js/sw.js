// SPDX-License-Identifier: Apache-2.0
// The service worker: keeps the site for offline use, and adds the headers that
// isolate the page where the host does not send them. The network goes first,
// so that a new version is seen at the next load; the cache serves when there is
// no network. The root image is not kept: it is on the disk already.

const CACHE = 'pith-1';
const FILES = ['./', 'index.html', 'style.css', 'icon.svg', 'old.js', 'terminal.js',
  'pith.js', 'machine.js', 'worker.js', 'storage.js', 'glue.js', 'net.js', 'errors.js', 'trymon.js',
  'xterm.mjs', 'xterm.css', 'kernel.wasm', 'storage.wasm',
  'image.json', 'manifest.webmanifest'];
const WAIT_MS = 4000; // for the network, when there is a copy

const sw = /** @type {any} */ (self);

sw.addEventListener('install', (e) => {
  sw.skipWaiting();
  e.waitUntil(caches.open(CACHE).then((c) => c.addAll(FILES)));
});

sw.addEventListener('activate', (e) => {
  e.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith('pith-') && name !== CACHE)
        await caches.delete(name);
    }
    await sw.clients.claim();
  })());
});

/** @param {Response} r */
function isolated(r) {
  if (r.type === 'opaque' || r.status === 0)
    return r;
  const headers = new Headers(r.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  return new Response(r.body, { status: r.status, statusText: r.statusText,
    headers });
}

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  const options = kept ? { signal: AbortSignal.timeout(WAIT_MS) } : {};
  try {
    const r = await fetch(request, options);
    if (r.ok && kept)
      await cache.put(request, r.clone());
    return isolated(r);
  } catch (e) {
    if (kept)
      return isolated(kept);
    throw e;
  }
}

sw.addEventListener('fetch', (e) => {
  const url = new URL(e.request.url);
  if (e.request.method === 'GET' && url.origin === location.origin)
    e.respondWith(answer(e.request));
});
