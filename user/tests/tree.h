/* SPDX-License-Identifier: Apache-2.0 */
/* Directories, for programs that tidy up behind others. */
#ifndef USERTESTS_TREE_H
#define USERTESTS_TREE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* With all that is in it, whatever its permissions. */
static void
remove_tree(const char *path)
{
    struct dirent *e;
    struct stat st;
    char child[1024];
    DIR *d;

    if (lstat(path, &st) < 0)
        return;
    if (!S_ISDIR(st.st_mode)) {
        unlink(path);
        return;
    }
    chmod(path, 0700);
    d = opendir(path);
    while (d && (e = readdir(d))) {
        snprintf(child, sizeof child, "%s/%s", path, e->d_name);
        if (!is_dots(e->d_name))
            remove_tree(child);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

#endif
