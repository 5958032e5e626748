// SPDX-License-Identifier: Apache-2.0
// The Lua programs inside fengari's transcription of Lua's own test suite:
// node cases.mjs FOLDER OUT. Each of its tests hands one or more chunks of Lua
// to luaL_loadstring; they are written to OUT/<file>-<nn>.lua (the test's name
// in a comment), to be run one after another by the lua of the port. Tests
// that only use the C interface (api, code) yield nothing and are left out.
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';

const [folder, out] = process.argv.slice(2);
const skip = new Set(['api.test.js', 'code.test.js']);

let chunks = null;
/** Stands for everything that a test calls and whose result does not matter. */
const anything = new Proxy(function () {}, {
    get: (_, name) => name === Symbol.toPrimitive ? () => 0
        : name === 'then' ? undefined : anything,
    apply: () => anything,
    construct: () => anything,
});
const lauxlib = new Proxy({}, {
    get: (_, name) => name === 'luaL_loadstring' || name === 'luaL_dostring'
        ? (_L, code) => { chunks.push(String(code)); return 0; } : anything,
});
const core = new Proxy({}, {
    get: (_, name) => name === 'to_luastring' ? (s) => s : anything,
});
const modules = { lauxlib, fengaricore: core };
const load = (name) => modules[path.basename(name, '.js')] ?? anything;

fs.mkdirSync(out, { recursive: true });
let count = 0;
for (const file of fs.readdirSync(folder).sort()) {
    if (!file.endsWith('.test.js') || skip.has(file))
        continue;
    const tests = [];
    const test = (name, body) => tests.push({ name, body });
    test.skip = () => {};
    vm.runInNewContext(fs.readFileSync(path.join(folder, file), 'utf8'),
        { require: load, test, describe: (_n, f) => f(), expect: anything,
          console, Error, SyntaxError, beforeAll: () => {} });
    tests.forEach(({ name, body }, i) => {
        chunks = [];
        try {
            body();
        } catch {
            // a check of the JavaScript side; the chunks are what counts
        }
        if (chunks.length === 0)
            return;
        const stem = file.replace('.test.js', '')
            + '-' + String(i + 1).padStart(2, '0');
        const text = chunks.length === 1 ? chunks[0]
            : chunks.map((c) => `do ${c}\nend`).join('\n');
        fs.writeFileSync(path.join(out, stem + '.lua'),
            `-- ${name.replace(/\s+/g, ' ')}\n${text}\n`, 'latin1');
        count++;
    });
}
console.log(count);
