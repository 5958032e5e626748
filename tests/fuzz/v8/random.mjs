// SPDX-License-Identifier: Apache-2.0
// random.mjs SEED BYTES: so many bytes, which are the same for the same seed on
// every machine.
import fs from 'node:fs';

const [seed, bytes] = process.argv.slice(2).map(Number);
const out = Buffer.alloc(bytes);
let state = (seed ^ 0x9e3779b9) | 1;
for (let i = 0; i < bytes; i++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = state >>> 16;
}
fs.writeSync(1, out);
