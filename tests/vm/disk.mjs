// SPDX-License-Identifier: Apache-2.0
// The disk image from outside: disk.mjs IMAGE UPDATE. Boots a copy by BIOS and by
// UEFI, updates it, and has updates fail in each way there is: a damaged file, a
// power cut while it is written, a system that does not come up.
import { createHash } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync,
    readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, listen, until, verdict } from './machine.mjs';

const [image, update] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'pith-disk.'));
const disk = join(dir, 'disk.img');
const share = join(dir, 'share');
const OVMF = '/usr/share/OVMF/OVMF_CODE.fd';

// ---- the state, as the boot loader has it ---------------------------------
function state(change) {
    const fd = openSync(disk, 'r+');
    const block = Buffer.alloc(1024), start = Buffer.alloc(5 << 20);
    readSync(fd, start, 0, start.length, 0);
    const at = start.indexOf('# GRUB Environment Block');
    start.copy(block, 0, at);
    let text = block.toString('latin1');
    if (change) {
        text = change(text.replace(/#+$/, '')).padEnd(1024, '#');
        writeSync(fd, Buffer.from(text, 'latin1'), 0, 1024, at);
    }
    closeSync(fd);
    return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)]
        .map(m => [m[1], m[2]]));
}

// ---- the machine ------------------------------------------------------------
let machine, hear;
function start(...more) {
    machine = spawn('qemu-system-x86_64', ['-nodefaults', '-no-user-config',
        '-machine', 'q35,accel=tcg', '-cpu', 'max', '-m', '256',
        '-display', 'none', '-serial', 'stdio', '-device', 'virtio-rng-pci',
        '-drive', `if=none,id=d,format=raw,file=${disk}`,
        '-device', 'virtio-blk-pci,drive=d',
        '-fsdev', `local,id=data,path=${share},security_model=none`,
        '-device', 'virtio-9p-pci,fsdev=data,mount_tag=data', ...more],
    { stdio: ['pipe', 'pipe', 'inherit'] });
    ({ hear } = listen(machine));
}
function cut() {
    const over = new Promise(resolve => machine.on('exit', resolve));
    machine.kill('SIGKILL');
    return over;
}
/** Is something written in slot b, the third partition, at 256 KiB? It is no
 * longer when it is to be wiped there. */
function slotB(wipe) {
    const fd = openSync(disk, 'r+'), bytes = Buffer.alloc(4096);
    readSync(fd, bytes, 0, 4, 446 + 2 * 16 + 8);
    const at = bytes.readUInt32LE() * 512 + (256 << 10);
    if (wipe) writeSync(fd, Buffer.alloc(4096), 0, 4096, at);
    readSync(fd, bytes, 0, 4096, at);
    closeSync(fd);
    return bytes.some(b => b !== 0);
}
/** When a slot that is tried is found to be well, from the next start on. */
const healthyAfter = seconds => state(s => s.replace(/^(args=.*?)( PITH_HEALTHY=.*)?$/m,
    `$1 PITH_HEALTHY=${seconds}`));
