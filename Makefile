# SPDX-License-Identifier: Apache-2.0
# One short Makefile. Folders are the architecture: each part sees only the
# include paths of the parts below it.
#
#   make                 out/bin/pith and the runners (clang-19, -O2)
#   make V=gcc           the same with gcc 12
#   make V=asan|tsan|m32 sanitized and 32-bit builds, under out/<V>
#   make V=plain         the interpreter as PID 1 of the machine has it
#   make V=aarch64 out/aarch64/bin/pith-spec   for AArch64 (and riscv64): needs
#                        Debian's libc6-dev-arm64-cross, and qemu-user to run
#   make user ports image  programs, ports, root image
#   make help            the other targets

V ?= release
O ?= out
ifeq ($(V),release)
B := $(O)
else
B := $(O)/$(V)
endif

CC := clang-19
AR := ar
WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wundef -Wvla \
        -Wwrite-strings -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes \
        -Wimplicit-fallthrough -Wnull-dereference
ifdef CI
WARN += -Werror
endif
OPT := -O2
LDLIBS := -lsqlite3 -lsodium -lm -lpthread
VFLAGS_release :=
VFLAGS_gcc :=
VFLAGS_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
               -fno-omit-frame-pointer
VFLAGS_tsan := -fsanitize=thread
VFLAGS_m32 := -m32 -msse2 -mfpmath=sse
VFLAGS_plain := -DENGINE_PLAIN=1
VFLAGS_aarch64 := --target=aarch64-linux-gnu
VFLAGS_riscv64 := --target=riscv64-linux-gnu
CROSS := $(filter aarch64 riscv64,$(V))
ifeq ($(V),gcc)
CC := gcc
endif
ifeq ($(V),asan)
OPT := -O1
endif
ifdef CROSS
AR := llvm-ar-19
endif
ifneq ($(filter vm-%,$(V)),)
include vm/cc.mk
endif
CFLAGS := -std=gnu11 -g $(OPT) $(WARN) $(VFLAGS_$(V)) \
          -ffile-prefix-map=$(CURDIR)=. -fno-strict-aliasing \
          -ffp-contract=off -fno-math-errno
LDFLAGS := $(VM_LDFLAGS) $(VFLAGS_$(V))
# static: qemu-user then needs no tree of libraries
ifdef CROSS
LDFLAGS += -fuse-ld=lld -static
endif
include capi/pic.mk

INC_lib := -iquote lib
INC_engine := -iquote lib -iquote engine -iquote $(B)/gen
INC_kernel := -iquote lib -iquote engine -iquote kernel -iquote abi -iquote $(B)/gen
INC_abi := $(INC_kernel)
INC_host := $(INC_kernel)
INC_manifest := -iquote lib -iquote kernel -iquote manifest
INC_cli := $(INC_kernel) -iquote host/posix -iquote manifest -iquote cli $(INC_jansson)

src = $(sort $(wildcard $(1)/*.c) $(wildcard $(1)/*/*.c))
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

LIB_SRC := $(call src,lib)
# (llvm/ is a shared object of its own: engine/llvm/llvm.mk)
ENGINE_SRC := $(filter-out engine/llvm/%,$(call src,engine))
KERNEL_SRC := $(call src,kernel)
ABI_SRC := $(call src,abi)
HOST_SRC := $(sort $(filter-out $(HOST_NOT),$(wildcard host/posix/*.c \
            host/posix/*.S host/sqlite/*.c)) $(HOST_ALSO))
MANIFEST_SRC := $(call src,manifest)
CLI_SRC := $(filter-out $(CLI_NOT),$(call src,cli))

LIB_OBJ := $(call obj,$(LIB_SRC))
ENGINE_OBJ := $(call obj,$(ENGINE_SRC))
HOST_OBJ := $(patsubst %.S,$(B)/obj/%.o,$(patsubst %.c,$(B)/obj/%.o,$(HOST_SRC)))
SYSTEM_OBJ := $(call obj,$(KERNEL_SRC) $(ABI_SRC)) $(HOST_OBJ)
CLI_OBJ := $(call obj,$(CLI_SRC) $(MANIFEST_SRC))
$(LIB_OBJ) $(ENGINE_OBJ): CFLAGS += $(PIC)
$(LIB_OBJ) $(ENGINE_OBJ): capi/pic.mk

.PHONY: all engine clean help
all: $(B)/bin/pith $(B)/bin/pith-spec $(B)/bin/pith-wasi libpith-wasm
engine: $(B)/lib/libpith-engine.a

$(B)/lib/libpith-engine.a: $(ENGINE_OBJ) $(LIB_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcsD $@ $^
$(B)/lib/libpith-system.a: $(SYSTEM_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcsD $@ $^

$(B)/bin/pith: $(CLI_OBJ) $(B)/lib/libpith-system.a $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
SPEC_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tools/spec/*.c))
JANSSON := -ljansson
ifneq ($(filter m32,$(V))$(CROSS),)
JANSSON := $(B)/jansson/libjansson.a
INC_jansson := -I$(B)/jansson/jansson/src
$(SPEC_OBJ): $(JANSSON)
$(JANSSON):
	tools/jansson.sh $(B)/jansson $(firstword $(VFLAGS_$(V)))
endif
$(B)/bin/pith-spec: $(SPEC_OBJ) $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(JANSSON) -lm -lpthread
CLI_PARTS := $(filter-out %/main.o,$(CLI_OBJ))
$(B)/bin/pith-wasi: $(B)/obj/tools/pith-wasi.o \
                    $(call obj,$(wildcard tools/wasi/*.c)) $(CLI_PARTS) \
                    $(B)/lib/libpith-system.a \
                    $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson $(LDLIBS)
$(B)/bin/pith-mkdisk: $(B)/obj/tools/mkdisk.o $(B)/obj/host/posix/errno.o \
                      $(B)/obj/host/posix/store_sqlite.o \
                      $(B)/obj/host/posix/store_raw.o \
                      $(B)/obj/host/sqlite/alone.o \
                      $(B)/obj/host/sqlite/common.o \
                      $(B)/obj/host/sqlite/sql.o \
                      $(B)/obj/host/sqlite/db.o $(LIB_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3 -lpthread

# (of the engine's inside)
$(B)/obj/tools/ready.o: tools/ready.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INC_engine) -MMD -MP -c -o $@ $<
$(B)/bin/pith-ready: $(B)/obj/tools/ready.o $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3 -lm -lpthread

define compile
$(B)/obj/$(1)/%.o: $(1)/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $(2) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call compile,lib,$(INC_lib)))
$(eval $(call compile,engine,$(INC_engine)))
$(eval $(call compile,kernel,$(INC_kernel)))
$(eval $(call compile,abi,$(INC_abi)))
$(eval $(call compile,host,$(INC_host)))
$(eval $(call compile,manifest,$(INC_manifest)))
$(eval $(call compile,cli,$(INC_cli)))
$(eval $(call compile,tools,$(INC_cli)))
$(B)/obj/host/%.o: host/%.S
	@mkdir -p $(@D)
	$(CC) $(VFLAGS_$(V)) -c -o $@ $<

-include $(shell [ -d $(B)/obj ] && find $(B)/obj -name '*.d')

-include engine/engine.mk
-include capi/capi.mk
-include engine/llvm/llvm.mk
-include tests/tests.mk
-include user/user.mk
-include apps/apps.mk
-include ports/ports.mk
-include image/image.mk
-include host/web/web.mk
-include vm/vm.mk

clean:
	rm -rf $(O)
help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed -n '2,12p'
