# SPDX-License-Identifier: Apache-2.0
# make test-fs: POSIX cases on every file system driver.
FS_TEST_SRC := $(wildcard tests/fs/*.c)
FS_TEST_KERNEL := $(wildcard kernel/vfs_*.c kernel/fs/*.c) kernel/file.c \
                  kernel/uio.c kernel/wait.c kernel/cap.c kernel/cap_set.c \
                  kernel/cap_text.c kernel/audit.c kernel/lib.c kernel/ipc.c \
                  kernel/memory.c
FS_TEST_HOST := $(wildcard host/posix/hostfs*.c host/posix/store_*.c) \
                host/posix/errno.c $(wildcard host/sqlite/*.c)
FS_TEST_OBJ := $(call obj,$(FS_TEST_SRC) $(FS_TEST_KERNEL) $(FS_TEST_HOST)) \
               $(LIB_OBJ)

$(eval $(call compile,tests/fs,$(INC_cli)))
$(B)/bin/test-fs: $(FS_TEST_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3 -lpthread

# The same with PID 1's way to a disk; what libsqlite3 does here is to make disks
# and to look at them.
FS_BARE_OBJ := $(filter-out %/host/sqlite/db.o,$(FS_TEST_OBJ)) \
               $(call obj,$(wildcard host/sqlite/bare/*.c))
ifeq ($(filter vm-%,$(V)),)
$(B)/obj/host/sqlite/bare/tree.o: host/sqlite/bare/tree.c $(O)/vm/sqlite/sqlite3.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -isystem $(O)/vm/sqlite -w $(INC_host) \
	    $$(cat $(O)/vm/sqlite/flags) -MMD -MP -c -o $@ $<
endif
$(B)/bin/test-fs-bare: $(FS_BARE_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3 -lpthread

# And against SQL: random changes both ways, power cuts.
BARE_TEST_OBJ := $(call obj,$(wildcard tests/fs/bare/*.c)) \
    $(call obj,$(wildcard host/sqlite/bare/*.c)) \
    $(call obj,host/sqlite/alone.c host/sqlite/common.c host/sqlite/sql.c \
      host/sqlite/upgrade.c host/posix/errno.c host/posix/store_format.c \
      host/posix/store_raw.c host/posix/store_sqlite.c) $(LIB_OBJ)
$(B)/bin/test-bare: $(BARE_TEST_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3 -lpthread
.PHONY: test-bare
test-bare: $(B)/bin/test-bare
	@$<

# Many tasks at once, on the real scheduler.
$(B)/bin/test-fs-tasks: $(B)/obj/tests/fs/tasks/main.o \
                        $(B)/lib/libpith-system.a $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: test-fs test-fs-tasks
test-fs-tasks: $(B)/bin/test-fs-tasks
	@$(B)/bin/test-fs-tasks $(ROUNDS)
.PHONY: test-fs-bare
test-fs-bare: $(B)/bin/test-fs-bare $(B)/bin/pith-mkdisk
	@MKDISK=$(abspath $(B)/bin/pith-mkdisk) $(B)/bin/test-fs-bare $(CASE)
test-fs: $(B)/bin/test-fs $(B)/bin/pith-mkdisk
	@MKDISK=$(abspath $(B)/bin/pith-mkdisk) $(B)/bin/test-fs $(CASE)

# More of the broken disks than test-fs tries; best with V=asan.
.PHONY: fuzz-disk
fuzz-disk: $(B)/bin/test-fs
	@FS_ROUNDS=$(or $(ROUNDS),2000) $(B)/bin/test-fs broken
