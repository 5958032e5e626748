/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the corpus on every driver; what is particular to one follows. */
#include "fs_test.h"

#include "drivers.h"
#include "host.h"

#include <stdlib.h>

uint32_t driver_can;
const char *driver_name;
jmp_buf case_end;
static int passed, failed, skipped;
static const char *case_name, *only;

void
check_failed(const char *file, int line, const char *what, long long got,
             long long want)
{
    printf("FAIL %s: %s\n  %s:%d: %s is %lld", driver_name, case_name, file,
           line, what, got);
    if (got < 0)
        printf(" (%s)", pith_errno_name((int)got));
    printf(", want %lld", want);
    if (want < 0)
        printf(" (%s)", pith_errno_name((int)want));
    printf("\n");
    longjmp(case_end, 1);
}

static void
clean_up(void)
{
    as_process(&me);
    become(0, 0);
    me.umask = 022;
    me.sig.pending = 0;
    me.rlimit[PITH_RLIMIT_FSIZE].cur = UINT64_MAX;
    fd_table_finish(&me.fds, &me);
    fd_table_init(&me.fds);
}

void
run_case(const char *name, void (*run)(void))
{
    if (only && !strstr(name, only) && !strstr(driver_name, only))
        return;
    case_name = name;
    if (setjmp(case_end) == 0) {
        run();
        fake_check_lock();
        passed++;
    } else {
        failed++;
    }
    clean_up();
}

static void
go_to(const char *path)
{
    struct dentry_path *d;

    if (vfs_lookup(NULL, NULL, path, WALK_DIRECTORY, &d) < 0)
        abort();
    path_unref(me.cwd);
    me.cwd = d;
}

static void
run_cases(const struct fs_case *c)
{
    for (; c->name; c++) {
        if (c->needs & ~driver_can) {
            skipped++;
            continue;
        }
        run_case(c->name, c->run);
        go_to("/t");
        t_clear(".");
        t_chmod(".", 0755);
    }
}

void
run_corpus(const char *name, struct fs *fs, uint32_t can,
           const struct fs_case *own)
{
    int r = vfs_mount(NULL, fs, name, "/t", 0, true);

    driver_name = name;
    driver_can = can;
    if (r < 0) {
        printf("FAIL %s: mount: %s\n", name, pith_errno_name(r));
        failed++;
        return;
    }
    go_to("/t");
    run_cases(posix_cases);
    run_cases(posix_dir_cases);
    run_cases(posix_meta_cases);
    if (own)
        run_cases(own);
    go_to("/");
    r = vfs_umount(NULL, "/t", 0);
    if (r < 0) { /* somebody still holds a place: a leak */
        printf("FAIL %s: umount: %s\n", name, pith_errno_name(r));
        vfs_umount(NULL, "/t", PITH_MNT_DETACH);
        failed++;
    }
}

int
main(int argc, char **argv)
{
    struct fs *root, *fs;

    if (argc > 1)
        only = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    fake_init();
    if (tmpfs_create(0, &root) < 0 || vfs_init(root, "root") < 0 ||
        procfs_create(&fs) < 0 ||
        vfs_mount(NULL, fs, "proc", "/proc", 0, true) < 0 ||
        devfs_create(&fs) < 0 ||
        vfs_mount(NULL, fs, "dev", "/dev", 0, true) < 0)
        abort();
    me.cwd = path_ref(vfs_root());
    me.root = path_ref(vfs_root());
    run_drivers();
    printf("fs: %d passed, %d failed", passed, failed);
    if (skipped)
        printf(" (%d do not apply to a driver here)", skipped);
    printf("\n");
    return failed != 0;
}
