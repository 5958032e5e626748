// SPDX-License-Identifier: Apache-2.0
// The system as a library:
//
//     import { boot } from './pith.js';
//     const pith = await boot();
//     pith.on('output', (bytes) => ...);
//     pith.input('ls\n');
//
// boot() resolves when the first program runs. Everything else is asynchronous
// too: the page never waits for the kernel, it sends and gets an answer.

import { BootError, Machine } from './machine.js';
import { TROUBLES, whatIsMissing } from './errors.js';
import * as trymon from './trymon.js';

export { BootError, TROUBLES, whatIsMissing };

const DISK_LOCK = 'pith-disk';
const BINARIES = '/usr/local/bin';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

// enum api_op (api.c)
const API = { READ: 0, WRITE: 1, LIST: 2, SPAWN: 3, KILL: 4, PROCESSES: 5,
  STATUS: 6, SYNC: 7, FREEZE: 8, THAW: 9, DISK: 10,
  LEAVE: 11 };
const PIECE = 1 << 19;
/** @type {import('../pith.d.ts').ProcessStatus[]} */
const STATES = ['Created', 'Running', 'Blocked', 'Terminated']; // proc_state

/**
 * The disk is for one tab. After a reload the page before may hold it a moment
 * longer; a tab that is alive says so. Resolves to a function that gives the
 * lock back.
 */
async function lockDisk(takeover, onLost) {
  const channel = new BroadcastChannel(DISK_LOCK);
  return new Promise((resolve, reject) => {
    let waiting = true;
    // Not by an AbortSignal: Chromium forgets one that comes too early.
    const giveUp = () => {
      if (!waiting)
        return;
      waiting = false;
      channel.close();
      reject(new BootError('busy'));
    };
    setTimeout(giveUp, 8000);
    channel.onmessage = ({ data }) => data === 'here' && !takeover && giveUp();
    channel.postMessage(takeover ? 'leave' : 'who');
    navigator.locks.request(DISK_LOCK, () => {
      if (!waiting)
        return null;
      waiting = false;
      return new Promise((release) => {
        channel.onmessage = ({ data }) => {
          if (data === 'who')
            channel.postMessage('here');
          else if (data === 'leave')
            onLost();
        };
        resolve(() => {
          channel.close();
          release(0);
        });
      });
    }).catch(giveUp);
  });
}

export class Pith {
  /** @param {object} config see boot() */
  constructor(config) {
    this.config = config;
    /** @type {Map<string, Function[]>} */
    this.handlers = new Map();
    this.logs = [];
    this.binaries = [];
    /** @type {string[]} that tvm_load() has loaded */
    this.programs = [];
    /** @type {Promise<any>} */
    this.queue = Promise.resolve();
    /** @type {Map<number, any>} */
    this.running = new Map();
    this.state = 'Booting';
    /** @type {any} a Machine, from api_kernel_init on */
    this.machine = null;
    /** @type {(() => void) | null} gives the disk's lock back */
    this.unlock = null;
    this.bootedAt = 0;
    this.vfs = {
      createDirectory: (path) => this.#tool('mkdir', '-p', '--', path),
      writeFile: (path, data) => this.#writeFile(path, data),
      readFile: (path) => this.#readFile(path),
      delete: (path) => this.#tool('rm', '-rf', '--', path),
      listDirectory: (path) => this.#list(path),
    };
  }

  // ---- events ------------------------------------------------------------------

  /**
   * output (Uint8Array), log (string), progress ({done, of}), process ({pid,
   * parent_pid, name, event: 'start' | 'exit', status}: of any process), files
   * ({path, change: 'written' | 'removed'}: whoever did it), halt (exit code),
   * taken (another tab has the disk now). Returns what takes fn away again.
   * @param {string} event @param {Function} fn
   */
  on(event, fn) {
    const list = this.handlers.get(event) ?? [];
    this.handlers.set(event, [...list, fn]);
    this.#listen();
    return () => {
      this.handlers.set(event,
        (this.handlers.get(event) ?? []).filter((x) => x !== fn));
      this.#listen();
    };
  }

