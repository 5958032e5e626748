// SPDX-License-Identifier: Apache-2.0
// TVM in the browser: pith.js' tvm_* and packages, with what they are granted.

import assert from 'node:assert/strict';
import { sh } from './harness.mjs';

/** What the tests of the page share comes from run.mjs. */
export function tvmTests({ booted }) {
  return {
    async 'TVM bytecode, loaded and in packages'() {
      const page = await booted('?memory');
      const u32 = (n) => [n & 255, n >> 8 & 255, n >> 16 & 255, n >>> 24];
      const file = (constants, code) => [...Buffer.from('TVM1'), 1, 0, 0, 0, ...u32(0),
        ...u32(0), ...u32(32), ...u32(constants.length), ...u32(32 + constants.length),
        ...u32(code.length), ...constants, ...code];
      const movi = (r, v) => [0x61, r, ...u32(v)];
      const call = (n) => [0x70, n];
      // constants begin at 16
      const hello = file([...Buffer.from('hello\n')], [...movi(1, 1), ...movi(2, 16),
        ...movi(3, 6), ...call(1), 0x58, ...u32(7)]);
      // open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644), write(it, path, 5), its result
      const write = (path) => file([...Buffer.from(`${path}\0`)], [...movi(1, 16),
        ...movi(2, 0x241), ...movi(3, 0o644), ...call(2), 0x60, 1, 0, ...movi(2, 16),
        ...movi(3, 5), ...call(1), 0x40, 0, 0, 0x57]);
      const clock = [0x44, 16, 0, 0x41, 1, 0, ...call(96), 0x40, 0, 0, 0x57];
      const r = await page.evaluate(async (p) => {
        const k = window.pith;
        const why = (e) => e.message;
        const out = { status: await k.tvm_init() };
        const id = await k.tvm_load(new Uint8Array(p.hello));
        out.hello = await k.tvm_execute(id);
        out.bad = await k.tvm_load(new Uint8Array([...p.hello.slice(0, 20)])).catch(why);
        out.unknown = await k.tvm_execute('tvm-9').catch(why);
        out.wild = await k.tvm_execute(await k.tvm_load(
          new Uint8Array([0, 0, 0x40, 255, 8])));
        out.write = await k.tvm_execute(await k.tvm_load(new Uint8Array(p.write)));
        out.clock = await k.tvm_execute(await k.tvm_load(new Uint8Array(p.clock)));
        out.status2 = await k.tvm_sandbox_status();
        out.elf = await k.tvm_compile_elf(new Uint8Array([127, 69, 76, 70, 1]), 'a.elf')
          .catch(why);
        out.text = await k.tvm_compile_elf(new Uint8Array([1]), 'a').catch(why);
        out.apps = [];
        for (const [i, b] of p.packages.entries()) {
          const name = await k.api_load_binary(`q${i}.trymon`, new Uint8Array(b));
          const app = await k.kernel_trymon_install(name);
          out.apps.push(await k.kernel_trymon_run_app(app.id).catch(why));
        }
        out.kept = new TextDecoder().decode(await k.vfs.readFile('/data/filer/f'));
        return out;
      }, { hello, write: write('/data/f'), clock, packages: [
        ...[['hi', hello], ['filer', write('/data/filer/f'), 'fs'],
          ['none', write('/data/filer/g')], ['other', write('/data/filer/h'), 'fs'],
          ['when', clock, 'time'], ['never', clock]].map(([name, code, ...permissions]) => {
          const json = [...Buffer.from(JSON.stringify({ name, version: '1', permissions }))];
          return [...Buffer.from('TRYM'), 2, 1, 0, ...u32(json.length), ...json,
            ...u32(code.length), ...code];
        }),
        [...Buffer.from('TRYM'), 1, ...u32(14), ...Buffer.from('{"name":"x86"}'),
          ...u32(4), 127, 69, 76, 70]] });
      assert.equal(r.status.initialized, true);
      assert.equal(r.status.memory_limit_bytes, 64 << 20);
      assert.equal(r.status.instructions_per_second, 1000000);
      assert.ok(r.status.allowed_syscalls.includes('openat'));
      assert.deepEqual(r.status.allowed_network_domains, []);
      assert.deepEqual(r.hello, { success: true, exit_code: 7, stdout: 'hello\n',
        stderr: '', stats: { instructions_executed: 5, function_calls: 0,
          syscall_count: 1, allocations: 0, cycles: 5 } });
      assert.match(r.bad, /header is cut off/);
      assert.match(r.unknown, /tvm-9: no program/);
      assert.equal(r.wild.success, false);
      assert.match(r.wild.error, /at 2: it reaches for 8 bytes at 0/);
      assert.equal(r.write.exit_code | 0, -9); // EBADF: it could not be opened
      assert.equal(r.clock.exit_code | 0, -1);
      assert.equal(r.status2.loaded_programs.length, 4);
      assert.match(r.elf, /a\.elf is an x86 program: it needs the x86 emulator/);
      assert.match(r.text, /no ELF/);
      assert.deepEqual(r.apps.map((a) => a.exit_code), [7, 5, 247, 247, 0, 255,
        undefined]);
      assert.equal(r.apps[0].stdout, 'hello\n');
      assert.match(r.apps[6], /x86 emulator/);
      assert.equal(r.kept, '/data');
      // and from a shell, by its first bytes
      await page.evaluate((b) => window.pith.api_load_binary('hi', new Uint8Array(b)),
        hello);
      assert.deepEqual(await sh(page, '/usr/local/bin/hi; echo $?'),
        { code: 0, out: 'hello\n7\n', err: '' });
      return page;
    },
  };
}
