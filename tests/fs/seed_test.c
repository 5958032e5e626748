/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System images: pith-mkdisk gives the same bytes each time, and a disk that
 * was made from an older image gets what the newer one brings while the user's
 * files stay. The tool is in the environment: MKDISK.
 */
#include "drivers.h"

#include "fs/store.h"
#include "store_sqlite.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static void
sh(const char *format, ...)
{
    char command[2048];
    va_list ap;

    va_start(ap, format);
    vsnprintf(command, sizeof command, format, ap);
    va_end(ap);
    IS(system(command), 0);
}

/* A tree, and an image of it; `body` fills the tree. */
static void
make_image(const char *name, const char *body)
{
    const char *tool = getenv("MKDISK");

    CHECK(tool);
    sh("cd %s && rm -rf tree && mkdir -p tree/bin tree/usr/lib tree/etc && "
       "cd tree && { %s; } && find . -exec touch -h -d @1000000000 {} +",
       test_dir, body);
    sh("printf '%%s\\n' '# comment' '/tmp/ 1777 0 0' '/home/user/ 750 1000 "
       "1000' '/etc/secret 600 0 7' > %s/tree.txt",
       test_dir);
    sh("%s %s/%s %s/tree %s/tree.txt >/dev/null", tool, test_dir, name,
       test_dir, test_dir);
}

static const char *
in_dir(const char *name)
{
    static char path[2][128];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", test_dir, name);
    return path[turn];
}

static void
mount_disk(bool ephemeral)
{
    struct report report = {.text = ""};
    struct fs *fs;
    int r = store_boot(ephemeral ? NULL : in_dir("user.pith"),
                       in_dir("system.pith"), ephemeral, &fs, &report);

    if (r < 0)
        printf("  %s\n", report.text);
    OK(r);
    OK(vfs_mount(NULL, fs, "disk", "/s", 0, true));
}

static void
unmount(void)
{
    OK(vfs_umount(NULL, "/s", 0));
    check_disk(in_dir("user.pith"));
}

#define OLD_TREE                                                               \
    "echo one > bin/tool; chmod 755 bin/tool; ln bin/tool bin/alias; "         \
    "ln -s tool bin/soft; echo x > bin/dropped; mkdir usr/lib/old; "           \
    "echo y > usr/lib/old/f; echo mine > etc/conf; echo s > etc/secret"
#define NEW_TREE                                                               \
    "echo twotwo > bin/tool; chmod 755 bin/tool; ln bin/tool bin/alias; "      \
    "ln bin/tool bin/third; ln -s alias bin/soft; mkdir -p usr/lib/new/deep; " \
    "echo z > usr/lib/new/deep/f; echo theirs > etc/conf; echo s > etc/secret"

static void
same_bytes(void)
{
    make_image("a.pith", OLD_TREE);
    make_image("b.pith", OLD_TREE);
    sh("cmp %s/a.pith %s/b.pith", test_dir, test_dir);
    make_image("b.pith", NEW_TREE);
    sh("! cmp -s %s/a.pith %s/b.pith", test_dir, test_dir);
}

static void
first_boot(void)
{
    struct pith_stat st;

    unlink(in_dir("user.pith"));
    make_image("system.pith", OLD_TREE);
    mount_disk(false);
    CHECK(t_is("/s/bin/tool", "one\n"));
    CHECK(t_is("/s/bin/soft", "one\n"));
    OK(t_stat("/s/bin/alias", &st));
    IS(st.nlink, 2);
    IS(st.mode, PITH_S_IFREG | 0755);
    IS(st.mtim.sec, 1000000000);
    OK(t_stat("/s/tmp", &st));
    IS(st.mode, PITH_S_IFDIR | 01777);
    OK(t_stat("/s/home/user", &st));
    IS(st.mode, PITH_S_IFDIR | 0750);
    IS(st.uid, 1000);
    OK(t_stat("/s/etc/secret", &st));
    IS(st.mode, PITH_S_IFREG | 0600);
    IS(st.gid, 7);
    unmount();
}

static void
upgrade(void)
{
    struct pith_stat st;

    unlink(in_dir("user.pith"));
    make_image("system.pith", OLD_TREE);
    mount_disk(false);
    t_put("/s/home/user/notes", "keep me");
    t_put("/s/bin/own", "mine too");
    t_put("/s/usr/lib/old/own", "in an old directory");
    t_put("/s/etc/conf", "edited");
    OK(t_link("/s/bin/tool", "/s/home/user/linked"));
    unmount();
    make_image("system.pith", NEW_TREE);
    mount_disk(false);
    CHECK(t_is("/s/bin/tool", "twotwo\n"));
    CHECK(t_is("/s/bin/soft", "twotwo\n"));
    OK(t_stat("/s/bin/third", &st));
    IS(st.nlink, 3);
    IS(t_stat("/s/bin/dropped", &st), -E_NOENT);
    IS(t_stat("/s/usr/lib/old/f", &st), -E_NOENT);
    CHECK(t_is("/s/usr/lib/old/own", "in an old directory"));
    CHECK(t_is("/s/usr/lib/new/deep/f", "z\n"));
    CHECK(t_is("/s/home/user/notes", "keep me"));
    CHECK(t_is("/s/home/user/linked", "one\n"));
    CHECK(t_is("/s/bin/own", "mine too"));
    CHECK(t_is("/s/etc/conf", "edited"));
    unmount();
    mount_disk(false); /* nothing more to do */
    CHECK(t_is("/s/bin/tool", "twotwo\n"));
    unmount();
}

static void
ephemeral_boot(void)
{
    make_image("system.pith", OLD_TREE);
    sh("cp %s/system.pith %s/before", test_dir, test_dir);
    mount_disk(true);
    t_put("/s/bin/tool", "changed");
    CHECK(t_is("/s/bin/alias", "changed"));
    OK(vfs_umount(NULL, "/s", 0));
    sh("cmp %s/system.pith %s/before", test_dir, test_dir);
}

void
run_seed(void)
{
    driver_name = "images";
    run_case("same tree, same bytes", same_bytes);
    run_case("first boot", first_boot);
    run_case("upgrade", upgrade);
    run_case("ephemeral boot", ephemeral_boot);
    vfs_umount(NULL, "/s", 2);
}
