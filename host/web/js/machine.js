// SPDX-License-Identifier: Apache-2.0
// The page's side of the system: it makes Workers, hands tasks to them, and
// never waits. What the Workers do is in worker.js and, mostly, in the kernel.

const GRACE_MS = 30; // for a dead CPU to notice by itself
const MOST = 118; // Workers; web.h has WEB_TASKS, Chromium 124 memories
const WARM = 4; // idle Workers to have at hand
const PAGE = 65536;
const RING = 65536; // console.c
const NEWS = { RING: 262144, HEADER: 20, OUTPUT: 1, CAPTURED: 2, SPAWNED: 3,
  EXITED: 4, PROCESS: 5, CHANGED: 6, START: 7, KILL: 8, DROP: 9, FORGET: 10,
  PART: 11, NET: 12, API: 13, LOG: 14, BOOTED: 15, HALT: 16 }; // tell.c, web.h
const KERNEL_PAGES = { initial: 1024, maximum: 16384, shared: true };

/** Why the system cannot run here: `why` names a page of errors.js. */
export class BootError extends Error {
  /** @param {string} why @param {string} [text] */
  constructor(why, text) {
    super(text ?? why);
    this.why = why;
  }
}

/**
 * @typedef {object} Settings
 * @property {string} base where kernel.wasm and the rest are
 * @property {{url: string, sha256: string, size: number}} image
 * @property {boolean} [memory] no disk: all is forgotten at the end
 * @property {boolean} [ephemeral] the disk is only read
 * @property {boolean} [network] false: no program reaches beyond the tab
 * @property {boolean} [reset] make the disk anew
 * @property {Uint8Array} [disk] a disk to use instead of the image
 * @property {string} [command] for a shell, instead of a login
 * @property {(event: string, data: any) => void} event
 */

function kernelMemory() {
  try {
    return new WebAssembly.Memory(KERNEL_PAGES);
  } catch (e) {
    throw new BootError('memory', e.message);
  }
}

