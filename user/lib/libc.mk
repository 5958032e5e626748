# SPDX-License-Identifier: Apache-2.0
# Builds the sysroot that pith-cc compiles against; run by user/user.mk with
#   MUSL  the unpacked Debian source of musl
#   O     the output folder:  $(O)/sysroot/{include,lib}, objects under user/
#
# libpith is musl (which wasi-libc is, too, less all that WASI lacks) compiled
# unchanged over our own bottom half: src/ and internal/ here replace the
# files listed below; bits/ are ours. The allocator is wasi-libc's.

HERE := user/lib
ROOT := $(O)/sysroot
OBJ := $(O)/obj/libpith
GEN := $(O)/obj/libpith/gen
CC := clang-19
AR := llvm-ar-19
WASI_LIBC := /usr/lib/wasm32-wasi/libc.a

TARGET := --target=wasm32-unknown-wasi -mbulk-memory -mnontrapping-fptoint \
          -mmutable-globals -msign-ext
COMMON := $(TARGET) -O2 -std=gnu11 -ffreestanding -nostdinc -D_XOPEN_SOURCE=700 \
          -fno-strict-aliasing -ffile-prefix-map=$(MUSL)=musl \
          -ffile-prefix-map=$(CURDIR)=. -I$(HERE)/arch -I$(GEN) \
          -I$(MUSL)/arch/generic -I$(MUSL)/src/include -I$(MUSL)/src/internal \
          -I$(MUSL)/include
QUIET := -w -Wno-error=int-conversion
OURS := $(COMMON) -D_GNU_SOURCE -I$(HERE)/internal -I$(MUSL)/src -Wall -Wextra \
        -Wno-missing-field-initializers -Wno-unused-parameter \
        -Wno-parentheses -Wno-sign-compare

# What musl has that makes no sense here, or that src/ does better.
DIRS := complex conf crypt ctype dirent env errno exit fcntl fenv internal ipc \
        ldso legacy linux locale math misc multibyte network passwd prng \
        process regex sched search select signal stat stdio stdlib string \
        temp termios thread time unistd mman
DROP := errno/__errno_location errno/strerror env/__init_tls env/__libc_start_main env/__reset_tls \
        exit/abort internal/vdso ldso/dl_iterate_phdr ldso/tlsdesc ldso/dladdr \
        ldso/dlinfo ldso/dlsym ldso/__dlsym \
        linux/brk linux/sbrk linux/clone linux/wait4 linux/cache \
        linux/arch_prctl linux/membarrier linux/gettid \
        misc/getrusage misc/syscall unistd/faccessat \
        mman/mmap mman/munmap mman/mremap mman/msync mman/mprotect \
        mman/madvise \
        process/fork process/_Fork process/vfork process/posix_spawn \
        process/posix_spawnp process/waitid \
        select/select select/pselect \
        signal/sigaction signal/sigaltstack signal/siglongjmp \
        signal/sigsetjmp signal/sigsetjmp_tail signal/restore \
        signal/setitimer signal/getitimer stat/fstatat \
        network/sendmsg network/recvmsg \
        string/memcpy string/memmove string/memset \
        thread/clone thread/__unmapself thread/__set_thread_area \
        thread/pthread_create thread/pthread_cancel thread/syscall_cp \
        thread/__syscall_cp thread/synccall thread/pthread_getattr_np \
        thread/__tls_get_addr thread/pthread_testcancel \
        time/timer_create time/timer_delete time/timer_settime \
        time/timer_gettime time/timer_getoverrun unistd/setxid \
        $(foreach f,sqrt fabs floor ceil trunc rint nearbyint copysign, \
            math/$(f) math/$(f)f)
