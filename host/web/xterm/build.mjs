// SPDX-License-Identifier: Apache-2.0
// node build.mjs NODE_MODULES OUT: xterm.js and its fit addon as one module, from
// the sources in their npm packages, at half the size of the one in there. What is
// left out or replaced is in OWN, what is changed in CHANGES; names of properties are
// shortened when they occur neither in its public types, nor in the DOM, nor in any
// string.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, out] = process.argv.slice(2);
const require = createRequire(resolve(modules, 'x.js'));
const { build } = require('esbuild');
const { minify } = require('terser');

const here = dirname(fileURLToPath(import.meta.url));
const xterm = resolve(modules, '@xterm/xterm');
const OWN = {
  'vs/base/common/event': 'base.js',
  'vs/base/common/lifecycle': 'base.js',
  'vs/base/browser/dom': 'base.js',
  'browser/Viewport': 'viewport.js',
  'browser/AccessibilityManager': 'absent.js',
  'browser/decorations/BufferDecorationRenderer': 'absent.js',
  'browser/decorations/OverviewRulerRenderer': 'absent.js',
  'browser/services/CharacterJoinerService': 'absent.js',
  'common/services/DecorationService': 'absent.js',
  'common/services/LogService': 'absent.js',
  'browser/input/MoveToCell': 'absent.js',
  'common/WindowsMode': 'absent.js',
  'common/TaskQueue': 'tasks.js',
  'common/data/Charsets': 'charsets.js',
};

/** @type {Record<string, [RegExp, string][]>} */
const CHANGES = {
  // control characters: as an enumeration they are put where they are used
  'EscapeSequences.ts': [[/export namespace/g, 'export const enum'],
    [/export const (\w+) *= (.*);/g, '$1 = $2,']],
  // what stands inverted in the usual colours is compared with its own ground
  'DomRendererRowFactory.ts': [[/colors\.foreground, cell/,
    'isInverse ? colors.background : colors.foreground, cell']],
};
const TYPES = ['xterm/typings/xterm.d.ts', 'addon-fit/typings/addon-fit.d.ts'];

const where = {
  name: 'where',
  setup(b) {
    b.onResolve({ filter: /^(vs|browser|common|\.)\// }, ({ path, resolveDir }) => {
      const name = path[0] === '.'
        ? relative(join(xterm, 'src'), join(resolveDir, path)) : path;
      return { path: OWN[name] ? join(here, OWN[name])
        : resolve(xterm, 'src', `${name}.ts`) };
    });
    b.onLoad({ filter: /\.ts$/ }, ({ path }) => ({ loader: 'ts',
      contents: (CHANGES[basename(path)] ?? []).reduce((text, [from, to]) => {
        if (text === text.replace(from, to))
          throw new Error(`${path}: there is no ${from}`);
        return text.replace(from, to);
      }, readFileSync(path, 'utf8')) }));
    b.onResolve({ filter: /^addon-fit$/ }, () => ({
      path: resolve(modules, '@xterm/addon-fit/src/FitAddon.ts') }));
  },
};

const bundle = await build({
  entryPoints: [join(here, 'entry.js')],
  bundle: true, // what is quoted stays so: it is a name to keep
  write: false,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  plugins: [where],
  tsconfigRaw: { compilerOptions: { experimentalDecorators: true,
    useDefineForClassFields: false } },
});
const code = bundle.outputFiles[0].text;

/** Every name in text that pattern's first group matches. */
const names = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);
const reserved = new Set([
  'preventScroll', 'willReadFrequently', // what terser's list of the DOM lacks
  ...TYPES.flatMap((f) => names(readFileSync(resolve(modules, '@xterm', f), 'utf8')
    .replace(/\/\*[^]*?\*\//g, ''), /([A-Za-z_$][\w$]*)/g)),
  ...names(code, /(?<=["'`])([A-Za-z_$][\w$]*)(?=["'`])/g),
]);
const nameCache = {};
const { code: small } = await minify(code, {
  module: true,
  ecma: 2022,
  compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true, pure_getters: true,
    keep_fargs: false,
    // the log of xterm.js goes nowhere
    pure_funcs: ['trace', 'debug', 'info', 'warn']
      .map((level) => `this._logService.${level}`) },
  mangle: { properties: { reserved: [...reserved], keep_quoted: true } },
  format: { comments: false },
  nameCache,
});
writeFileSync(out, small);
if (process.env.NAMES)
  writeFileSync(process.env.NAMES, Object.keys(nameCache.props.props).join('\n'));
