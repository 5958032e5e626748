/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a new Pith disk is made with, for whoever makes one. application_id is
 * "PITH"; the page size was measured (docs/formats-store.md). The root
 * directory is inode 1.
 */
#ifndef KERNEL_FS_STORE_SCHEMA_H
#define KERNEL_FS_STORE_SCHEMA_H

#define STORE_VERSION 1
#define STORE_ROOT_INO 1
#define STORE_CHUNK 65536u
#define STORE_PAGE_SIZE "PRAGMA page_size=16384"
#define STORE_SCHEMA                                                           \
    "PRAGMA application_id=1346982984;"                                        \
    "PRAGMA user_version=1;"                                                   \
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"            \
    "CREATE TABLE inodes(ino INTEGER PRIMARY KEY, mode INTEGER NOT NULL,"      \
    " nlink INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL,"     \
    " rdev INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0,"       \
    " bytes INTEGER NOT NULL DEFAULT 0, atime INTEGER NOT NULL,"               \
    " mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, target TEXT);"           \
    "CREATE TABLE entries(dir INTEGER NOT NULL, name TEXT NOT NULL,"           \
    " ino INTEGER NOT NULL, cookie INTEGER NOT NULL,"                          \
    " PRIMARY KEY(dir,name)) WITHOUT ROWID;"                                   \
    "CREATE TABLE chunks(ino INTEGER NOT NULL, idx INTEGER NOT NULL,"          \
    " data BLOB NOT NULL, PRIMARY KEY(ino,idx));"                              \
    /* paths that came with the image, for upgrades */                         \
    "CREATE TABLE manifest(path TEXT PRIMARY KEY) WITHOUT ROWID;"              \
    "CREATE INDEX orphans ON inodes(ino) WHERE nlink=0;"                       \
    "INSERT INTO meta VALUES('version',1);"

#endif
