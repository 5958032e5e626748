// SPDX-License-Identifier: Apache-2.0
// The storage Worker: SQLite (storage.wasm) over files of the origin private
// file system, or over memory where that is not to be had. The first time it
// fetches the system's image. Then it sleeps in Atomics.wait until the kernel
// asks for something (storage.h).

import { makeGlue } from './glue.js';

const FILES = ['disk', 'disk-wal', 'disk-journal'];
const EIO = -5;
const STORAGE_ASKED = 1;
const STORAGE_DONE = 2;
const STORAGE_CLOSE = 5; // enum storage_op
const STORAGE_READ = 6;
const STORAGE_LEAVE = 9;

/** A file in memory with the methods of a FileSystemSyncAccessHandle. */
class MemoryFile {
  constructor() {
    this.bytes = new Uint8Array(1 << 16);
    this.size = 0;
  }
  getSize() { return this.size; }
  flush() {}
  close() {}
  truncate(size) {
    this.#room(size);
    if (size < this.size)
      this.bytes.fill(0, size, this.size);
    this.size = size;
  }
  read(to, { at }) {
    const n = Math.max(0, Math.min(to.length, this.size - at));
    to.set(this.bytes.subarray(at, at + n));
    return n;
  }
  write(from, { at }) {
    this.#room(at + from.length);
    this.bytes.set(from, at);
    this.size = Math.max(this.size, at + from.length);
    return from.length;
  }
  #room(size) {
    if (size <= this.bytes.length)
      return;
    const more = new Uint8Array(Math.max(size, this.bytes.length * 2));
    more.set(this.bytes.subarray(0, this.size));
    this.bytes = more;
  }
}

/** @type {any[]} */
let files = [];
let left = 1 << 30; // bytes that still fit
/** @type {any} */
let S; // storage.wasm's exports

class Failure extends Error {
  constructor(why, text) {
    super(text);
    this.why = why;
  }
}

// ---- the image ------------------------------------------------------------------

const hex = (buffer) => [...new Uint8Array(buffer)]
  .map((b) => b.toString(16).padStart(2, '0')).join('');

/** The system's image, checked. @param {{url: string, sha256: string, size: number}} image */
async function fetchImage(image) {
  let response;
  try {
    response = await fetch(image.url);
  } catch (e) {
    throw new Failure('network', String(e.message));
  }
  if (!response.ok)
    throw new Failure('network', `${image.url}: ${response.status}`);
  // what comes through the network is what is counted
  const of = Number(response.headers.get('content-length')) || image.size;
  let done = 0;
  /** @type {any} */
  const came = response.body?.getReader();
  const bytes = new Uint8Array(image.size);
  let n = 0;
  try {
    let { value: first = new Uint8Array(0) } = await came.read();
    const [a, b] = first;
    let stream = new ReadableStream({
      async pull(out) {
        const piece = first ?? (await came.read()).value;
        first = null;
        done += piece?.length ?? 0;
        if (piece)
          out.enqueue(piece);
        else
          out.close();
      } });
    // A server may have said that it is compressed, and the browser undone it.
    if (a === 0x1f && b === 0x8b)
      stream = stream.pipeThrough(new DecompressionStream('gzip'));
    for (const reader = stream.getReader(); ;) {
      const { done: all, value } = await reader.read();
      if (all)
        break;
      if (n + value.length > bytes.length)
        throw new Failure('image', 'it is longer than it should be');
      bytes.set(value, n);
      n += value.length;
      postMessage({ t: 'progress', done, of: Math.max(done, of) });
    }
  } catch (e) {
    throw e instanceof Failure ? e : new Failure('network', String(e.message));
  }
  const sum = hex(await crypto.subtle.digest('SHA-256', bytes.subarray(0, n)));
  if (n !== image.size || sum !== image.sha256)
    throw new Failure('image', 'its checksum is wrong');
  return bytes;
}

// ---- files -------------------------------------------------------------------------

async function openOpfs() {
  let dir;
  try {
    dir = await navigator.storage.getDirectory();
    dir = await dir.getDirectoryHandle('pith', { create: true });
  } catch (e) {
    throw new Failure('no-opfs', String(e.message));
  }
  // The page before this one may not have let go of them yet.
  const until = performance.now() + 5000;
  const handle = async (name) => {
    const f = await dir.getFileHandle(name, { create: true });
    for (;;) {
      try {
        return await f.createSyncAccessHandle();
      } catch (e) {
        if (e.name !== 'NoModificationAllowedError' ||
            performance.now() > until)
          throw e;
        await new Promise((resolve) => { setTimeout(resolve, 10); });
      }
    }
  };
  try {
    for (const name of FILES)
      files.push(await handle(name));
  } catch (e) {
    for (const f of files)
      f.close();
    files = [];
    throw new Failure(
      e.name === 'NoModificationAllowedError' ? 'busy' : 'no-opfs',
      String(e.message));
  }
  return dir;
}

/** A file that says which image the disk was made from, once it is whole. */
async function installed(dir) {
  try {
    const f = await dir.getFileHandle('installed');
    return await (await f.getFile()).text();
  } catch {
    return '';
  }
}

async function markInstalled(dir, text) {
  const f = await dir.getFileHandle('installed', { create: true });
  const h = await f.createSyncAccessHandle();
  h.truncate(0);
  h.write(new TextEncoder().encode(text), { at: 0 });
  h.flush();
  h.close();
}

