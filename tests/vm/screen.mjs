// SPDX-License-Identifier: Apache-2.0
// The machine's screen and input from outside: screen.mjs RUN PROGRAM [PNG].
// Reads the console off the screen and types on the keyboard; draws in the
// machine, dumps the screen through QMP and compares every pixel; injects keys and
// a pointer; resizes the window as a VNC client would.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync }
    from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, listen, ppm, qmp, verdict } from './machine.mjs';

const [run, program, png] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'pith-screen.'));
const port = 20000 + process.pid % 20000;
// other kernels have no console on the screen
const hasConsole = (process.env.PITH_VM_ARCH ?? process.arch).startsWith('x');

// ---- the machine --------------------------------------------------------
mkdirSync(join(dir, 'disk/data'), { recursive: true });
copyFileSync(program, join(dir, 'disk/data/screen'));
// on a terminal, which script(1) makes
const machine = spawn('script', ['-qfec', `'${run}' --disk '${dir}/disk' \
    --display vnc=127.0.0.1:${port - 5900} -- \
    -qmp 'unix:${dir}/qmp,server=on,wait=off'`, '/dev/null'],
{ stdio: ['pipe', 'pipe', 'inherit'], detached: true });
const { hear, type } = listen(machine);

async function dump(control) {
    const file = join(dir, 'screen.ppm');
    await control.ask('screendump', { filename: file });
    return ppm(file);
}

// ---- the console's text, by the shapes that its letters are found to have ----
const shapes = new Map();

/** What is lit in a cell of 8 by 16 pixels. */
function shape(p, column, row) {
    let bits = '';
    for (let y = row * 16; y < row * 16 + 16; y++)
        for (let x = column * 8; x < column * 8 + 8; x++) {
            const i = (y * p.width + x) * 3;
            bits += Math.max(p.at[i], p.at[i + 1], p.at[i + 2]) > 80 ? '#' : '.';
        }
    return bits;
}
function lines(p) {
    const out = [];
    for (let row = 0; row < p.height >> 4; row++) {
        let line = '';
        for (let column = 0; column < p.width >> 3; column++)
            line += shapes.get(shape(p, column, row)) ?? '\0';
        out.push(line.trimEnd());
    }
    return out;
}
/** Has it a line that `pattern` fits, by and by? The lines. */
async function see(control, pattern) {
    let text = [];
    for (let i = 0; i < 600 && !text.some(l => pattern.test(l)); i++) {
        await new Promise(r => setTimeout(r, 100));
        text = lines(await dump(control));
    }
    return { found: text.some(l => pattern.test(l)), text: text.join('\n') };
}
async function press(control, keys) {
    for (const k of keys.split(' '))
        await control.ask('send-key',
            { keys: [{ type: 'qcode', data: k }], 'hold-time': 20 });
}

