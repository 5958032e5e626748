// SPDX-License-Identifier: Apache-2.0
// A Worker: one CPU of the system. It runs one task after the other, each to its
// end, in the kernel's code, which calls back here for what only JavaScript can
// do: compile, instantiate and call the program of the process (instance.c,
// engine.c), tell the page something (task.c), clocks and random numbers.

import { makeGlue } from './glue.js';

const STATUS = { // enum engine_status
  OK: 0, UNREACHABLE: 1, DIVIDE_BY_ZERO: 2, INTEGER_OVERFLOW: 3,
  BAD_CONVERSION: 4, MEMORY_BOUNDS: 5, TABLE_BOUNDS: 6, INDIRECT_TYPE: 7,
  NULL_ELEMENT: 8, NULL_REFERENCE: 9, STACK_EXHAUSTED: 10, UNALIGNED: 11,
  NOT_SHARED: 12, CAST_FAILURE: 13, ARRAY_BOUNDS: 14, EXCEPTION: 15,
  NO_MEMORY: 16, OUT_OF_FUEL: 17, EXIT: 18, UNLINKABLE: 19,
};
// The first that matches; the messages of V8 and of SpiderMonkey.
/** @type {[RegExp, number][]} */
const TRAPS = [
  [/unreachable/, STATUS.UNREACHABLE],
  [/divide by zero|remainder by zero|division by zero/, STATUS.DIVIDE_BY_ZERO],
  [/divide result unrepresentable|integer overflow/, STATUS.INTEGER_OVERFLOW],
  [/unrepresentable|invalid conversion|float unrepr/, STATUS.BAD_CONVERSION],
  [/null function|signature mismatch|indirect call/, STATUS.INDIRECT_TYPE],
  [/table/, STATUS.TABLE_BOUNDS],
  [/array/, STATUS.ARRAY_BOUNDS],
  [/unaligned/, STATUS.UNALIGNED],
  [/null/, STATUS.NULL_REFERENCE],
  [/cast/, STATUS.CAST_FAILURE],
  [/memory|out of bounds/, STATUS.MEMORY_BOUNDS],
];
const CPU_KERNEL = 1;
const CPU_DEAD = 3;
const PAGE = 65536;
const WIDE_PAGES = 262144; // PAGES_MAX_64 of module.h
const MEMORY_64 = 2; // instance.c
const KEEP_MEMORY = 64 << 20; // a program's memory larger than this goes

/** Thrown to end a task: there is no program between it and runTask. */
const END = { end: true };

// What this Worker's clock is behind the page's, and the day's (ms). Neither
// comes from performance.timeOrigin alone: a browser makes that of two clocks,
// read one after the other when the Worker starts, and one of them may be set.
let sinceBoot = 0;
let sinceEpoch = 0;
const CLOCK_STEP = 5; // ms that the day's may drift before it is set anew
let cpu, kernelModule, kernelMemory, bootMs, areaSize, areaAt;
/** @type {any} */
let K; // the kernel's exports
/** @type {any} a WebAssembly.Memory; undefined: none has been needed */
let memory; // the programs', one after the other
let memoryUsed = false;
/** @type {Map<number, WebAssembly.Module>} */
const modules = new Map();
/** @type {any} */
let program = null; // exports of the instance
let lastError = null;
/** @type {Map<number, WebAssembly.Memory>} */
const memories = new Map(); // shared ones, of the task's program
/** @type {any} */
let shared = null; // the one that the instance has: {id, memory, glue}
/** @type {any} the 64-bit one that it has: {memory, glue} */
let wide = null;
let sharedSeen = 0; // the last one; who has had another is kept alive by it
let retire = false; // this Worker should go when its task is done

/** @type {any} */ (Error).stackTraceLimit = 40; // TRAP_FRAMES

const decoder = new TextDecoder();
const encoder = new TextEncoder();

const bytesAt = (at, n) => new Uint8Array(kernelMemory.buffer, at >>> 0, n);
const textAt = (at, n) => decoder.decode(bytesAt(at, n).slice());

function putText(at, room, text) {
  const b = encoder.encode(text).subarray(0, room - 1);
  bytesAt(at, room).fill(0).set(b);
}

// ---- instances ---------------------------------------------------------------

const clean = (e) => String(e.message ?? e)
  .replace(/^WebAssembly\.[A-Za-z]+\(\): */, '');

function compile(id, at, n) {
  const m = new WebAssembly.Module(bytesAt(at, n).slice());
  modules.set(id, m);
  return m;
}

/** This Worker's memory, all zeros, with at least min pages. */
function prepareMemory(min) {
  if (memoryUsed)
    new Uint8Array(memory.buffer).fill(0);
  memoryUsed = true;
  const have = memory.buffer.byteLength / PAGE;
  if (have < min)
    memory.grow(min - have);
}