function putDisk(bytes) {
  for (const f of files)
    f.truncate(0);
  try {
    files[0].write(bytes, { at: 0 });
  } catch (e) {
    throw new Failure('full', String(e.message));
  }
  for (const f of files)
    f.flush();
}

async function prepare({ image, memory, disk, reset }) {
  let dir = null;
  if (memory)
    files = FILES.map(() => new MemoryFile());
  else
    dir = await openOpfs();
  const had = dir && !disk && !reset ? await installed(dir) : '';
  if (had)
    return { dir, how: 'kept', old: !!image && had !== image.sha256 };
  if (dir)
    await dir.removeEntry('installed').catch(() => {});
  putDisk(disk ?? await fetchImage(image));
  if (dir)
    await markInstalled(dir, image?.sha256 ?? 'imported');
  return { dir, how: 'made', old: false };
}

/*
 * The site has a newer system than the disk was made from: bring the disk up to
 * it. It is no misfortune when the network is not there.
 */
async function upgrade(dir, image) {
  let bytes;
  try {
    bytes = await fetchImage(image);
  } catch {
    return 'kept';
  }
  files[3] = new MemoryFile();
  files[4] = new MemoryFile();
  files[3].write(bytes, { at: 0 });
  const r = S.disk_upgrade();
  files.length = 3;
  if (r < 0)
    throw new Failure('disk', diskError() || `error ${-r}`);
  await markInstalled(dir, image.sha256);
  return r ? 'upgraded' : 'kept';
}

function diskError() {
  const b = new Uint8Array(S.memory.buffer, S.disk_error(), 256);
  return new TextDecoder().decode(b.subarray(0, b.indexOf(0)));
}

// ---- storage.wasm ------------------------------------------------------------------

function fileImports(memory) {
  const view = (at, n) => new Uint8Array(memory().buffer, at, n);
  const tried = (fn) => {
    try {
      return fn();
    } catch (e) {
      postMessage({ t: 'log', text: `storage: ${e.name}: ${e.message}\n` });
      return e.name === 'QuotaExceededError' ? 2 : 1;
    }
  };
  return {
    read(f, to, n, at) {
      try {
        return files[f].read(view(to, n), { at });
      } catch {
        return -1;
      }
    },
    write: (f, from, n, at) => tried(() =>
      files[f].write(view(from, n), { at }) === n ? 0 : 2),
    truncate: (f, size) => tried(() => (files[f].truncate(size), 0)),
    flush: (f) => tried(() => (files[f].flush(), 0)),
    size: (f) => files[f].getSize(),
    space: () => Math.max(0, left - files[0].getSize() - files[1].getSize()),
    now: () => Date.now(),
    random: (at, n) => crypto.getRandomValues(view(at, n)),
  };
}

async function start(m) {
  const { dir, how, old } = await prepare(m);
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  if (estimate?.quota && !m.memory)
    left = estimate.quota - (estimate.usage ?? 0) + files[0].getSize();
  /** @type {any} */
  let instance = null;
  const memory = () => instance.exports.memory;
  // The glue needs the memory that comes with the instance: bound afterwards.
  /** @type {any} */
  let glue = null;
  instance = new WebAssembly.Instance(m.module, {
    files: fileImports(memory),
    glue: {
      copy_in: (to, from, n) => glue.copy_in(to, from, n),
      copy_out: (to, from, n) => glue.copy_out(to, from, n),
    },
    wasi_snapshot_preview1: new Proxy({}, { get: () => () => 8 }), // EBADF
  });
  glue = makeGlue(m.kernelMemory, instance.exports.memory);
  S = instance.exports;
  S._initialize();
  const r = S.disk_open(0);
  if (r < 0)
    throw new Failure('disk', diskError() || `error ${-r}`);
  return old ? upgrade(dir, m.image) : how;
}

/** A piece of the disk's file: struct storage_request. */
function readDisk(memory, words) {
  const BUFFER = 512 << 10;
  const n = Math.max(0, Math.min(words[12], BUFFER, files[0].getSize() - words[10]));
  const piece = new Uint8Array(n);
  words[3] = files[0].read(piece, { at: words[10] });
  new Uint8Array(memory.buffer, words[7], n).set(piece);
}

/** Until the kernel closes the disk. After a trap the database is left alone. */
function serve(memory, at) {
  const words = new Int32Array(memory.buffer, at, 14);
  for (let open = true; open;) {
    for (let w; (w = Atomics.load(words, 0)) !== STORAGE_ASKED;)
      Atomics.wait(words, 0, w);
    const op = words[1];
    open = op !== STORAGE_CLOSE && op !== STORAGE_LEAVE;
    try {
      if (op === STORAGE_READ)
        readDisk(memory, words);
      else if (op !== STORAGE_LEAVE)
        S.disk_serve(at);
    } catch (e) {
      postMessage({ t: 'log', text: `storage: ${e.message}\n` });
      S = { disk_serve() { throw e; } };
      words[3] = EIO;
      words[8] = words[9] = 0; // no rows
    }
    if (!open)
      files.forEach((f) => f.close());
    Atomics.store(words, 0, STORAGE_DONE);
    Atomics.notify(words, 0);
  }
}

onmessage = async ({ data: m }) => {
  if (m.t === 'start') {
    try {
      postMessage({ t: 'ready', how: await start(m) });
    } catch (e) {
      postMessage({ t: 'failed', why: e.why ?? 'error',
        text: String(e.message ?? e) });
    }
  } else if (m.t === 'serve') {
    serve(m.kernelMemory, m.at);
  }
};
