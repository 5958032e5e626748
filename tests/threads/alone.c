/* SPDX-License-Identifier: Apache-2.0 */
/* thread-spawn without a shared memory: refused. */
int thread_spawn(int)
    __attribute__((import_module("wasi"), import_name("thread-spawn")));
_Noreturn void proc_exit(int) __attribute__((
    import_module("wasi_snapshot_preview1"), import_name("proc_exit")));

__attribute__((export_name("wasi_thread_start"))) void
entry(int tid, int arg)
{
    proc_exit(tid + arg + 100);
}

__attribute__((export_name("_start"))) void
_start(void)
{
    proc_exit(thread_spawn(1) < 0 ? 5 : 6);
}
