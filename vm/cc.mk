# SPDX-License-Identifier: Apache-2.0
# V=vm-<arch>: everything static, small and for a Linux that has no libc. Clang
# is every architecture's compiler; libc is musl, built from Debian's source.

VM_ARCH := $(V:vm-%=%)
VM_TARGET := --target=$(VM_ARCH)-linux-musl
CC := clang-19
AR := llvm-ar-19
VM_RESOURCE := $(shell clang-19 -print-resource-dir)
VM_LIBC := $(B)/musl/lib/libc.a
VM_SQLITE := $(B)/sqlite3.o
ifeq ($(VM_ARCH),x86_64)
VM_BUILTINS := $(VM_RESOURCE)/lib/linux/libclang_rt.builtins-x86_64.a
VM_HEADERS := /usr/include
VM_ASM := /usr/include/x86_64-linux-gnu
endif

# -Os but for the interpreter, which says -O3 for itself
OPT := -Oz
VM_CPPFLAGS := $(VM_TARGET) -nostdlibinc -isystem $(B)/musl/include \
               -isystem $(O)/vm/sqlite
VM_CODEGEN := -ffunction-sections -fdata-sections \
              -fno-asynchronous-unwind-tables -fno-pie -fno-stack-protector
VFLAGS_$(V) := $(VM_CPPFLAGS) $(VM_CODEGEN) -include vm/init/musl.h
VM_LDFLAGS := $(VM_TARGET) -fuse-ld=lld -static -nostdlib \
           -L$(B)/musl/lib $(B)/musl/lib/crt1.o $(B)/musl/lib/crti.o \
           -Wl,--gc-sections -Wl,--icf=safe -Wl,--build-id=none
LDLIBS := $(VM_SQLITE) $(VM_LIBC) $(VM_BUILTINS) $(B)/musl/lib/crtn.o