/** A browser gives about a hundred; those of Workers that go come back. */
function makeMemory(limits) {
  const until = performance.now() + 20000;
  for (let more = true;;) {
    try {
      return new WebAssembly.Memory(limits);
    } catch (e) {
      if (!more || performance.now() > until)
        throw e;
      const poor = K.told_poor();
      postMessage({ t: 'poor' });
      more = K.wait_gone(poor);
    }
  }
}

/** A 64-bit memory is its program's alone: few have one. */
function takeWide(min) {
  const its = makeMemory({ address: 'i64', initial: BigInt(min),
    maximum: BigInt(WIDE_PAGES) });
  wide = { memory: its, glue: makeGlue(kernelMemory, its, true) };
  retire = true; // browsers give so many memories and no more
}

/** The program's shared memory: a thread is sent it with its task. */
function takeShared(id) {
  const its = /** @type {any} */ (memories.get(id));
  shared = { id, memory: its, glue: makeGlue(kernelMemory, its) };
  retire ||= sharedSeen !== 0 && sharedSeen !== id;
  sharedSeen = id;
}

function instanceCreate(id, at, n, gates, ngates, wantsMemory, sharedId, min,
  limit, poll, text, room) {
  const module = modules.get(id) ?? compile(id, at, n);
  if (wantsMemory) {
    try {
      if (wantsMemory === MEMORY_64)
        takeWide(min);
      else
        prepareMemory(min);
    } catch {
      return STATUS.NO_MEMORY;
    }
  }
  if (sharedId)
    takeShared(sharedId);
  const its = sharedId ? shared.memory : wide ? wide.memory : memory;
  const imports = { 'pith:web': { memory: wide ? its : memory,
    kernel: kernelMemory } };
  const numbers = new Uint16Array(kernelMemory.buffer, gates, ngates);
  let i = 0;
  for (const imp of WebAssembly.Module.imports(module)) {
    if (imp.kind === 'function')
      (imports[imp.module] ??= {})[imp.name] = K[`g${numbers[i++]}`];
    else if (imp.kind === 'memory' && imp.module !== 'pith:web')
      (imports[imp.module] ??= {})[imp.name] = its;
  }
  try {
    program = new WebAssembly.Instance(module, imports).exports;
  } catch (e) {
    putText(text, room, clean(e));
    return e instanceof RangeError ? STATUS.NO_MEMORY
      : e instanceof WebAssembly.RuntimeError ? trapStatus(e)
        : STATUS.UNLINKABLE;
  }
  if (poll)
    letPoll(program, poll, Math.max(limit, its.buffer.byteLength / PAGE));
  return STATUS.OK;
}

function letPoll(exports, poll, limit) {
  exports['pith:limit'].value = limit;
  exports['pith:poll'].value = poll;
  exports['pith:polls'].set(0, K.poll);
}

// ---- code that the program brings (load.c) -------------------------------------

/** What a module may import from env; load.c knows that there is no other. */
function codeImports(module, memoryBase, tableBase, bases64) {
  const constant = (value, is64) => (is64
    ? new WebAssembly.Global({ value: 'i64' }, BigInt(value))
    : new WebAssembly.Global({ value: 'i32' }, value));
  const env = Object.create(null);
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from !== 'env')
      continue;
    if (kind === 'memory')
      env[name] = (shared ?? wide)?.memory ?? memory;
    else if (name === '__indirect_function_table')
      env[name] = program['pith:table'];
    else if (name === '__memory_base')
      env[name] = constant(memoryBase, bases64 & 1);
    else if (name === '__table_base')
      env[name] = constant(tableBase, bases64 & 2);
    else
      env[name] = program[name];
  }
  return { env, 'pith:web': { memory, kernel: kernelMemory } };
}

const GROW = 0xffffffff;

/** @returns the base of `size` elements of the table, or a status < 0 */
function codeElements(base, size) {
  const table = program['pith:table'];
  const have = table ? table.length : 0;
  if (base !== GROW)
    return base + size <= have ? base : -STATUS.TABLE_BOUNDS;
  if (!size)
    return have;
  try {
    return table ? table.grow(size) : -STATUS.TABLE_BOUNDS;
  } catch {
    return -STATUS.NO_MEMORY;
  }
}

function codeDrop(base, size) {
  for (let i = 0; i < size; i++)
    program['pith:table'].set((base >>> 0) + i, null);
}