const prompt = () => hear(/# $/);
/** What a command prints, and its exit code behind it. */
async function ask(command) {
    machine.stdin.write(`${command}; echo "[$?]"\n`);
    const m = await hear(/\]"\n([^]*?)\[(\d+)\]\n/);
    await prompt();
    return `${m[1]}${m[2]}`;
}

// ---- updates ----------------------------------------------------------------
function makeUpdate(name, kernel, initrd) {
    const hash = b => createHash('sha256').update(b).digest('hex');
    const head = Buffer.alloc(4096);
    head.write(`Pith update 1\n${kernel.length} ${hash(kernel)}\n` +
        `${initrd.length} ${hash(initrd)}\n`);
    writeFileSync(join(share, name), Buffer.concat([head, kernel, initrd]));
}

async function main() {
    execFileSync('cp', ['--sparse=always', image, disk]);
    mkdirSync(share);
    const whole = readFileSync(update);
    const [, k] = whole.toString('latin1', 0, 4096).split('\n');
    const kernel = whole.subarray(4096, 4096 + parseInt(k, 10));
    const initrd = whole.subarray(4096 + kernel.length);
    writeFileSync(join(share, 'good'), whole);
    const damaged = Buffer.from(whole);
    damaged[damaged.length >> 1] ^= 1;
    writeFileSync(join(share, 'damaged'), damaged);
    writeFileSync(join(share, 'short'), whole.subarray(0, 100000));
    makeUpdate('no-kernel', Buffer.alloc(600000, 'no'), initrd);
    makeUpdate('no-init', kernel, Buffer.alloc(600000));
    state(s => s.replace(/^args=.*$/m, '$& PITH_DATA=9p:data'));
    healthyAfter(100000);

    start();
    await hear(/all else locked/); // a new disk: no password
    machine.stdin.write('\n');
    await prompt();
    verdict('boots by BIOS', true);
    verdict('slot a is good',
        await ask('pith-update --status') === 'running a\ngood a\nnext a\n0');
    await ask('echo kept > /root/file; sync');
    const before = JSON.stringify(state());
    for (const name of ['damaged', 'short', 'none', 'good/x']) {
        const out = await ask(`pith update /data/${name} 2>&1`);
        verdict(`${name}: refused`, /^pith-update: .*\n1$/.test(out), out);
    }
    verdict('and nothing changed', JSON.stringify(state()) === before,
        JSON.stringify(state()));

    // cut as soon as a part of a kernel is there
    slotB(true);
    machine.stdin.write('pith update /data/good\n');
    verdict('slot b is written', await until(() => slotB()));
    await cut();
    start();
    await prompt();
    verdict('power cut while it is written: slot a',
        /^running a\n/.test(await ask('pith-update --status')));

    let out = await ask('pith update /data/good');
    verdict('an update', /^Slot b has it[^]*0$/.test(out), out);
    await cut();
    start();
    await prompt();
    out = await ask('pith-update --status');
    verdict('it is tried', out === 'running b\ngood a\nnext a\n0', out);
    await cut(); // before it was found to be well
    start();
    await prompt();
    out = await ask('pith-update --status');
    verdict('cut before it was well: slot a again',
        out === 'running a\ngood a\nnext a\n0', out);
    await ask('pith update /data/good');
    await cut();
    healthyAfter(5);
    start();
    const well = hear(/slot b is well/); // before the prompt, where it is late
    await prompt();
    await well;
    out = await ask('pith-update --status; cat /root/file');
    verdict('well after a while, and the files are there',
        out === 'running b\ngood b\nnext b\nkept\n0', out);

    for (const name of ['no-kernel', 'no-init']) {
        out = await ask(`pith update /data/${name}`);
        verdict(`${name}: written`, /^Slot a has it/.test(out), out);
        machine.stdin.write('reboot\n');
        if (name === 'no-init') await hear(/Kernel panic/);
        else await hear(/Slot a cannot be started/);
        await prompt();
        out = await ask('pith-update --status');
        verdict(`${name}: back to slot b by itself`,
            out === 'running b\ngood b\nnext b\n0', out);
    }
    await ask('pith update /data/good');
    await cut();
    healthyAfter(100000);
    if (!existsSync(OVMF)) throw new Error(`there is no ${OVMF}`);
    start('-drive', `if=pflash,format=raw,readonly=on,file=${OVMF}`);
    await prompt();
    out = await ask('pith-update --status; cat /root/file');
    verdict('by UEFI, the slot to be tried',
        out === 'running a\ngood b\nnext b\nkept\n0', out);
    out = await ask('pith-update --back');
    verdict('back by hand', out === 'The next start is from slot b.\n0', out);
    await cut();
    verdict('the state says so', state().good === 'b' && state().try === '');
}

try {
    await main();
} catch (e) {
    verdict('to the end', false, e.stack);
}
machine?.kill('SIGKILL');
rmSync(dir, { recursive: true, force: true });
finish();
