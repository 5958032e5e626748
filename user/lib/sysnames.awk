# SPDX-License-Identifier: Apache-2.0
# sys_names.h: which system calls musl's sources find. First our own files
# (a line "SYS(name)" defines one), then the list of all names musl uses.
# Names of the older, narrower calls stay undefined, so that musl takes its
# way around them through the *at calls.
/^SYS\([a-z0-9_]+\)/ {
    split($0, f, /[()]/)
    printf "__sys_fn __sys_%s;\n#define SYS_%s __sys_%s\n", f[2], f[2], f[2]
    have[f[2]] = 1
}
/^SYS_[a-z0-9_]+$/ {
    n = substr($0, 5)
    if (n in have || n ~ /(64|32)$/ || n ~ /^(open|stat|lstat|fstat|access|chmod|chown|lchown|dup2|fork|ipc|link|mkdir|mknod|mmap2|pipe|poll|readlink|rename|renameat|rmdir|select|symlink|unlink|pause|inotify_init|epoll_create|epoll_wait|eventfd|signalfd|futimesat|utimes|set_thread_area|sync_file_range2|riscv_flush_icache|arch_prctl|cacheflush|cachectl)$/)
        next
    if (!said++)
        print "__sys_fn __sys_nosys;"
    printf "#define SYS_%s __sys_nosys\n", n
}
