// SPDX-License-Identifier: Apache-2.0
// What the tests of the machine share: counting, its console as something to
// talk to, QEMU's control socket, screendumps.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

/** The end of what was seen, in few lines, for a report that shows few. */
function ending(text) {
    const lines = text.split('\n').map(l => l.replace(/[^ -~]/g, '?').trimEnd())
        .filter(l => l !== '');
    return lines.slice(-6).map(l => `\n    | ${l.slice(0, 120)}`).join('');
}

let passed = 0, failed = 0;
export function verdict(name, good, detail = '') {
    if (good) passed++; else failed++;
    if (!good) console.log(`FAIL ${name}${ending(`${detail}`)}`);
}

/** Prints the count; never returns. */
export function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
}

/**
 * Is it so by and by? Asks `check` again and again: what a machine shows comes
 * when it comes, and a computer may be busy.
 */
export async function until(check, seconds = 120) {
    const end = Date.now() + seconds * 1000;
    while (!await check()) {
        if (Date.now() > end) return false;
        await new Promise(r => setTimeout(r, 50));
    }
    return true;
}

/** The console of a child process that is, or runs, the machine. */
export function listen(child) {
    let said = '', all = '', over = '';
    const waiting = new Set();
    // A letter at a time, as a serial line brings them: a pattern that fits the
    // beginning of a line too soon does so always, not when the pieces fall so.
    child.stdout.on('data', data => {
        const text = data.toString('latin1').replaceAll('\r', '');
        all = (all + text).slice(-4000);
        for (const letter of text) {
            said += letter;
            for (const look of [...waiting]) look();
        }
    });
    child.stdin.on('error', () => {}); // what it does not hear, it does not answer
    child.on('close', (code, signal) => {
        over = `the machine ended (${signal ?? code})`;
        for (const look of [...waiting]) look();
    });

    /** Resolves with the match of `pattern` in what is said from now on. */
    const hear = (pattern, seconds = 300) => new Promise((resolve, reject) => {
        const done = () => {
            clearTimeout(timer);
            waiting.delete(look);
        };
        const fail = why => {
            done();
            reject(new Error(`no ${pattern}: ${why}, and had said:\n${all}`));
        };
        const look = () => {
            const m = pattern.exec(said);
            if (m) {
                done();
                said = said.slice(m.index + m[0].length);
                resolve(m);
            } else if (over) {
                fail(over);
            }
        };
        const timer = setTimeout(() => fail(`${seconds} s went by`),
            seconds * 1000);
        waiting.add(look);
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
    let text = '', over = '';
    const socket = connect(path);
    const end = why => {
        over = over || why;
        for (const answer of answers.splice(0))
            answer({ error: { desc: over } });
    };
    socket.on('error', e => end(`QEMU's control socket: ${e.message}`));
    socket.on('close', () => end('QEMU has closed its control socket'));
    socket.on('data', data => {
        text += data;
        for (let nl; (nl = text.indexOf('\n')) >= 0; text = text.slice(nl + 1)) {
            const message = JSON.parse(text.slice(0, nl));
            if ('return' in message || 'error' in message)
                answers.shift()?.(message);
        }
    });
    const ask = (execute, args) => new Promise((resolve, reject) => {
        answers.push(m => m.error
            ? reject(new Error(`${execute}: ${m.error.desc}`))
            : resolve(m.return));
        if (over) end(over);
        else socket.write(JSON.stringify({ execute, arguments: args }) + '\n');
    });
    await ask('qmp_capabilities');
    return { ask, close: () => socket.end() };
}

/** A screendump: {width, height, at: three bytes a pixel}. */
export function ppm(file) {
    const bytes = readFileSync(file);
    const head = /^P6\n(\d+) (\d+)\n255\n/.exec(bytes.latin1Slice(0, 40));
    if (!head || bytes.length !== head[0].length + head[1] * head[2] * 3)
        throw new Error(`a screendump of ${bytes.length} bytes that is none`);
    return { width: +head[1], height: +head[2],
        at: bytes.subarray(head[0].length) };
}