export class Machine {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.event = settings.event;
    /** @type {any} the kernel's exports */
    this.K = null;
    /** @type {WebAssembly.Module | null} */
    this.kernelModule = null;
    /** @type {WebAssembly.Module | null} */
    this.storageModule = null;
    /** @type {any} a WebAssembly.Memory, shared by all */
    this.memory = null;
    /** @type {Worker | null} */
    this.storage = null;
    /** @type {Worker | null} */
    this.net = null;
    /** @type {{words: Int32Array, ring: Uint8Array}} */
    this.console = { words: new Int32Array(6), ring: new Uint8Array(0) };
    /** @type {Uint8Array[] | null} typed, but not in the ring yet */
    this.pending = null;
    /** what Workers tell: head, tail, whether this page sleeps, the last memory
     * that it knows of, how often there was none, Workers that go (tell.c) */
    this.news = new Int32Array(6);
    /** of a message to the network that is on its way @type {Uint8Array[]} */
    this.parts = [];
    /** to itself, when there is more to hear */
    this.more = new MessageChannel();
    this.more.port1.onmessage = () => this.#hear();
    /** @type {((w: any) => void)[]} */
    this.idleCalls = [];
    /** @type {(() => void) | null} */
    this.onApi = null;
    /** @type {(() => void) | null} */
    this.onStop = null;
    /** @type {(() => void) | null} */
    this.onBooted = null;
    /** @type {any[]} */
    this.workers = [];
    /** @type {any[]} */
    this.idle = [];
    /** @type {{task: number, program: boolean, shared: any}[]} */
    this.waiting = [];
    /** @type {Map<number, WebAssembly.Module>} */
    this.modules = new Map();
    /** dropped before they came @type {Set<number>} */
    this.gone = new Set();
    /** shared ones of programs @type {Map<number, WebAssembly.Memory>} */
    this.memories = new Map();
    /** @type {number[]} */
    this.freeCpus = [];
    this.starting = 0;
    /** the Workers' script: in this page, or where it was fetched from */
    this.script = this.scriptUrl = new URL('worker.js', import.meta.url).href;
    this.jobs = 0; // counted: each has a number of its own
    this.halted = false;
    this.id = crypto.randomUUID();
    this.started = performance.now();
  }

  // ---- booting ---------------------------------------------------------------

  async boot() {
    const { base } = this.settings;
    const get = async (url) => {
      const r = await fetch(url).catch(() => null);
      if (!r?.ok)
        throw new BootError('network', `${url}: ${r ? r.status : 'no answer'}`);
      return r;
    };
    const compile = async (name) => WebAssembly.compile(
      await (await get(new URL(name, base))).arrayBuffer());
    const [kernelModule, storageModule] = await Promise.all(
      [compile('kernel.wasm'), compile('storage.wasm'),
        get(this.scriptUrl).then(async (r) => this.#keepScript(await r.text()))]);
    this.kernelModule = kernelModule;
    this.storageModule = storageModule;
    this.memory = kernelMemory();
    // Here it is only asked where things are; it never runs.
    const nothing = new Proxy({}, { get: () => () => 0 });
    const K = new WebAssembly.Instance(kernelModule,
      { env: { memory: this.memory }, host: nothing }).exports;
    this.K = K;
    this.K.set_cpus(navigator.hardwareConcurrency ?? 1);
    for (let i = this.K.cpu_max() - 1; i >= 0; i--)
      this.freeCpus.push(i);
    this.#layout();
    this.#writeSettings();
    const disk = this.#startStorage();
    for (let i = 0; i < WARM + 2; i++)
      this.#addWorker(i >= 2);
    const storage = await disk;
    storage.postMessage({ t: 'serve', kernelMemory: this.memory,
      at: this.K.storage_area() });
    const booted = new Promise((resolve) => { this.onBooted = () => resolve(0); });
    this.#whenIdle((w) => {
      w.busy = true;
      w.worker.postMessage({ t: 'boot', ...this.#clock(w) });
    });
    await booted;
    this.event('booted', performance.now() - this.started);
  }

  /**
   * A Worker made later must not wait for a network that is slow by now, nor be of
   * a newer version than the kernel.
   */
  #keepScript(text) {
    const whole = text.replace(/'(\.\/\w+\.js)'/g,
      (_, file) => `'${new URL(file, import.meta.url)}'`);
    this.script = URL.createObjectURL(new Blob([whole], { type: 'text/javascript' }));
  }

  #layout() {
    const at = this.K.console_area();
    this.console = {
      words: new Int32Array(this.memory.buffer, at, 6),
      ring: new Uint8Array(this.memory.buffer, at + 24, RING),
    };
    this.news = new Int32Array(this.memory.buffer, this.K.told_area(), 6);
  }

  #writeSettings() {
    const { command, ephemeral, memory, network = true } = this.settings;
    let text = '';
    if (command !== undefined)
      text += `command=${command}\0`;
    if (ephemeral)
      text += 'ephemeral=1\0';
    if (memory)
      text += 'memory=1\0';
    if (network)
      text += 'network=1\0';
    const bytes = new TextEncoder().encode(text + '\0');
    if (bytes.length > 8000)
      throw new BootError('error', 'the command is too long');
    new Uint8Array(this.memory.buffer, this.K.settings_area(), bytes.length)
      .set(bytes);
  }

  /** @returns {Promise<Worker>} */
  #startStorage() {
    const { base, image, memory, reset, disk } = this.settings;
    const storage = new Worker(new URL('storage.js', import.meta.url),
      { type: 'module', name: 'storage' });
    this.storage = storage;
    return new Promise((resolve, reject) => {
      // Firefox before 114 knows no module Workers
      storage.onerror = (e) => reject(new BootError(
        /\b(import|module)\b/.test(e.message) ? 'old-browser' : 'error', e.message));
      storage.onmessage = ({ data: m }) => {
        switch (m.t) {
        case 'ready':
          this.event('disk', m.how);
          resolve(storage);
          break;
        case 'failed':
          reject(new BootError(m.why, m.text));
          break;
        case 'progress':
          this.event('progress', m);
          break;
        case 'log':
          this.event('log', m.text);
          break;
        }
      };
      storage.postMessage({ t: 'start', module: this.storageModule,
        kernelMemory: this.memory, memory, reset, disk,
        image: image && { ...image, url: new URL(image.url, base).href } });
    });
  }

  // ---- Workers ---------------------------------------------------------------

  /** @param {boolean} program it gets a memory for programs */
  #addWorker(program) {
    // more than there can be tasks: what waits gets one that is about to be idle
    if (this.workers.filter((w) => w && !w.dead).length >= MOST)
      return;
    const cpu = this.freeCpus.pop();
    if (cpu === undefined)
      return;
    const worker = new Worker(this.script, { type: 'module', name: `cpu${cpu}` });
    const w = { worker, cpu, program, job: 0, busy: true, dead: false, ahead: 0,
      lock: `pith-${this.id}-${cpu}-${performance.now()}` };
    this.workers[cpu] = w;
    this.starting++;
    worker.onmessage = ({ data }) => this.#message(w, data);
    worker.onerror = (e) => this.#lost(w, e.message);
    const areaSize = this.K.cpu_area_size();
    worker.postMessage({ t: 'init', cpu, program, lock: w.lock,
      kernelModule: this.kernelModule, kernelMemory: this.memory,
      bootMs: performance.timeOrigin + this.started,
      areaAt: this.K.cpu_area(cpu), areaSize,
      modules: [...this.modules] });
  }

  /** A Worker that cannot even start: what waits for it must not hang. */
  #lost(w, text) {
    this.event('log', `cpu${w.cpu}: ${text}\n`);
    if (w.job === 0 && w.busy) {
      this.starting--;
      this.script = this.scriptUrl; // a page may be told to use no others
    }
    this.#terminate(w);
    this.#soonAnother();
  }

  /** A Worker for tasks that wait, unless one is on its way. */
  #soonAnother() {
    setTimeout(() => {
      if (!this.halted && !this.starting &&
          this.waiting.length + this.idleCalls.length)
        this.#addWorker(true);
    }, 100);
  }

  /**
   * A Worker found no memory to be had: a browser gives about a hundred, and
   * counts those that idle Workers have not yet noticed to be garbage. So they
   * go, and with them what they hold.
   */
  #poor(w, m) {
    if (m.starting)
      this.starting--;
    if (m.job)
      this.waiting.unshift(m.job);
    // none of them may get a task that is heard of meanwhile
    for (const x of this.idle.splice(0))
      this.#terminate(x);
    if (m.starting || m.job)
      this.#terminate(w);
    this.#count(4, 1);
    this.#soonAnother();
  }

  #terminate(w) {
    if (w.dead)
      return;
    w.dead = true;
    this.idle = this.idle.filter((x) => x !== w);
    w.worker.terminate();
    this.#count(5, 1);
    this.#hear(); // its message may be lost
    // Its stack may be used again when it has really gone.
    navigator.locks.request(w.lock, () => {
      this.#count(5, -1);
      this.freeCpus.push(w.cpu);
      if (this.waiting.length > this.starting && !this.halted)
        this.#addWorker(true);
    });
  }

  /** For who waits for memory (tell.c). */
  #count(word, by) {
    Atomics.add(this.news, word, by);
    Atomics.notify(this.news, word);
  }

  #whenIdle(fn) {
    const w = this.idle.pop();
    if (w)
      fn(w);
    else {
      this.idleCalls.push(fn);
      this.#soonAnother(); // should none be left of those that were made
    }
  }

  #becameIdle(w) {
    w.busy = false;
    const fn = this.idleCalls.pop();
    if (fn) {
      fn(w);
      return;
    }
    const next = this.waiting.shift();
    if (next)
      this.#run(w, next);
    else
      this.idle.push(w);
  }

  #run(w, job) {
    w.busy = true;
    w.job = ++this.jobs;
    w.program ||= job.program;
    w.worker.postMessage({ t: 'run', ...job, ...this.#clock(w),
      number: w.job });
  }

  // ---- clocks --------------------------------------------------------------------

  /** Milliseconds since boot: the kernel's monotonic clock. */
  #now() {
    return performance.now() - this.started;
  }

  /** For a Worker, what sets its clock by the page's. */
  #clock(w) {
    const { ahead } = w;
    w.ahead = 0;
    return { now: this.#now(), ahead };
  }

  /** What it said is past, so its clock cannot be later. */
  #compareClock(w, now) {
    w.ahead = Math.max(0, now - this.#now());
  }

  #start(job) {
    // The last one that became idle and has what the task needs.
    let i = this.idle.length - 1;
    while (i >= 0 && this.idle[i].program !== job.program)
      i--;
    if (i < 0)
      i = this.idle.length - 1;
    if (i >= 0)
      this.#run(this.idle.splice(i, 1)[0], job);
    else
      this.waiting.push(job);
    if (this.idle.length + this.starting < WARM + this.waiting.length)
      this.#addWorker(true);
  }

  /** The kernel has declared it dead; perhaps it notices before we end it. */
  #kill(cpu, job) {
    const w = this.workers[cpu];
    setTimeout(() => {
      if (w.busy && w.job === job && !w.dead) {
        this.#terminate(w);
        this.#addWorker(true);
      }
    }, GRACE_MS);
  }

  #tellOthers(w, m) {
    for (const x of this.workers) {
      if (x && x !== w && !x.dead)
        x.worker.postMessage(m);
    }
  }

  /**
   * Messages of different Workers come in any order, and those of one that is
   * terminated may be lost. So there are few; what the kernel says is news.
   */
  #message(w, m) {
    if (w.dead && (m.t === 'idle' || m.t === 'ready'))
      return;
    switch (m.t) {
    case 'ready':
      this.starting--;
      this.#compareClock(w, m.now);
      this.#becameIdle(w);
      break;
    case 'idle':
      this.#compareClock(w, m.now);
      if (m.retire) {
        this.#terminate(w);
        this.#addWorker(true);
      } else {
        this.#becameIdle(w);
      }
      break;
    case 'module':
      if (!this.gone.delete(m.id)) {
        this.modules.set(m.id, m.module);
        this.#tellOthers(w, m);
      }
      break;
    case 'memory': // it waits for this
      this.memories.set(m.id, m.memory);
      Atomics.store(this.news, 3, m.id);
      Atomics.notify(this.news, 3);
      break;
    case 'poor':
      this.#poor(w, m);
      break;
    case 'told':
      this.#hear();
      break;
    case 'panic':
      this.event('log', `cpu${w.cpu}: ${m.text}\n`);
      break;
    case 'halt':
      this.#halt(m.code);
      break;
    }
  }

  /**
   * All news that there are, in their order; those that come meanwhile later, or
   * a page that is told much would do nothing else. A handler that fails does not
   * stop the others.
   */
  #hear() {
    const { news } = this;
    const head = Atomics.load(news, 0);
    Atomics.store(news, 2, 0);
    // by a handler it may be heard further than this
    for (let tail; ((tail = Atomics.load(news, 1)) - head | 0) < 0;) {
      const place = (tail >>> 0) % NEWS.RING;
      let size = NEWS.RING - place;
      let record = () => {};
      if (size >= NEWS.HEADER) {
        const at = news.byteOffset + news.byteLength + place;
        const [n, what, a, b, c] = new Int32Array(this.memory.buffer, at, 5);
        const bytes = new Uint8Array(this.memory.buffer, at + NEWS.HEADER, n).slice();
        size = NEWS.HEADER + ((n + 3) & ~3);
        record = () => this.#heard(what, a, b, c, bytes);
      }
      Atomics.store(news, 1, (tail + size) | 0);
      Atomics.notify(news, 1);
      try {
        record();
      } catch (e) {
        reportError(e);
      }
    }
    Atomics.store(news, 2, 1);
    if (Atomics.load(news, 1) !== Atomics.load(news, 0) && !this.halted)
      this.more.port2.postMessage(0);
  }

  #heard(what, a, b, c, bytes) {
    const text = () => new TextDecoder().decode(bytes);
    switch (what) {
    case NEWS.OUTPUT:
      this.event('output', bytes);
      break;
    case NEWS.CAPTURED:
      this.event('captured', { pid: a, fd: b, bytes });
      break;
    case NEWS.SPAWNED:
      this.event('spawned', a);
      break;
    case NEWS.EXITED:
      this.event('exited', { pid: a, status: b });
      break;
    case NEWS.PROCESS:
      this.event('process', { pid: a, parent_pid: b, name: text(),
        event: c < 0 ? 'start' : 'exit', status: c < 0 ? null : c });
      break;
    case NEWS.CHANGED:
      this.event('files', { path: text(), change: a ? 'removed' : 'written' });
      break;
    case NEWS.START:
      this.#start({ task: a, program: !!b, shared: c && [c, this.memories.get(c)] });
      break;
    case NEWS.KILL:
      this.#kill(a, b);
      break;
    case NEWS.DROP:
      if (!this.modules.delete(a))
        this.gone.add(a);
      this.#tellOthers(null, { t: 'drop', id: a });
      break;
    case NEWS.FORGET:
      this.memories.delete(a);
      break;
    case NEWS.PART:
      this.parts.push(bytes);
      break;
    case NEWS.NET: // behind all of its parts
      this.#network().postMessage({ op: a, id: b, ntext: c,
        parts: this.parts.splice(0) });
      break;
    case NEWS.API:
      this.onApi?.();
      break;
    case NEWS.LOG:
      this.event('log', text());
      break;
    case NEWS.BOOTED:
      this.onBooted?.();
      break;
    case NEWS.HALT:
      this.#halt(a);
      break;
    }
  }

  /** There from the first connection on that leaves the tab. */
  #network() {
    if (!this.net) {
      const net = new Worker(new URL('net.js', import.meta.url),
        { type: 'module', name: 'net' });
      net.onerror = (e) => this.event('log', `net: ${e.message}\n`);
      net.postMessage({ t: 'start', memory: this.memory,
        at: this.K.net_area() });
      this.net = net;
    }
    return this.net;
  }

  #halt(code) {
    if (this.halted)
      return;
    this.#hear();
    this.stop();
    this.onBooted?.();
    this.event('halt', code);
  }

  /** At once, as if the power went. */
  stop() {
    this.halted = true;
    this.onStop?.();
    for (const w of this.workers) {
      if (w && !w.dead)
        w.worker.terminate();
    }
    URL.revokeObjectURL(this.script);
    this.storage?.terminate();
    this.net?.terminate();
  }

  // ---- requests ------------------------------------------------------------------

  /** One request of api.c; the caller sees that they do not overlap. */
  async api(op, path, offset, data) {
    if (this.halted)
      throw new Error('the system has ended');
    const at = this.K.api_area();
    const head = new DataView(this.memory.buffer, at, 24);
    const name = new TextEncoder().encode(path);
    if (name.length >= 4096)
      throw new Error('the path is too long');
    const area = (from, n) => new Uint8Array(this.memory.buffer, at + from, n);
    area(24, 4096).fill(0).set(name);
    if (data)
      area(24 + 4096, data.length).set(data);
    head.setUint32(4, op, true);
    head.setUint32(12, data?.length ?? 0, true);
    head.setBigUint64(16, BigInt(offset), true);
    const answered = new Promise((resolve, reject) => {
      this.onApi = () => resolve(0);
      this.onStop = () => reject(new Error('the system has ended'));
    });
    const word = new Int32Array(this.memory.buffer, at, 1);
    Atomics.store(word, 0, 1);
    Atomics.notify(word, 0);
    await answered;
    const result = head.getInt32(8, true);
    const bytes = area(24 + 4096, head.getUint32(12, true)).slice();
    return { result, bytes,
      text: result < 0 ? new TextDecoder().decode(bytes) : '' };
  }

  /** What is to be told: events of 'process', of 'files'. */
  listen(process, files) {
    this.K?.set_events((process ? 1 : 0) | (files ? 2 : 0));
  }

  // ---- console -----------------------------------------------------------------

  #wake() {
    Atomics.add(this.console.words, 0, 1);
    Atomics.notify(this.console.words, 0);
  }

  /** Typed or pasted bytes; what does not fit yet follows later. */
  input(bytes) {
    if (this.pending) {
      this.pending.push(bytes);
      return;
    }
    const { words, ring } = this.console;
    const head = Atomics.load(words, 1);
    const room = RING - ((head - Atomics.load(words, 2)) >>> 0);
    const n = Math.min(room, bytes.length);
    for (let i = 0; i < n; i++)
      ring[((head >>> 0) + i) % RING] = bytes[i];
    Atomics.store(words, 1, head + n);
    this.#wake();
    if (n < bytes.length) {
      this.pending = [bytes.subarray(n)];
      setTimeout(() => {
        const all = this.pending ?? [];
        this.pending = null;
        all.forEach((b) => this.input(b));
      }, 20);
    }
  }

  resize(rows, cols) {
    Atomics.store(this.console.words, 3, (rows << 16) | cols);
    this.#wake();
  }

  /** The terminal has shown n bytes of output: more may come. */
  shown(n) {
    const { words } = this.console;
    Atomics.sub(words, 4, n);
    Atomics.add(words, 5, 1);
    Atomics.notify(words, 5);
  }
}
