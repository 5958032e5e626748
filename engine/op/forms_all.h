/* SPDX-License-Identifier: Apache-2.0 */
/* Members of the families of op/rows_all.h, from the first. */
#ifndef ENGINE_OP_FORMS_H
#define ENGINE_OP_FORMS_H

#define FORMS_BIN 5  /* ss si rs ri sr */
#define FORMS_CMP 4  /* ss si rs ri */
#define FORMS_FBIN 3 /* ss rs sr */
#define FORMS_UN 2   /* s r */
#define FORMS_LOAD 6 /* s r x y w v */
enum {
    STORE_SS,
    STORE_RS,
    STORE_SR,
    STORE_SI,
    STORE_RI,
    STORE_X,
    STORE_XR,
    STORE_W,
    STORE_WR,
    STORE_V,
    STORE_P
};
#define LOAD_W 4u
#define LOAD_P (FORMS_LOAD * 3u)
#define MEMORY_RM 3u
#define MEMORY_RW 6u
#define MEMORY_TO 9u

#endif
