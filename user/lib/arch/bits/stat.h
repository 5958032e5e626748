/* SPDX-License-Identifier: Apache-2.0 */
/* struct pith_stat (abi/pith/abi.h): the kernel fills it in place. */
struct stat {
    dev_t st_dev;
    ino_t st_ino;
    mode_t st_mode;
    nlink_t st_nlink;
    uid_t st_uid;
    gid_t st_gid;
    dev_t st_rdev;
    off_t st_size;
    unsigned st_blksize;
    unsigned __st_pad;
    blkcnt_t st_blocks;
    struct timespec st_atim;
    struct timespec st_mtim;
    struct timespec st_ctim;
};