  /** The kernel tells only what somebody wants to hear. */
  #listen() {
    this.machine?.listen(!!this.handlers.get('process')?.length,
      !!this.handlers.get('files')?.length);
  }

  #emit(event, data) {
    for (const fn of this.handlers.get(event) ?? [])
      fn(data);
  }

  #event(event, data) {
    if (event === 'output') {
      const shown = () => this.machine.shown(data.length);
      // A terminal that wants to slow output down calls this itself.
      if (this.config.manualFlow)
        this.#emit('output', { bytes: data, shown });
      else {
        try {
          this.#emit('output', data);
        } finally {
          shown(); // or nothing more would ever come
        }
      }
      return;
    }
    if (event === 'log')
      this.logs.push(String(data).trimEnd());
    if (event === 'halt') {
      this.state = 'Halted';
      this.unlock?.();
      for (const run of this.running.values())
        run.reject(new Error('the system has ended'));
    }
    if (event === 'spawned') {
      const run = /** @type {any} */ ({ stdout: [], stderr: [] });
      run.ended = new Promise((resolve, reject) => { Object.assign(run, { resolve, reject }); });
      run.ended.catch(() => {}); // perhaps nobody waits yet
      this.running.set(data, run);
    } else if (event === 'captured') {
      this.running.get(data.pid)?.[data.fd === 2 ? 'stderr' : 'stdout']
        .push(data.bytes);
    } else if (event === 'exited') {
      this.running.get(data.pid)?.resolve(data.status);
    } else {
      this.#emit(event, data);
    }
  }

  // ---- life ----------------------------------------------------------------------

  /** @param {object} [more] */
  async api_kernel_init(more) {
    if (this.machine)
      return this.api_get_status();
    const c = this.config = { ...this.config, ...more };
    const missing = whatIsMissing();
    if (missing)
      throw new BootError(missing);
    const base = new URL(c.base ?? './', c.base ? location.href : import.meta.url);
    let image = c.image;
    if (!image && !c.disk) {
      const r = await fetch(new URL('image.json', base)).catch(() => null);
      if (!r?.ok)
        throw new BootError('network', 'image.json');
      image = await r.json();
    }
    if (!c.memory) {
      this.unlock = await lockDisk(c.takeover, () => this.#leave());
      navigator.storage?.persist?.().catch(() => {});
    }
    for (const [event, fn] of Object.entries(c.on ?? {}))
      this.on(event, fn);
    this.machine = new Machine({ ...c, base: base.href, image,
      event: (event, data) => this.#event(event, data) });
    try {
      await this.machine.boot();
      this.#listen();
    } catch (e) {
      this.machine.stop();
      this.unlock?.();
      throw e;
    }
    if (this.state === 'Booting')
      this.state = 'Running';
    this.bootedAt = performance.now();
    return this;
  }

  /** Another tab wants the disk. */
  async #leave() {
    await this.#call(API.LEAVE).catch(() => {});
    this.machine.stop();
    this.state = 'Halted';
    this.unlock?.();
    this.#emit('taken', null);
  }

  /**
   * The page is about to go: write everything and let go of the disk. There is
   * no time to wait for an answer, the Workers live a moment longer.
   */
  leave() {
    if (this.state === 'Running')
      this.machine.api(API.LEAVE, '', 0, null).catch(() => {});
    this.state = 'Halted';
  }

  /** Text or bytes, as if typed. */
  input(data) {
    this.machine.input(typeof data === 'string' ? encoder.encode(data) : data);
  }

  resize(rows, columns) {
    this.machine.resize(rows, columns);
  }

  /** Everything to the disk. */
  async sync() {
    check(await this.#call(API.SYNC));
  }

  // ---- calls -----------------------------------------------------------------------

  /**
   * One at a time.
   * @param {number} op @param {string} path @param {number} offset
   * @param {Uint8Array | null} data
   */
  #call(op, path = '', offset = 0, data = null) {
    const run = () => this.machine.api(op, path, offset, data);
    const answer = this.queue.then(run, run);
    this.queue = answer.catch(() => {});
    return answer;
  }

  async #readFile(path) {
    const parts = [];
    for (let at = 0; ; ) {
      const r = check(await this.#call(API.READ, path, at), path);
      if (!r.bytes.length)
        break;
      parts.push(r.bytes);
      at += r.bytes.length;
    }
    return join(parts);
  }

  async #writeFile(path, data) {
    const bytes = typeof data === 'string' ? encoder.encode(data) : data;
    let at = 0;
    do {
      const piece = bytes.subarray(at, at + PIECE);
      check(await this.#call(API.WRITE, path, at, piece), path);
      at += piece.length;
    } while (at < bytes.length);
  }

  /** @returns {Promise<{name: string, type: string, size: number}[]>} */
  async #list(path) {
    const r = check(await this.#call(API.LIST, path), path);
    return decoder.decode(r.bytes).split('\0').filter(Boolean).map((line) => {
      const [type, size, ...name] = line.split(' ');
      return { name: name.join(' '), type, size: Number(size) };
    });
  }

  async #tool(...argv) {
    const r = await this.run(argv);
    if (r.code !== 0)
      throw new Error(decoder.decode(r.stderr).trim() || `${argv[0]} failed`);
  }

  /**
   * Run a program to its end. argv[0] is looked for in the usual places.
   * @param {string[]} argv
   * @param {{env?: Record<string, string>, grants?: string[], stdin?: string,
   *   preopens?: Record<string, string>, path?: string}} [how] the whole
   *   environment; all that it is granted ("fs /data rw", "time"); the path of
   *   its standard input; what it knows granted paths by; where the program is
   */
  async run(argv, how = /** @type {any} */ ({})) {
    const path = how.path ?? (argv[0].includes('/') ? argv[0]
      : await this.#which(argv[0]));
    const strings = [...argv.map((a) => `a${a}`),
      ...Object.entries(how.env ?? {}).map(([k, v]) => `e${k}=${v}`),
      ...(how.env && !Object.keys(how.env).length ? ['E'] : []),
      ...(how.grants ?? []).map((g) => `g${g}`),
      ...Object.entries(how.preopens ?? {}).map(([p, n]) => `n${p}\t${n}`),
      ...(how.stdin ? [`i${how.stdin}`] : [])];
    const r = check(await this.#call(API.SPAWN, path, 0,
      encoder.encode(strings.join('\0') + '\0')));
    const run = this.running.get(r.result);
    const status = await run.ended;
    this.running.delete(r.result);
    return { pid: r.result, stdout: join(run.stdout), stderr: join(run.stderr),
      code: status & 0x7f ? 128 + (status & 0x7f) : (status >> 8) & 0xff };
  }

  async #which(name) {
    for (const dir of [BINARIES, '/usr/bin', '/bin', '/sbin']) {
      const r = await this.#call(API.READ, `${dir}/${name}`, 0);
      if (r.result >= 0)
        return `${dir}/${name}`;
    }
    throw new Error(`${name}: not found`);
  }

  /** @returns {Promise<import('../pith.d.ts').Process[]>} */
  async #processes() {
    const r = check(await this.#call(API.PROCESSES));
    return decoder.decode(r.bytes).split('\n').filter(Boolean).map((line) => {
      const [pid, parent, state, cpu, memory, start, ...name] = line.split(' ');
      return { pid: Number(pid), name: name.join(' '),
        status: STATES[Number(state)],
        cpu_usage: Number(cpu) / 1e9, memory_usage: Number(memory),
        start_time: Number(start) / 1e9, parent_pid: Number(parent) };
    });
  }

  // ---- the face that programs of this kind know ---------------------------------------

  async api_get_status() {
    if (!this.machine || this.state !== 'Running')
      return { initialized: !!this.machine, uptime: 0,
        loaded_binaries: this.binaries, running_processes: [],
        memory_usage_bytes: 0,
        filesystem_stats: { total_files: 0, total_size_bytes: 0 },
        state: this.state, boot_logs: this.logs };
    const r = check(await this.#call(API.STATUS));
    const [memory, files, bytes] = decoder.decode(r.bytes).split(' ').map(Number);
    return { initialized: true,
      uptime: (performance.now() - this.bootedAt) / 1000,
      loaded_binaries: this.binaries,
      running_processes: await this.#processes(),
      memory_usage_bytes: memory,
      filesystem_stats: { total_files: files, total_size_bytes: bytes },
      state: this.state, boot_logs: this.logs };
  }

  /** There is nothing to push: the kernel runs by itself. */
  async api_tick() {
    return this.api_get_status();
  }

  /** @param {string} name @param {Uint8Array} bytes @returns {Promise<string>} id */
  async api_load_binary(name, bytes) {
    if (!/^[\w.+-]+$/.test(name))
      throw new Error(`${name}: not a name for a program`);
    const path = `${BINARIES}/${name}`;
    await this.vfs.createDirectory(BINARIES);
    await this.#writeFile(path, bytes);
    await this.#tool('chmod', '755', path);
    this.binaries = [...this.binaries.filter((b) => b !== name), name];
    return name;
  }

  async api_remove_binary(id) {
    await this.vfs.delete(`${BINARIES}/${id}`);
    this.binaries = this.binaries.filter((b) => b !== id);
  }

  async api_execute_binary(id, args = []) {
    const r = await this.run([`${BINARIES}/${id}`, ...args]);
    return { pid: r.pid, exit_code: r.code, stdout: decoder.decode(r.stdout),
      stderr: decoder.decode(r.stderr) };
  }

  async api_kill(pid, signal = 15) {
    check(await this.#call(API.KILL, '', pid, new Uint8Array([signal])));
  }

  /** A loaded binary that is a .trymon package. @param {string} id */
  async kernel_trymon_install(id) {
    return trymon.install(this, await this.#readFile(`${BINARIES}/${id}`));
  }

  async kernel_trymon_list_apps() {
    return trymon.list(this);
  }

  /** Its code by TVM, with what its permissions say. @param {string} id */
  async kernel_trymon_run_app(id) {
    return trymon.run(this, id);
  }

  async tvm_init() {
    return trymon.sandbox(this);
  }

  /** @param {Uint8Array} bytes bytecode @returns {Promise<string>} id */
  async tvm_load(bytes) {
    return trymon.load(this, bytes);
  }

  /** @param {string} id @param {string[]} [grants] besides its output */
  async tvm_execute(id, grants) {
    return trymon.execute(this, id, grants);
  }

  async tvm_sandbox_status() {
    return trymon.sandbox(this);
  }

  /** @param {Uint8Array} bytes @param {string} name @returns {Promise<never>} */
  async tvm_compile_elf(bytes, name) {
    return trymon.compileElf(bytes, name);
  }

  /** Every regular file outside /proc, /dev and /tmp: {path: base64}. */
  async kernel_export_vfs(from = '/') {
    const files = {};
    const walk = async (dir) => {
      for (const e of await this.#list(dir)) {
        const path = `${dir === '/' ? '' : dir}/${e.name}`;
        if (e.type === 'd' && !['/proc', '/dev', '/tmp'].includes(path))
          await walk(path);
        else if (e.type === 'f')
          files[path] = toBase64(await this.#readFile(path));
      }
    };
    await walk(from);
    return JSON.stringify({ version: 1, files });
  }

  async kernel_import_vfs(json) {
    const { files } = JSON.parse(json);
    const made = new Set();
    for (const [path, text] of Object.entries(files)) {
      const dir = path.replace(/\/[^/]*$/, '') || '/';
      if (!made.has(dir))
        await this.vfs.createDirectory(dir);
      made.add(dir);
      await this.#writeFile(path, fromBase64(text));
    }
  }

  /** The whole disk: the file that a native Pith boots with --root. */
  async exportDisk() {
    const parts = [];
    check(await this.#call(API.FREEZE));
    try {
      for (let at = 0; ; ) {
        const r = check(await this.#call(API.DISK, '', at));
        if (!r.bytes.length)
          break;
        parts.push(r.bytes);
        at += r.bytes.length;
      }
    } finally {
      await this.#call(API.THAW);
    }
    return join(parts);
  }
}

/** A negative result is an error number. */
function check(r, what = '') {
  if (r.result < 0)
    throw Object.assign(new Error(`${what ? `${what}: ` : ''}${r.text}`),
      { errno: -r.result });
  return r;
}

function join(parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

function toBase64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000)
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/**
 * @param {object} [config]
 *   base: where the system's files are (default: beside this module);
 *   memory: true for a system that keeps nothing; disk: bytes of a disk to use;
 *   network: false, and no program reaches beyond the tab;
 *   takeover: have another tab that runs the system end; reset: forget the disk;
 *   command: one shell command instead of a login; on: {event: handler}
 * @returns {Promise<Pith>} rejects with a BootError, whose `why` says what is
 *   missing
 */
export async function boot(config = {}) {
  const pith = new Pith(config);
  await pith.api_kernel_init();
  return pith;
}
