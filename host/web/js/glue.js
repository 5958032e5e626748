// SPDX-License-Identifier: Apache-2.0
// Copies between the kernel's shared memory and a private one: a module of three
// functions over two memories, or the same in JavaScript where a module can have
// only one.

const PAGE = 65536;

/** @param {number[]} body */
const section = (id, body) => [id, ...leb(body.length), ...body];

/** @param {number} n */
function leb(n) {
  const out = [];
  do {
    out.push((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    n >>>= 7;
  } while (n);
  return out;
}

/** @param {string} text */
const name = (text) => [...leb(text.length), ...new TextEncoder().encode(text)];

/** A body with no locals. @param {number[]} code */
const func = (...code) => [...leb(code.length + 2), 0, ...code, 0x0b];

const WIDEN = 0xad; // i64.extend_i32_u
const NARROW = 0xa7; // i32.wrap_i64

/**
 * The module's bytes: k is the kernel's memory, u the user's.
 * @param {boolean} shared @param {boolean} is64
 */
function bytes(shared, is64) {
  const address = (local, memory) =>
    [0x20, local, ...(is64 && memory === 1 ? [WIDEN] : [])];
  const copy = (to, from) => func(...address(0, to), ...address(1, from),
    0x20, 2, 0xfc, 10, to, from);
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [2, 0x60, 3, 0x7f, 0x7f, 0x7f, 0, 0x60, 0, 1, 0x7f]),
    ...section(2, [2,
      ...name('k'), ...name('m'), 2, 3, 1, ...leb(65536),
      ...name('u'), ...name('m'), 2, ...(shared ? [3, 0, ...leb(65536)] : [is64 ? 4 : 0, 0])]),
    ...section(3, [3, 0, 0, 1]),
    ...section(7, [3, ...name('copy_in'), 0, 0, ...name('copy_out'), 0, 1,
      ...name('pages'), 0, 2]),
    ...section(10, [3, ...copy(0, 1), ...copy(1, 0), 
      ...func(0x3f, 1, ...(is64 ? [NARROW] : []))]),
  ]);
}

/** @type {(WebAssembly.Module | null | undefined)[]} */
const glue = []; // for a private, a shared and a 64-bit user memory

/**
 * @param {WebAssembly.Memory} kernel shared
 * @param {WebAssembly.Memory} user
 * @param {boolean} [is64] user is
 * @returns {{copy_in: Function, copy_out: Function, pages: Function}}
 *   copy_in(to kernel, from user, n), copy_out(to user, from kernel, n), and
 *   pages() of user
 */
export function makeGlue(kernel, user, is64 = false) {
  const kind = is64 ? 2 : user.buffer instanceof SharedArrayBuffer ? 1 : 0;
  if (glue[kind] === undefined) {
    try {
      glue[kind] = new WebAssembly.Module(bytes(kind === 1, is64));
    } catch {
      glue[kind] = null;
    }
  }
  const module = glue[kind];
  if (module)
    return /** @type {any} */ (new WebAssembly.Instance(module,
      { k: { m: kernel }, u: { m: user } }).exports);
  const k = (at, n) => new Uint8Array(kernel.buffer, at >>> 0, n >>> 0);
  const u = (at, n) => new Uint8Array(user.buffer, at >>> 0, n >>> 0);
  return {
    copy_in: (to, from, n) => k(to, n).set(u(from, n)),
    copy_out: (to, from, n) => u(to, n).set(k(from, n)),
    pages: () => user.buffer.byteLength / PAGE,
  };
}
