// SPDX-License-Identifier: Apache-2.0
// What the tests of the machine share: counting, its console as something to
// talk to, QEMU's control socket, screendumps.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

let passed = 0, failed = 0;
export function verdict(name, good, detail = '') {
    if (good) passed++; else failed++;
    if (!good) console.log(`FAIL ${name} ${detail}`);
}

/** Prints the count; never returns. */
export function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
}

/** The console of a child process that is, or runs, the machine. */
export function listen(child) {
    let said = '';
    const waiting = [];
    child.stdout.on('data', data => {
        said += data.toString('latin1').replaceAll('\r', '');
        for (const look of [...waiting]) look();
    });

    /** Resolves with the match of `pattern` in what is said from now on. */
    const hear = (pattern, seconds = 600) => new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
            waiting.splice(waiting.indexOf(look), 1);
            reject(new Error(`no ${pattern} in: ${said.slice(-800)}`));
        }, seconds * 1000);
        const look = () => {
            const m = pattern.exec(said);
            if (!m) return;
            clearTimeout(timer);
            waiting.splice(waiting.indexOf(look), 1);
            said = said.slice(m.index + m[0].length);
            resolve(m);
        };
        waiting.push(look);
        look();
    });
    return {
        hear,
        /** Types a line; what was said before it is forgotten. */
        type: line => { said = ''; child.stdin.write(line + '\n'); },
    };
}

/** QEMU's control socket: `ask` resolves with what a command returns. */
export async function qmp(path) {
    const answers = [];
    let text = '';
    const socket = connect(path);
    socket.on('data', data => {
        text += data;
        for (let nl; (nl = text.indexOf('\n')) >= 0; text = text.slice(nl + 1)) {
            const message = JSON.parse(text.slice(0, nl));
            if ('return' in message || 'error' in message)
                answers.shift()?.(message);
        }
    });
    const ask = (execute, args) => new Promise((resolve, reject) => {
        answers.push(m => m.error ? reject(new Error(m.error.desc))
            : resolve(m.return));
        socket.write(JSON.stringify({ execute, arguments: args }) + '\n');
    });
    await ask('qmp_capabilities');
    return { ask, close: () => socket.end() };
}

/** A screendump: {width, height, at: three bytes a pixel}. */
export function ppm(file) {
    const bytes = readFileSync(file);
    const head = /^P6\n(\d+) (\d+)\n255\n/.exec(bytes.latin1Slice(0, 40));
    return { width: +head[1], height: +head[2],
        at: bytes.subarray(head[0].length) };
}
