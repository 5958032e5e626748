// SPDX-License-Identifier: Apache-2.0
// node pack.mjs NODE_MODULES SITE: what is transferred. Each script takes in the
// modules that it imports; JavaScript loses its comments and long local names; beside
// each file comes FILE.br.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [modules, site] = process.argv.slice(2);
const require = createRequire(resolve(modules, 'x.js'));
const { build } = require('esbuild');
const { minify } = require('terser');
const OUTER = ['pith.js', 'worker.js', 'storage.js'];
const INNER = ['errors.js', 'machine.js', 'trymon.js', 'glue.js']; // of those
const SCRIPTS = ['old.js', 'sw.js']; // the others are modules
const DONE = 'xterm.mjs';
const OLD = 'old.js'; // for browsers that know nothing newer

for (const name of OUTER) {
  await build({ entryPoints: [join(site, name)], outfile: join(site, name),
    allowOverwrite: true, bundle: true, format: 'esm', target: 'es2022',
    charset: 'utf8' });
}
const worker = join(site, 'sw.js');
let list = readFileSync(worker, 'utf8');
for (const name of INNER) {
  rmSync(join(site, name));
  list = list.replace(`'${name}',`, '');
}
writeFileSync(worker, list);

/** By brotli, with these windows (powers of two). */
function smallest(bytes, windows) {
  const all = windows.flatMap((w) => [constants.BROTLI_MODE_GENERIC,
    constants.BROTLI_MODE_FONT].map((mode) => brotliCompressSync(bytes, { params: {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_MODE]: mode,
    [constants.BROTLI_PARAM_LGWIN]: w } })));
  return all.sort((a, b) => a.length - b.length)[0];
}

for (const name of readdirSync(site)) {
  if (!/\.(html|css|wasm|m?js)$/.test(name))
    continue;
  const file = join(site, name);
  let bytes = readFileSync(file);
  if (/\.m?js$/.test(name) && name !== DONE) {
    const { code } = await minify(bytes.toString(), {
      module: !SCRIPTS.includes(name), toplevel: true, ecma: name === OLD ? 5 : 2022,
      compress: { passes: 3 } });
    bytes = Buffer.from(code);
    writeFileSync(file, bytes);
  }
  writeFileSync(`${file}.br`, smallest(bytes, /wasm$/.test(name) ? [24] : [16, 18]));
}
