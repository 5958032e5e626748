// SPDX-License-Identifier: Apache-2.0
// One module on V8, told as text: the twin of run.c.
//
// JavaScript shows no types of exports, so the type, import, function and
// export sections are read here.
import fs from 'node:fs';

const NAMES = {0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128'};
const bytes = fs.readFileSync(process.argv[2]);
const view = new DataView(new ArrayBuffer(8));
const out = [];

/** @param {string} type @param {any} v */
function show(type, v) {
    switch (type) {
    case 'i32':
        return String(v | 0);
    case 'i64':
        return String(BigInt.asIntN(64, v));
    case 'f32':
        view.setFloat32(0, v);
        return v !== v ? 'nan' : 'f' + view.getUint32(0).toString(16);
    case 'f64':
        view.setFloat64(0, v);
        return v !== v ? 'nan' : 'd' + view.getBigUint64(0).toString(16);
    default:
        return 'ref';
    }
}

/** The signatures of functions, the imported functions, the exported ones. */
function sections() {
    let p = 8;
    const types = [], funcs = [], imports = [], exports = [];
    const leb = () => {
        let r = 0, shift = 0, b;
        do {
            b = bytes[p++];
            r += (b & 127) * 2 ** shift;
            shift += 7;
        } while (b & 128);
        return r;
    };
    const text = () => {
        const n = leb();
        p += n;
        return bytes.subarray(p - n, p).toString();
    };
    const list = () => Array.from({length: leb()}, () => NAMES[bytes[p++]]);

    while (p < bytes.length) {
        const id = bytes[p++], end = leb() + p;
        const n = id >= 1 && id <= 7 ? leb() : 0;
        for (let i = 0; i < n; i++) {
            if (id === 1) {
                p++;
                types.push([list(), list()]);
            } else if (id === 2) {
                const module = text(), name = text();
                if (bytes[p++] !== 0)
                    throw new Error('imports what is not a function');
                const type = types[leb()];
                funcs.push(type);
                imports.push([module, name, type]);
            } else if (id === 3) {
                funcs.push(types[leb()]);
            } else if (id === 7) {
                const name = text(), kind = bytes[p++], index = leb();
                if (kind === 0)
                    exports.push([name, index]);
            }
        }
        p = end;
    }
    return {funcs, imports, exports};
}

/** @param {any} e */
function ending(e) {
    if (e instanceof RangeError)
        return 'limit';
    return e instanceof WebAssembly.RuntimeError ? 'trap' : 'exception';
}

const {funcs, imports, exports} = sections();
const linked = {};
for (const [module, name, [params]] of imports)
    (linked[module] ??= {})[name] = (...args) => {
        out.push(['log', ...args.map((v, i) => show(params[i], v))].join(' '));
    };
const module = new WebAssembly.Module(bytes);
let instance = null;
out.push('instance');
try {
    instance = new WebAssembly.Instance(module, linked);
} catch (e) {
    out.push(ending(e));
}
for (const [name, index] of instance ? exports : []) {
    const [params, results] = funcs[index];
    out.push('call ' + name);
    if (params.concat(results).includes('v128')) {
        out.push('skip');
        continue;
    }
    try {
        const v = instance.exports[name](
            ...params.map(t => t === 'i64' ? 0n : 0));
        const values = results.length === 1 ? [v] : [...(v ?? [])];
        out.push(['result', ...values.map((x, i) => show(results[i], x))]
            .join(' '));
    } catch (e) {
        out.push(ending(e));
        if (out.at(-1) === 'limit')
            break;
    }
}
console.log(out.join('\n'));
