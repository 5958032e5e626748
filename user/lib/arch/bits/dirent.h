/* SPDX-License-Identifier: Apache-2.0 */
/* struct pith_dirent (abi/pith/abi.h), so that getdents needs no copy. */
#define _DIRENT_HAVE_D_RECLEN
#define _DIRENT_HAVE_D_OFF
#define _DIRENT_HAVE_D_TYPE
#define _DIRENT_HAVE_D_NAMLEN
struct dirent {
    ino_t d_ino;
    off_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    unsigned char d_namlen;
    char d_name[256];
};