function codeLoad(at, n, code, bases64, poll, text, room) {
  const words = new Uint32Array(kernelMemory.buffer, code, 3); // engine_code
  const size = words[2];
  let base = -1;
  try {
    const module = new WebAssembly.Module(bytesAt(at, n).slice());
    base = codeElements(words[1], size);
    if (base < 0)
      return -base;
    const { exports } = new WebAssembly.Instance(module,
      codeImports(module, words[0], base, bases64));
    if (poll)
      letPoll(exports, poll, program['pith:limit']?.value ?? PAGE);
    words[1] = base;
    return STATUS.OK;
  } catch (e) {
    if (base >= 0)
      codeDrop(base, size);
    putText(text, room, clean(e));
    return e instanceof RangeError ? STATUS.NO_MEMORY : STATUS.UNLINKABLE;
  }
}

function tableExtend(elements) {
  const table = program['pith:table'];
  if (typeof table?.length === 'number' && table.length < elements)
    table.grow(elements - table.length);
}

// ---- calls -------------------------------------------------------------------

function trapStatus(e) {
  if (e instanceof WebAssembly.RuntimeError) {
    for (const [pattern, status] of TRAPS) {
      if (pattern.test(e.message))
        return status;
    }
    return STATUS.UNREACHABLE;
  }
  if (e instanceof RangeError || e.name === 'InternalError')
    return STATUS.STACK_EXHAUSTED;
  return STATUS.EXCEPTION;
}

/*
 * A call may end by a trap that the kernel made to unwind; the kernel knows. Its
 * own stack pointer is put back where it was.
 */
function call(nameAt, len, args, nargs) {
  const sp = K.__stack_pointer.value;
  const f = program[textAt(nameAt, len)];
  const slots = new Int32Array(kernelMemory.buffer, args, nargs);
  try {
    const r = nargs === 0 ? f() : nargs === 2 ? f(slots[0], slots[1])
      : f(...slots);
    if (r !== undefined)
      new Int32Array(kernelMemory.buffer, args, 1)[0] = r;
    return STATUS.OK;
  } catch (e) {
    if (K.cpu_mode() === CPU_DEAD || e === END)
      throw e; // not to be seen by anybody in between: a trap
    K.__stack_pointer.value = sp;
    lastError = e;
    if (!(e instanceof WebAssembly.RuntimeError) &&
        K.cpu_mode() === CPU_KERNEL && !K.cpu_overflowed()) {
      postMessage({ t: 'panic', text: 'no stack' });
      postMessage({ t: 'halt', code: 134 });
      for (;;) // with its lock: nobody shall see what is half done
        Atomics.wait(new Int32Array(kernelMemory.buffer, areaAt, 1), 0,
          Atomics.load(new Int32Array(kernelMemory.buffer, areaAt, 1), 0));
    }
    return trapStatus(e);
  }
}

