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
import { finish, listen, ppm, qmp, until, verdict } from './machine.mjs';

const [run, program, png] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'pith-screen.'));
// other kernels have no console on the screen
const hasConsole = (process.env.PITH_VM_ARCH ?? process.arch).startsWith('x');

// ---- the machine --------------------------------------------------------
mkdirSync(join(dir, 'disk/data'), { recursive: true });
copyFileSync(program, join(dir, 'disk/data/screen'));
// on a terminal, which script(1) makes
const machine = spawn('script', ['-qfec', `'${run}' --disk '${dir}/disk' \
    --display 'vnc=unix:${dir}/vnc' -- \
    -qmp 'unix:${dir}/qmp,server=on,wait=off'`, '/dev/null'],
{ stdio: ['pipe', 'pipe', 'inherit'], detached: true });
const { hear, type } = listen(machine);

async function dump(control) {
    const file = join(dir, 'screen.ppm');
    await control.ask('screendump', { filename: file });
    return ppm(file);
}

// ---- the console's text, by the shapes that its letters are found to have ----
const BLANK = '.'.repeat(128);
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
/** The shapes of `letters`, from the row that holds them without a gap. */
function learn(p, letters) {
    shapes.clear();
    for (let row = 0; row < p.height >> 4; row++) {
        const cells = Array.from(letters, (_, i) => shape(p, i, row));
        if (cells.includes(BLANK)) continue;
        cells.forEach((cell, i) => shapes.set(cell, letters[i]));
        break;
    }
    shapes.set(BLANK, ' ');
    return shapes.size;
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
    const found = await until(async () => {
        text = lines(await dump(control));
        return text.some(l => pattern.test(l));
    });
    return { found, text: text.join('\n') };
}
/** Down and up at once, or the key would repeat where a computer is slow; the
 * next when this one's echo is there: the keyboard's queue is short. */
async function press(control, keys) {
    for (const k of keys.split(' ')) {
        await control.ask('input-send-event',
            { events: [key(k, true), key(k, false)] });
        await hear({ spc: / /, minus: /-/, ret: /\n/ }[k] ?? new RegExp(k));
    }
}

/** The boot's words, the terminal's, and keys: on screen and line at once. */
async function theConsole(control) {
    const ascii = String.fromCharCode(
        ...Array.from({ length: 94 }, (_, i) => i + 33));
    const motd = readFileSync(new URL('../../image/root/etc/motd',
        import.meta.url), 'utf8').split('\n');
    if (png) await control.ask('screendump',
        { filename: `${png}.console.png`, format: 'png' });
    type(`printf '%s\\n' '${ascii.replace("'", `'"'"'`)}'; echo done`);
    await hear(/^done$/m);
    await hear(/# $/m);
    // the line has it, the screen will
    let known, text;
    await until(async () => {
        const p = await dump(control);
        known = learn(p, ascii);
        text = lines(p);
        return known === 95 && motd.every(l => text.includes(l.trimEnd()));
    });
    verdict('every letter has a shape of its own', known === 95,
        `${known} of 95 shapes`);
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

/** '', or in what the screen is not as screen.c drew it. */
function wrong(p, width, height) {
    if (p.width !== width || p.height !== height)
        return `it is ${p.width}x${p.height}, not ${width}x${height}`;
    let bad = 0, first = '';
    for (let y = 0, i = 0; y < height; y++)
        for (let x = 0; x < width; x++, i += 3) {
            const square = x >= 100 && x < 132 && y >= 60 && y < 92;
            const [r, g, b] = square ? [255, 128, 0]
                : [x & 255, y & 255, (x ^ y) & 255];
            if (p.at[i] === r && p.at[i + 1] === g && p.at[i + 2] === b)
                continue;
            if (!bad++) first = `${x},${y} is ${p.at.subarray(i, i + 3).join(' ')}`;
        }
    return bad ? `${bad} of ${width}x${height} pixels are wrong, ${first}` : '';
}
/** screen.c has drawn, as large as it says (or as is asked for), and that is what
 * the screen shows. QEMU shows what Linux queued in a thread of its own. */
async function shows(control, name, size) {
    const [line, w, h] = await hear(/^drawn (\d+)x(\d+)\n|^failed.*\n/m);
    verdict(`${name}: drawn`, size ? line === `drawn ${size}\n` : w > 0 && h > 0,
        line);
    let bad = line;
    if (w) await until(async () => !(bad = wrong(await dump(control), +w, +h)));
    verdict(`${name}: every pixel`, bad === '', bad);
}

// ---- a VNC client that only resizes (RFC 6143, SetDesktopSize) -----------
async function viewer() {
    const socket = connect(join(dir, 'vnc'));
    let have = Buffer.alloc(0), wake = () => {}, over = '';
    socket.on('data', d => { have = Buffer.concat([have, d]); wake(); });
    socket.on('error', e => { over = e.message; });
    socket.on('close', () => { over = over || 'it hung up'; wake(); });
    const take = async n => {
        while (have.length < n && !over) await new Promise(r => { wake = r; });
        if (over) throw new Error(`the VNC server: ${over}`);
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
    const resize = (width, height) => {
        const size = Buffer.alloc(24);
        size.writeUInt8(251, 0);
        size.writeUInt16BE(width, 2);
        size.writeUInt16BE(height, 4);
        size.writeUInt8(1, 6);
        size.writeUInt16BE(width, 16);
        size.writeUInt16BE(height, 18);
        socket.write(size);
    };
    return { resize, close: () => socket.destroy() };
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
    await shows(control, 'the screen');
    await hear(/# $/m);

    type('/data/screen mode 800 600');
    await shows(control, 'a mode that was set', '800x600');
    await hear(/# $/m);

    type('/data/screen resized');
    await hear(/^waiting at 800x600$/m);
    const window = await viewer();
    window.resize(1000, 700);
    await shows(control, 'a window that was resized', '1000x700');
    if (png) await control.ask('screendump', { filename: png, format: 'png' });
    await hear(/# $/m);

    // sizes that come while a program draws (one at a time: Linux's driver loses
    // one that comes while it reads the one before); the last is the console's
    type('/data/screen follow 1280 800');
    await hear(/^following$/m);
    for (let i = 0; i < 8; i++) {
        let p;
        window.resize(640 + 16 * i, 480 + 8 * i);
        const there = await until(async () => (p = await dump(control))
            .width === 640 + 16 * i && p.height === 480 + 8 * i);
        verdict(`size ${i} of a window that is dragged`, there,
            `the screen is ${p.width}x${p.height}`);
    }
    window.resize(1280, 800);
    await shows(control, 'a window that is dragged', '1280x800');
    window.close();
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