MUSL_C := $(foreach d,$(DIRS),$(wildcard $(MUSL)/src/$(d)/*.c)) \
          $(addprefix $(MUSL)/src/malloc/,memalign.c reallocarray.c replaced.c)
MUSL_C := $(filter-out $(DROP:%=$(MUSL)/src/%.c),$(MUSL_C))
MUSL_O := $(patsubst $(MUSL)/src/%.c,$(OBJ)/musl/%.o,$(MUSL_C))

OUR_C := $(filter-out $(HERE)/src/crt1.c $(HERE)/src/fork.c $(HERE)/src/setjmp.c $(HERE)/src/guard.c \
           $(HERE)/src/longjmp.c, \
           $(wildcard $(HERE)/src/*.c))
OUR_O := $(patsubst $(HERE)/src/%.c,$(OBJ)/src/%.o,$(OUR_C)) \
         $(OBJ)/src/stack.o
SJLJ_O := $(OBJ)/src/setjmp.o $(OBJ)/src/guard.o $(OBJ)/src/longjmp.o \
          $(OBJ)/src/tag.o
FORK_O := $(OBJ)/src/fork.o

# Two libraries: how main is entered and jumps are made differs with --fork.
LIBS := $(addprefix $(ROOT)/lib/,crt1.o libc.a libpith-jump.a libpith-fork.a) \
        $(ROOT)/bin/wasm-opt
EMPTY := $(foreach l,m rt pthread crypt util xnet resolv dl,$(ROOT)/lib/lib$(l).a)

all: $(LIBS) $(EMPTY)

GENH := $(GEN)/bits/alltypes.h $(GEN)/bits/errno.h $(GEN)/sys_names.h \
        $(GEN)/pith_import.h $(GEN)/version.h
$(GEN)/bits/alltypes.h: $(HERE)/arch/bits/alltypes.h.in
	@mkdir -p $(@D)
	@sed -f $(MUSL)/tools/mkalltypes.sed $< $(MUSL)/include/alltypes.h.in >$@
$(GEN)/bits/errno.h: lib/errno.def $(HERE)/errno.awk
	@mkdir -p $(@D)
	@awk -f $(HERE)/errno.awk $< $(MUSL)/arch/generic/bits/errno.h >$@
$(GEN)/sys_names.h: $(HERE)/sysnames.awk $(wildcard $(HERE)/src/sys_*.c) \
                    $(HERE)/src/sigmask.c
	@mkdir -p $(@D)
	@grep -rhoE '\bSYS_[a-z0-9_]+' $(MUSL)/src --include=*.c | sort -u | \
	    awk -f $(HERE)/sysnames.awk $(wildcard $(HERE)/src/sys_*.c) \
	    $(HERE)/src/sigmask.c - >$@
$(GEN)/pith_import.h: abi/pith/syscall.def $(HERE)/import.awk
	@mkdir -p $(@D)
	@awk -f $(HERE)/import.awk $< >$@
$(GEN)/version.h: $(MUSL)/VERSION
	@mkdir -p $(@D)
	@echo "#define VERSION \"$$(cat $<)\"" >$@

# Linux's own headers for the devices that are like Linux's (/dev/fb0, /dev/input),
# as a new architecture of it would have them.
LINUX := /usr/include
LINUX_H := $(addprefix linux/,fb.h input.h input-event-codes.h i2c.h types.h \
               posix_types.h stddef.h ioctl.h) \
           $(addprefix asm-generic/,types.h int-ll64.h bitsperlong.h \
               posix_types.h ioctl.h)
ASM_H := types bitsperlong posix_types ioctl

# The installed headers: musl's, the generic bits, ours over them.
$(ROOT)/include/stdio.h: $(GENH) $(wildcard $(HERE)/arch/bits/*.h) \
                         $(wildcard $(HERE)/include/*.h) \
                         $(wildcard $(HERE)/include/pith/*.h) abi/pith/abi.h
	@echo "  HEADERS $(ROOT)/include"
	@rm -rf $(ROOT)/include && mkdir -p $(ROOT)/include/bits $(ROOT)/pith
	@cp -r $(MUSL)/include/. $(ROOT)/include/
	@rm -f $(ROOT)/include/*.in
	@cp $(MUSL)/arch/generic/bits/*.h $(ROOT)/include/bits/
	@cp $(HERE)/arch/bits/*.h $(GEN)/bits/*.h $(ROOT)/include/bits/
	@rm -rf $(ROOT)/pith && cp -r $(HERE)/include $(ROOT)/pith
	@mkdir -p $(ROOT)/include/pith
	@cp abi/pith/abi.h $(GEN)/pith_import.h $(ROOT)/include/pith/
	@mkdir -p $(addprefix $(ROOT)/include/,linux asm-generic asm)
	@for h in $(LINUX_H); do cp $(LINUX)/$$h $(ROOT)/include/$$h; done
	@for h in $(ASM_H); do \
	    echo "#include <asm-generic/$$h.h>" >$(ROOT)/include/asm/$$h.h; done
	@touch $@

# The one file of musl that is replaced in place.
$(MUSL)/src/internal/syscall.h: $(HERE)/internal/syscall.h
	@cp $< $@

DEPS := $(ROOT)/include/stdio.h $(MUSL)/src/internal/syscall.h \
        $(wildcard $(HERE)/arch/*.h) $(HERE)/libc.mk
$(OBJ)/musl/%.o: $(MUSL)/src/%.c $(DEPS)
	@mkdir -p $(@D)
	@$(CC) $(COMMON) $(QUIET) -c -o $@ $<
$(OBJ)/src/%.o: $(HERE)/src/%.c $(HERE)/internal/pith.h $(DEPS)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(OURS) $(EXTRA) -c -o $@ $<
$(OBJ)/src/%.o: $(HERE)/src/%.S
	@mkdir -p $(@D)
	@$(CC) $(TARGET) -c -o $@ $<
$(OBJ)/src/guard.o: EXTRA := -mllvm -wasm-enable-sjlj
$(OBJ)/src/setjmp.o: EXTRA := -mllvm -wasm-enable-sjlj
$(OBJ)/src/tag.o: TARGET += -mexception-handling
$(OBJ)/src/memory.o: EXTRA := -fno-builtin

$(OBJ)/dlmalloc.o: $(WASI_LIBC)
	@mkdir -p $(@D)
	@cd $(@D) && $(AR) x $(WASI_LIBC) dlmalloc.o

$(ROOT)/lib/crt1.o: $(OBJ)/src/crt1.o
	@mkdir -p $(@D)
	@cp $< $@
$(ROOT)/lib/libc.a: $(MUSL_O) $(OUR_O) $(OBJ)/dlmalloc.o
	@mkdir -p $(@D)
	@echo "  AR $@ ($(words $^) objects)"
	@rm -f $@
	@$(file >$@.rsp,$^)
	@$(AR) rcsD $@ @$@.rsp
	@rm -f $@.rsp
$(ROOT)/lib/libpith-jump.a: $(SJLJ_O)
	@rm -f $@
	@$(AR) rcsD $@ $^
$(ROOT)/lib/libpith-fork.a: $(FORK_O)
	@rm -f $@
	@$(AR) rcsD $@ $^
# What pith-cc has clang run after linking: nothing.
$(ROOT)/bin/wasm-opt: $(HERE)/libc.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexit 0\n' >$@ && chmod +x $@
$(EMPTY):
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcsD $@

.PHONY: all
