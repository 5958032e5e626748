// SPDX-License-Identifier: Apache-2.0
// node pack.mjs NODE_MODULES FILE...: what is transferred. JavaScript loses its
// comments and long local names, in place; beside each file comes FILE.br.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [modules, ...files] = process.argv.slice(2);
const { minify } = createRequire(resolve(modules, 'x.js'))('terser');
const SCRIPTS = ['old.js', 'sw.js']; // the others are modules
const DONE = 'xterm.mjs';
const OLD = 'old.js'; // for browsers that know nothing newer

for (const file of files) {
  const name = basename(file);
  let bytes = readFileSync(file);
  if (/\.m?js$/.test(name) && name !== DONE) {
    const { code } = await minify(bytes.toString(), {
      module: !SCRIPTS.includes(name), ecma: name === OLD ? 5 : 2022,
      compress: { passes: 3 } });
    bytes = Buffer.from(code);
    writeFileSync(file, bytes);
  }
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
}