/** The boot's words, the terminal's, and keys: on screen and line at once. */
async function theConsole(control) {
    const ascii = String.fromCharCode(
        ...Array.from({ length: 94 }, (_, i) => i + 33));
    const before = await dump(control);
    if (png) await control.ask('screendump',
        { filename: `${png}.console.png`, format: 'png' });
    type(`printf '\\033[H\\033[J%s\\n' '${ascii.replace("'", `'"'"'`)}'; echo done`);
    await hear(/^done$/m);
    await hear(/# $/m);
    const p = await dump(control);
    for (let i = 0; i < ascii.length; i++)
        shapes.set(shape(p, i, 0), ascii[i]);
    shapes.set('.'.repeat(128), ' ');
    verdict('every letter has a shape of its own', shapes.size === 95,
        `${shapes.size}`);
    const text = lines(before);
    const motd = readFileSync(new URL('../../image/root/etc/motd',
        import.meta.url), 'utf8').split('\n');
    verdict('what was said before is on the screen',
        motd.every(l => text.includes(l.trimEnd())), text.join('\n'));
    type('echo "On the line: $((6 * 7))."');
    let seen = await see(control, /On the line: 42\.$/);
    verdict('and what is said now', seen.found, seen.text);
    await hear(/# $/m);
    await press(control, 'e c h o spc k e y s minus 4 2 ret');
    verdict('keys are typed', await hear(/^keys-42$/m));
    seen = await see(control, /[^ ]*keys-42$/);
    verdict('and their echo is on the screen', seen.found, seen.text);
    await hear(/# $/m);
}

/** How many pixels are not as screen.c drew them; -1: another size. */
async function wrong(control, width, height) {
    const p = await dump(control);
    if (p.width !== width || p.height !== height) {
        console.log(`the screen is ${p.width}x${p.height}`);
        return -1;
    }
    let bad = 0;
    for (let y = 0, i = 0; y < height; y++)
        for (let x = 0; x < width; x++, i += 3) {
            const square = x >= 100 && x < 132 && y >= 60 && y < 92;
            const [r, g, b] = square ? [255, 128, 0]
                : [x & 255, y & 255, (x ^ y) & 255];
            if (p.at[i] !== r || p.at[i + 1] !== g || p.at[i + 2] !== b) bad++;
        }
    return bad;
}

// ---- a VNC client that only resizes (RFC 6143, SetDesktopSize) -----------
async function resize(width, height) {
    const socket = connect(port, '127.0.0.1');
    let have = Buffer.alloc(0), wake = () => {};
    socket.on('data', d => { have = Buffer.concat([have, d]); wake(); });
    const take = async n => {
        while (have.length < n) await new Promise(r => { wake = r; });
        const out = have.subarray(0, n);
        have = have.subarray(n);
        return out;
    };
    await take(12);
    socket.write('RFB 003.008\n');
    const [count] = await take(1);
    await take(count);
    socket.write(Buffer.from([1])); // no authentication
    await take(4);
    socket.write(Buffer.from([1])); // shared
    const init = await take(24);
    await take(init.readUInt32BE(20));
    const encodings = Buffer.alloc(12); // raw, ExtendedDesktopSize
    encodings.writeUInt8(2, 0);
    encodings.writeUInt16BE(2, 2);
    encodings.writeInt32BE(0, 4);
    encodings.writeInt32BE(-308, 8);
    socket.write(encodings);
    const size = Buffer.alloc(24);
    size.writeUInt8(251, 0);
    size.writeUInt16BE(width, 2);
    size.writeUInt16BE(height, 4);
    size.writeUInt8(1, 6);
    size.writeUInt16BE(width, 16);
    size.writeUInt16BE(height, 18);
    socket.write(size);
    return socket;
}

const key = (code, down) => ({ type: 'key',
    data: { down, key: { type: 'qcode', data: code } } });
const axis = (name, value) => ({ type: 'abs', data: { axis: name, value } });

async function main() {
    await hear(/all else locked/); // a new disk: no password
    machine.stdin.write('\n');
    await hear(/# $/m);
    const control = await qmp(join(dir, 'qmp'));
    if (hasConsole)
        await theConsole(control);

    // the screen is the programs' while one has it open, here the shell
    type('exec 9<>/dev/fb0');
    await hear(/# $/m);
    type('/data/screen draw');
    const [, w, h] = await hear(/^drawn (\d+)x(\d+)$|^(failed.*)$/m);
    verdict('drawn', w > 0 && h > 0);
    let bad = await wrong(control, +w, +h);
    verdict('every pixel of the screen', bad === 0, `${bad} are wrong`);
    await hear(/# $/m);

    type('/data/screen mode 800 600');
    await hear(/^drawn 800x600$/m);
    bad = await wrong(control, 800, 600);
    verdict('a mode that was set', bad === 0, `${bad} are wrong`);
    await hear(/# $/m);

    type('/data/screen resized');
    await hear(/^waiting at 800x600$/m);
    const viewer = await resize(1000, 700);
    await hear(/^drawn 1000x700$/m);
    bad = await wrong(control, 1000, 700);
    verdict('a window that was resized', bad === 0, `${bad} are wrong`);
    if (png) await control.ask('screendump', { filename: png, format: 'png' });
    viewer.destroy();
    await hear(/# $/m);

    type('/data/screen input 5');
    const devices = (await hear(/^event[^]*listening$/m))[0];
    const board = /event(\d): .*Keyboard/i.exec(devices)?.[1];
    const tablet = /event(\d): .*Tablet, to 32767/i.exec(devices)?.[1];
    verdict('a keyboard and a tablet', board && tablet, devices);
    for (const down of [true, false])
        await control.ask('input-send-event', { events: [key('a', down)] });
    await control.ask('input-send-event',
        { events: [axis('x', 12345), axis('y', 23456)] });
    for (const down of [true, false])
        await control.ask('input-send-event', { events: [
            { type: 'btn', data: { down, button: 'left' } }] });
    const heard = (await hear(/[^]*^heard$/m))[0];
    for (const line of [`event${board} 1 30 1`, `event${board} 1 30 0`,
        `event${tablet} 3 0 12345`, `event${tablet} 3 1 23456`,
        `event${tablet} 1 272 1`, `event${tablet} 1 272 0`])
        verdict(line, heard.includes(line + '\n'), heard);

    if (hasConsole) {
        type('exec 9>&-');
        await hear(/# $/m);
        type('echo back $((40 + 4))');
        const seen = await see(control, /back 44$/);
        verdict('the console is back', seen.found, seen.text);
        await press(control, 'e c h o spc k e y s minus 4 3 ret');
        verdict('and its keys', await hear(/^keys-43$/m));
    }
    type('poweroff');
    control.close();
}

const over = new Promise(resolve => machine.on('exit', resolve));
try {
    await main();
    const code = await Promise.race([over,
        new Promise(r => setTimeout(() => r('no end'), 150000))]);
    verdict('powered off', code === 0, `${code}`);
} catch (e) {
    verdict('to the end', false, e.message);
}
try { process.kill(-machine.pid, 'SIGKILL'); } catch { /* it ended */ }
rmSync(dir, { recursive: true, force: true });
finish();
