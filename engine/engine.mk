# SPDX-License-Identifier: Apache-2.0
# Rules for the engine beyond the common ones.

# Bodies must round as WebAssembly does, and be fast whatever the rest is.
ENGINE_INTERP := -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math \
                 -fomit-frame-pointer -fcf-protection=none
ifneq ($(findstring ENGINE_PLAIN,$(VFLAGS_$(V))),)
ENGINE_INTERP := -Os $(wordlist 2,99,$(ENGINE_INTERP)) # little is left to it
endif
ifeq ($(V),asan)
ENGINE_INTERP := -O1 -ffp-contract=off -fno-math-errno
endif
ifeq ($(V),gcc)
ENGINE_INTERP += -fno-gcse
endif
# Programs may race in their shared memories; that is their business. Only what
# the bodies do to memory is left out, the atomics order the rest.
ifeq ($(V),tsan)
ENGINE_INTERP += -mllvm -tsan-instrument-memory-accesses=0 \
                 -mllvm -tsan-instrument-memintrinsics=0
endif
$(B)/obj/engine/interp.o: CFLAGS += $(ENGINE_INTERP)

# Stencils of the baseline compiler (engine/jit): objects that are never linked,
# cut into a table.
STENCIL_SRC := $(sort $(wildcard engine/jit/stencil/*.c))
# The machine that is built for. Other variants have no baseline compiler:
# config.h.
STENCIL_ARCH := $(if $(VM_ARCH),$(VM_ARCH),$(or $(CROSS),$(shell uname -m)))
STENCIL_DIR := $(O)/stencil/$(STENCIL_ARCH)
STENCIL_OBJ := $(patsubst %.c,$(STENCIL_DIR)/%.o,$(notdir $(STENCIL_SRC)))
STENCIL_CFLAGS := -std=gnu11 -O2 $(WARN) -fno-pic -fno-pie -mcmodel=small \
                  -fno-asynchronous-unwind-tables \
                  -fomit-frame-pointer -ffp-contract=off -fno-math-errno \
                  -fno-trapping-math -fno-strict-aliasing -ffunction-sections \
                  -fno-stack-protector -fno-jump-tables
STENCIL_CFLAGS_x86_64 := -fcf-protection=none
# what put_aarch64.c uses between stencils
STENCIL_CFLAGS_aarch64 := -ffixed-x11 -ffixed-x12 -ffixed-x13 -ffixed-x14 \
                          -ffixed-x15 -mllvm -disable-vector-combine
STENCIL_CFLAGS += $(STENCIL_CFLAGS_$(STENCIL_ARCH))
$(STENCIL_DIR)/%.o: engine/jit/stencil/%.c
	@mkdir -p $(@D)
	clang-19 --target=$(STENCIL_ARCH)-linux-gnu $(STENCIL_CFLAGS) \
	    $(INC_lib) -iquote engine -MMD -MP -c -o $@ $<
STENCILS_SRC := $(sort $(wildcard tools/stencils/*.c))
$(O)/stencil/stencils: $(STENCILS_SRC) $(wildcard tools/stencils/*.h)
	@mkdir -p $(@D)
	clang-19 -std=gnu11 -D_GNU_SOURCE -O2 $(WARN) -o $@ $(STENCILS_SRC)
$(STENCIL_DIR)/stencil_table.h: $(O)/stencil/stencils $(STENCIL_OBJ)
	@mkdir -p $(@D)
	$(O)/stencil/stencils $(STENCIL_OBJ) >$@.tmp && mv $@.tmp $@
-include $(STENCIL_OBJ:.o=.d)
ifneq ($(filter release plain vm-%,$(V))$(CROSS),)
ifneq ($(filter x86_64 aarch64,$(STENCIL_ARCH)),)
JIT_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard engine/jit/*.c))
$(JIT_OBJ): $(STENCIL_DIR)/stencil_table.h
$(JIT_OBJ): CFLAGS += -iquote $(STENCIL_DIR)
endif
endif
# A start unpacks some thousand stencils.
$(B)/obj/engine/jit/stencils.o: CFLAGS += -O2

# The engine's own tests: make test-engine (with V=asan, V=tsan, V=m32 too).
# The guest is linked without -O, lest clang run wasm-opt and it inline.
ENGINE_TEST_OBJ := $(patsubst %.c,$(B)/obj/%.o,tests/engine/main.c \
                   tests/engine/run_tests.c tests/engine/odd_tests.c \
                   tests/engine/shared_tests.c tests/engine/nan_tests.c \
                   tests/engine/cont_tests.c)
$(B)/obj/tests/engine/%.o: tests/engine/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INC_engine) -iquote tests/engine -MMD -MP -c -o $@ $<
$(B)/tests/engine-guest.wasm: tests/engine/guest.c
	@mkdir -p $(@D)
	clang-19 --target=wasm32 -O2 -fno-builtin -c -o $@.o $<
	clang-19 --target=wasm32 -nostdlib -Wl,--no-entry -o $@ $@.o
$(B)/tests/engine-shared.wasm: tests/engine/shared.c
	@mkdir -p $(@D)
	clang-19 --target=wasm32 -O2 -fno-builtin -matomics -mbulk-memory -c \
	    -o $@.o $<
	clang-19 --target=wasm32 -nostdlib -Wl,--no-entry -Wl,--shared-memory \
	    -Wl,--import-memory -Wl,--max-memory=67108864 -o $@ $@.o
$(B)/tests/engine-nan.wasm: tests/engine/nan.c
	@mkdir -p $(@D)
	clang-19 --target=wasm32 -O1 -msimd128 -c -o $@.o $<
	clang-19 --target=wasm32 -nostdlib -Wl,--no-entry -o $@ $@.o
$(B)/bin/test-engine: $(ENGINE_TEST_OBJ) $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lm -lpthread
.PHONY: test-engine
test-engine: $(B)/bin/test-engine $(B)/tests/engine-guest.wasm \
             $(B)/tests/engine-shared.wasm $(B)/tests/engine-nan.wasm
	$(B)/bin/test-engine $(B)/tests/engine-guest.wasm \
	    $(B)/tests/engine-shared.wasm $(B)/tests/engine-nan.wasm \
	    tests/engine/cont.wasm tests/engine/cont_relay.wasm
.PHONY: test-module-cache
test-module-cache: $(B)/bin/pith
	@tests/engine/module_cache.sh $(B)/bin/pith