// V8: "at name (wasm://wasm/hash:wasm-function[12]:0x1a2b)"; SpiderMonkey:
// "name@URL line 1 > WebAssembly.Module:wasm-function[12]:0x1a2b"
const FRAME =
  /^ *(?:at (?:(.*) \()?|([^@]*)@)(.*):wasm-function\[(\d+)\]:0x([0-9a-f]+)/;

/** The program's frames, which are above call()'s. */
function trapFrames(out, max) {
  const frames = [];
  for (const line of String(lastError?.stack ?? '').split('\n')) {
    const m = FRAME.exec(line);
    if (m)
      frames.push(m);
    else if (frames.length)
      break;
  }
  const its = frames.at(-1)?.[3]; // others are of code that it has loaded
  return frames.slice(0, max).map(([, v8, other, module, number, offset], i) => {
    const at = out + i * 64;
    new Uint32Array(kernelMemory.buffer, at, 2).set([Number(number),
      module === its ? parseInt(offset, 16) : 0]);
    const name = (v8 ?? other ?? '').replace(/^[^.]*\./, '');
    putText(at + 8, 56, /^wasm-function/.test(name) ? '' : name);
  }).length;
}

const globalValue = (i) => program[`pith:global${i}`];

function globalsGet(out, n) {
  const v = new DataView(kernelMemory.buffer, out, 8 * n);
  for (let i = 0; i < n; i++) {
    const x = globalValue(i).value;
    if (typeof x === 'bigint')
      v.setBigInt64(8 * i, x, true);
    else
      v.setFloat64(8 * i, x, true); // holds every i32 and f32 as well
  }
}

function globalsSet(from, n) {
  const v = new DataView(kernelMemory.buffer, from, 8 * n);
  for (let i = 0; i < n; i++) {
    const g = globalValue(i);
    g.value = typeof g.value === 'bigint' ? v.getBigInt64(8 * i, true)
      : v.getFloat64(8 * i, true);
  }
}

// ---- what the kernel imports ---------------------------------------------------

const host = {
  mono: () => performance.now() + sinceBoot,
  wall() {
    const now = performance.now(), day = Date.now();
    if (Math.abs(now + sinceEpoch - day) > CLOCK_STEP) // set, or slept through
      sinceEpoch = day - now;
    return now + sinceEpoch;
  },
  random(at, n) {
    for (let done = 0; done < n; done += 65536) {
      const b = new Uint8Array(Math.min(65536, n - done));
      crypto.getRandomValues(b);
      bytesAt(at + done, b.length).set(b);
    }
  },
  end_task() { throw END; },
  told: () => postMessage({ t: 'told' }),
  module_compile(id, at, n, text, room) {
    try {
      postMessage({ t: 'module', id, module: compile(id, at, n) });
      return 0;
    } catch (e) {
      putText(text, room, clean(e));
      return e instanceof RangeError ? -12 : -22; // ENOMEM, EINVAL
    }
  },
  instance_create: instanceCreate,
  instance_drop() { program = lastError = shared = wide = null; },
  memory_create(id, initial, maximum) {
    try {
      const m = makeMemory({ initial, maximum, shared: true });
      memories.set(id, m);
      postMessage({ t: 'memory', id, memory: m });
      return 0;
    } catch {
      return -12; // ENOMEM
    }
  },
  memory_drop(id) { memories.delete(id); },
  its_in: (to, from, n) => (shared ?? wide).glue.copy_in(to, from, n),
  its_out: (to, from, n) => (shared ?? wide).glue.copy_out(to, from, n),
  its_pages: () => (shared ?? wide).glue.pages(),
  call,
  rethrow() { throw lastError; },
  trap_frames: trapFrames,
  code_load: codeLoad,
  code_drop: codeDrop,
  table_size: () => Number(program['pith:table']?.length ?? 0),
  table_extend: tableExtend,
  globals_get: globalsGet,
  globals_set: globalsSet,
  copy_in() {},
  copy_out() {},
  pages: () => 0,
};

/** @param {boolean} programs whether it will run any: they need a memory */
function makeKernel(programs) {
  if (programs)
    memory = new WebAssembly.Memory({ initial: 32, maximum: PAGE });
  const imports = memory ? { ...host, ...makeGlue(kernelMemory, memory) } : host;
  K = new WebAssembly.Instance(kernelModule,
    { env: { memory: kernelMemory }, host: imports }).exports;
  K.__wasm_init_tls(areaAt);
  K.__stack_pointer.value = areaAt + areaSize;
  K.cpu_init(cpu);
}

/**
 * What the page knows of time: it was now when it sent this, and this Worker has
 * been ahead of it before. A Worker is never set back while a task runs.
 */
function setClock({ now, ahead }) {
  sinceBoot -= ahead;
  sinceBoot = Math.max(sinceBoot, now - performance.now());
}

function runTask(task, job) {
  try {
    K.task_run(task, job);
  } catch (e) {
    if (e !== END && K.cpu_mode() !== CPU_DEAD) {
      postMessage({ t: 'panic', text: String(e?.stack ?? e) });
      if (K.cpu_locks()) { // nobody else would ever get it
        postMessage({ t: 'halt', code: 134 });
        return;
      }
    }
  }
  K.__stack_pointer.value = areaAt + areaSize;
  program = lastError = shared = wide = null;
  memories.clear();
  K.cpu_idle();
  if (memory && memoryUsed) {
    if (memory.buffer.byteLength > KEEP_MEMORY) {
      retire = true;
    } else {
      new Uint8Array(memory.buffer).fill(0);
      memoryUsed = false;
    }
  }
  postMessage({ t: 'idle', retire, now: host.mono() });
}

onmessage = ({ data: m }) => {
  switch (m.t) {
  case 'init':
    ({ cpu, kernelModule, kernelMemory, bootMs, areaAt, areaSize } = m);
    sinceBoot = performance.timeOrigin - bootMs;
    for (const [id, module] of m.modules)
      modules.set(id, module);
    try {
      makeKernel(m.program);
    } catch (e) {
      postMessage({ t: 'poor', starting: true, text: e.message });
      break;
    }
    // Held until this Worker is gone, which is how the page knows.
    navigator.locks.request(m.lock, () => {
      postMessage({ t: 'ready', now: host.mono() });
      return new Promise(() => {});
    });
    break;
  case 'module':
    modules.set(m.id, m.module);
    break;
  case 'drop':
    modules.delete(m.id);
    break;
  case 'run':
    try {
      if (m.program && !memory)
        makeKernel(true);
    } catch {
      postMessage({ t: 'poor', job: m });
      break;
    }
    if (m.shared)
      memories.set(m.shared[0], m.shared[1]);
    setClock(m);
    runTask(m.task, m.number);
    break;
  case 'boot':
    setClock(m);
    K.boot_system();
    postMessage({ t: 'idle', retire: false, now: host.mono() });
    break;
  }
};
