/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of a TVM program: files of the system it runs on, by descriptors of
 * its own, under whatever this process may do. Output can be kept instead of
 * written.
 */
#ifndef PITH_TVM_WORLD_H
#define PITH_TVM_WORLD_H

#include <dirent.h>

#include "tvm.h"

#define WORLD_FILES 32
#define WORLD_KEPT ((size_t)4 << 20) /* bytes of kept output; more: ENOSPC */

struct world_text {
    char *bytes;
    size_t n, room;
};

struct world {
    struct {
        int fd; /* -1: free */
        DIR *dir;
        struct dirent *next; /* read, but did not fit */
    } file[WORLD_FILES];
    bool keep;                 /* output goes to text[] */
    bool clocks;               /* the program may read them */
    struct world_text text[2]; /* of descriptors 1 and 2 */
};

void world_init(struct world *w, bool keep, bool clocks);
void world_finish(struct world *w);
/* What tvm_load takes; w must stay. */
struct tvm_host world_host(struct world *w);

#endif
