# SPDX-License-Identifier: Apache-2.0
# V=vm-<arch>: everything static, small and for a Linux that has no libc. Clang
# is every architecture's compiler; libc is musl, built from Debian's source.

VM_ARCH := $(V:vm-%=%)
VM_TARGET := --target=$(VM_ARCH)-linux-musl
CC := clang-19
AR := llvm-ar-19
VM_RESOURCE := $(shell clang-19 -print-resource-dir)
VM_LIBC := $(B)/musl/lib/libc.a
VM_SQLITE := $(B)/tree.o
# Linux's headers and what the compiler cannot inline: the machine's own, or
# from Debian's packages for cross compiling, which are taken apart, not installed.
ifeq ($(VM_ARCH),$(shell uname -m))
VM_BUILTINS := $(VM_RESOURCE)/lib/linux/libclang_rt.builtins-$(VM_ARCH).a
VM_HEADERS := /usr/include
VM_ASM := /usr/include/$(VM_ARCH)-linux-gnu
# gcc makes a fourteenth less of SQLite; it knows only its own processor
VM_SQLITE_CC := gcc -nostdinc -isystem $(shell gcc -print-file-name=include) \
                -isystem $(B)/musl/include
else
VM_CROSS := $(B)/cross
VM_BUILTINS := $(VM_CROSS)/usr/lib/gcc-cross/$(VM_ARCH)-linux-gnu/12/libgcc.a
VM_HEADERS := $(abspath $(VM_CROSS))/usr/$(VM_ARCH)-linux-gnu/include
VM_ASM := $(VM_HEADERS)
endif
VM_DEBIAN_aarch64 := arm64
VM_DEBIAN_riscv64 := riscv64

# Without SQL (docs/RATIONALE.md): of SQLite only what tree.c includes it for.
HOST_NOT := host/sqlite/db.c host/sqlite/sql.c host/posix/store_format.c
HOST_ALSO := $(filter-out %/tree.c,$(wildcard host/sqlite/bare/*.c))

# There is no libsodium for a Linux without a libc: vm/init/unsigned.c instead.
CLI_NOT := cli/sign.c

# (engine/engine.mk and below: what is hot)
OPT := -Oz
VM_CPPFLAGS := $(VM_TARGET) -nostdlibinc -isystem $(B)/musl/include \
               -isystem $(O)/vm/sqlite \
               -isystem /usr/include/libdrm -I$(O)/gen
VM_SQLITE_CC ?= $(CC) $(VM_CPPFLAGS)
VM_CODEGEN := -ffunction-sections -fdata-sections \
              -fno-asynchronous-unwind-tables -fno-pie -fno-stack-protector
VFLAGS_$(V) := $(VM_CPPFLAGS) $(VM_CODEGEN) -include vm/init/musl.h
# where there is a compiler: engine/config.h
ifneq ($(filter x86_64 aarch64,$(VM_ARCH)),)
VFLAGS_$(V) += -DENGINE_PLAIN=1
endif
# What every start runs over all code of its programs is worth its size; rare
# instructions' part is not.
VM_RARE := atomic cont eh gc simd table wide
VM_HOT := $(filter-out $(addprefix %_,$(addsuffix .c,$(VM_RARE))), \
          $(wildcard engine/validate*.c engine/translate*.c))
$(patsubst %.c,$(B)/obj/%.o,$(VM_HOT)): CFLAGS += -Os
VM_LDFLAGS := $(VM_TARGET) -fuse-ld=lld -static -nostdlib \
           -L$(B)/musl/lib $(B)/musl/lib/crt1.o $(B)/musl/lib/crti.o \
           -Wl,--gc-sections -Wl,--icf=safe -Wl,--build-id=none
LDLIBS := $(VM_SQLITE) $(VM_LIBC) $(VM_BUILTINS) $(B)/musl/lib/crtn.o
