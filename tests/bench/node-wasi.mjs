// SPDX-License-Identifier: Apache-2.0
// Run a WASI program under node's V8: node node-wasi.mjs FILE [ARGS...]. A
// FILE.json beside it (the conformance data's form) may name a root, arguments
// and functions to stub.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WASI } from 'node:wasi';
const file = process.argv[2];
const about = file.replace(/\.wasm$/, '.json');
const how = existsSync(about) ? JSON.parse(readFileSync(about, 'utf8')) : {};
const wasi = new WASI({
  version: 'preview1',
  args: [file, ...(how.args ?? process.argv.slice(3))],
  env: how.env ?? {},
  preopens: how.root
    ? { [how.root_guest ?? '/']: join(dirname(file), how.root) } : {},
});
const imports = wasi.getImportObject();
for (const name of how.host_imports ?? []) {
  const [module, field] = name.split('.');
  (imports[module] ??= {})[field] = () => 0;
}
const module = await WebAssembly.compile(readFileSync(file));
const instance = await WebAssembly.instantiate(module, imports);
process.exit(wasi.start(instance) ?? 0);
