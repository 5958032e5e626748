// SPDX-License-Identifier: Apache-2.0
// The disks that U-Boot boots, from outside: uboot.mjs OUT UBOOT, where the latter
// is what Debian's package u-boot-qemu has. Each starts, is written to, switches
// itself off, and has it at the next start.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, listen, verdict } from './machine.mjs';

const [out, uboot] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'pith-uboot.'));
const machines = {
    aarch64: ['-machine', 'virt,gic-version=3', '-cpu', 'max', '-bios',
        join(uboot, 'qemu_arm64/u-boot.bin')],
    riscv64: ['-machine', 'virt', '-cpu', 'rv64', '-kernel',
        join(uboot, 'qemu-riscv64_smode/u-boot.bin')],
};

// (U-Boot says things behind a ## )
const PROMPT = /\/root\S*# $/;

/** Starts it and runs `lines` at its prompt; what they printed, when it is off. */
async function session(arch, disk, lines) {
    const child = spawn(`qemu-system-${arch}`, [...machines[arch], '-nodefaults',
        '-m', '512', '-display', 'none', '-serial', 'stdio', '-no-reboot',
        '-drive', `if=none,id=d,format=raw,file=${disk}`,
        '-device', 'virtio-blk-pci,drive=d', '-device', 'virtio-rng-pci'],
    { stdio: ['pipe', 'pipe', 'inherit'] });
    const off = new Promise(resolve => child.on('exit', resolve));
    const { hear } = listen(child);
    try {
        const [said] = await hear(/all else locked|\/root\S*# $/, 300);
        if (said === 'all else locked') {
            child.stdin.write('\n');
            await hear(PROMPT, 300);
        }
        child.stdin.write(`${lines}; echo "[$?]"\n`);
        const m = await hear(/\]"\n([^]*?)\[(\d+)\]\n/, 300);
        await hear(PROMPT, 300);
        child.stdin.write('poweroff\n');
        const tooLong = setTimeout(() => child.kill('SIGKILL'), 300e3);
        const code = await off;
        clearTimeout(tooLong);
        return `${m[1]}${m[2]}, off: ${code}`;
    } finally {
        child.kill('SIGKILL');
    }
}

for (const arch of Object.keys(machines)) {
    const disk = join(dir, `${arch}.img`);
    execFileSync('cp', ['--sparse=always', join(out, `pith-vm-${arch}.img`), disk]);
    try {
        let said = await session(arch, disk, 'echo kept > /root/file; uname -s');
        verdict(`${arch}: starts from its disk`, said === 'Pith\n0, off: 0', said);
        said = await session(arch, disk, 'cat /root/file; pith update /none 2>&1');
        verdict(`${arch}: and again, with what was written`,
            /^kept\npith-update: .*two slots\n1, off: 0$/.test(said), said);
    } catch (e) {
        verdict(`${arch}: to the end`, false, e.stack);
    }
}
rmSync(dir, { recursive: true, force: true });
finish();
