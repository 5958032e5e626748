// SPDX-License-Identifier: Apache-2.0
// Packages of the .trymon kind, for pith.js: what is in one, and where it goes; and
// the TVM that runs their code (/usr/bin/tvm).
//
//     v2   "TRYM" | u8 2 | u16 flags | u32 length | JSON | u32 length
//          | TVM bytecode
//     v1   "TRYM" | u8 1 | u32 length | JSON | u32 length | an x86 program
//
// An older writer put v2's length at 5; that is taken where the other does not
// fit and this does. All lengths are hostile.

const ROOT = '/trymon';
const decoder = new TextDecoder('utf-8', { fatal: true });

/** What a package's permissions are as grants; others are refused. */
const GRANTS = { fs: (id) => `fs /data/${id} rw`, time: () => 'time',
  net: () => 'net', display: () => 'display', input: () => 'keyboard',
  ipc: () => 'ipc *', spawn: () => 'spawn', audio: () => 'sound' };

/** The JSON whose length is at `at`, and what follows; null: it does not fit. */
function partsAt(bytes, at) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (at + 8 > bytes.length)
    return null;
  const n = view.getUint32(at, true);
  if (n > bytes.length - at - 8)
    return null;
  const code = at + 4 + n + 4;
  if (view.getUint32(at + 4 + n, true) !== bytes.length - code)
    return null;
  return { json: bytes.subarray(at + 4, at + 4 + n), code: bytes.subarray(code) };
}

/**
 * @param {Uint8Array} bytes
 * @returns {{version: number, metadata: any, code: Uint8Array}}
 */
export function openTrymon(bytes) {
  const version = bytes[4];
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== 'TRYM' ||
      (version !== 1 && version !== 2))
    throw new Error('not a .trymon package');
  const parts = version === 1 ? partsAt(bytes, 5)
    : partsAt(bytes, 7) ?? partsAt(bytes, 5);
  if (!parts)
    throw new Error('the .trymon package is cut off, or longer than it says');
  let metadata;
  try {
    metadata = JSON.parse(decoder.decode(parts.json));
  } catch (e) {
    throw new Error(`the .trymon package's metadata: ${e.message}`);
  }
  if (typeof metadata?.name !== 'string' || !metadata.name)
    throw new Error('the .trymon package has no name');
  return { version, metadata, code: parts.code };
}

/** The app's id: its name, as a directory can be called. */
const idOf = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  .replace(/^-|-$/g, '') || 'app';

const entryOf = (version) => (version === 1 ? 'main.elf' : 'main.tvm');

/** As the list shows it. */
const app = (id, m) => ({ id, name: m.name, version: String(m.version ?? ''),
  install_path: `${ROOT}/${id}`, entry_point: m.entry_point, status: 'Installed' });

/** @param {any} pith @param {Uint8Array} bytes */
export async function install(pith, bytes) {
  const { version, metadata, code } = openTrymon(bytes);
  const id = idOf(metadata.name);
  for (const p of metadata.permissions ?? []) {
    if (!(p in GRANTS))
      throw new Error(`${metadata.name}: there is no permission "${p}"`);
  }
  const kept = { ...metadata, entry_point: entryOf(version) };
  await pith.vfs.createDirectory(`${ROOT}/${id}`);
  if (metadata.permissions?.includes('fs'))
    await pith.vfs.createDirectory(`/data/${id}`);
  await pith.vfs.writeFile(`${ROOT}/${id}/${kept.entry_point}`, code);
  await pith.run(['chmod', '755', `${ROOT}/${id}/${kept.entry_point}`]);
  await pith.vfs.writeFile(`${ROOT}/${id}/metadata.json`, JSON.stringify(kept));
  return app(id, kept);
}

async function metadataOf(pith, id) {
  if (!/^[a-z0-9-]+$/.test(id))
    throw new Error(`${id}: no app is called so`);
  return JSON.parse(new TextDecoder().decode(
    await pith.vfs.readFile(`${ROOT}/${id}/metadata.json`)));
}

/** @param {any} pith */
export async function list(pith) {
  const apps = [];
  for (const e of await pith.vfs.listDirectory(ROOT).catch(() => [])) {
    const m = await metadataOf(pith, e.name).catch(() => null);
    if (m)
      apps.push(app(e.name, m));
  }
  return apps;
}

const TVM = '/usr/bin/tvm';
const LOADED = '/tmp/tvm';
const text = new TextDecoder();

/** Both x86 programs of v1 and tvm_compile_elf() need it. */
const noEmulator = (name) => new Error(`${name} is an x86 program: it needs the `
  + 'x86 emulator, which this system does not have; TVM bytecode runs');

/** tvm, with what these grants say and what it needs itself: a clock. */
function tvm(pith, args, grants) {
  const given = new Set(['stdio', 'time', ...grants]);
  return pith.run([TVM, ...grants.includes('time') ? [] : ['--no-time'], ...args],
    { grants: [...given] });
}

/** With stdio and what its permissions say, no more. */
export async function run(pith, id) {
  const m = await metadataOf(pith, id);
  if (m.entry_point !== entryOf(2))
    throw noEmulator(m.name);
  const r = await tvm(pith, [`${ROOT}/${id}/${m.entry_point}`], [`fs ${ROOT}/${id} ro`,
    ...(m.permissions ?? []).map((p) => GRANTS[p](id))]);
  return { pid: r.pid, exit_code: r.code, stdout: text.decode(r.stdout),
    stderr: text.decode(r.stderr) };
}

/** Bytecode, looked at, to an id. @param {any} pith @param {Uint8Array} bytes */
export async function load(pith, bytes) {
  const id = `tvm-${pith.programs.length + 1}`;
  const path = `${LOADED}/${id}`;
  await pith.vfs.createDirectory(LOADED);
  await pith.vfs.writeFile(path, bytes);
  const r = await tvm(pith, ['--check', path], [`fs ${LOADED} ro`]);
  if (r.code !== 0)
    throw new Error(text.decode(r.stderr).trim());
  pith.programs.push(id);
  return id;
}

/** To its end, with nothing but its output. */
export async function execute(pith, id, grants = []) {
  if (!pith.programs.includes(id))
    throw new Error(`${id}: no program is loaded as that`);
  const r = await tvm(pith, ['--json', `${LOADED}/${id}`],
    [`fs ${LOADED}/${id} ro`, ...grants]);
  return JSON.parse(text.decode(r.stdout));
}

/** @param {any} pith */
export async function sandbox(pith) {
  const r = await tvm(pith, ['--sandbox'], []);
  return { initialized: true, loaded_programs: [...pith.programs],
    ...JSON.parse(text.decode(r.stdout)) };
}

/** @param {Uint8Array} bytes @param {string} name @returns {never} */
export function compileElf(bytes, name) {
  throw String.fromCharCode(...bytes.subarray(1, 4)) === 'ELF' ? noEmulator(name)
    : new Error(`${name} is no ELF program`);
}
