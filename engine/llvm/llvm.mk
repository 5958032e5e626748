# SPDX-License-Identifier: Apache-2.0
# The optimising compiler, a shared object that the engine loads when it is
# there. Without LLVM's headers everything else is built and works.

LLVM_CONFIG := $(shell command -v llvm-config-19)
LLVM_SO := $(B)/lib/pith-llvm.so
ifneq ($(wildcard $(if $(LLVM_CONFIG),$(shell $(LLVM_CONFIG) --includedir)/llvm-c/Core.h)),)
ifneq ($(filter $(V),release gcc),)
LLVM_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard engine/llvm/*.c)) \
            $(B)/obj/engine/llvm/ops.o
$(B)/obj/engine/llvm/%.o: engine/llvm/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC -fvisibility=hidden $(INC_engine) -iquote engine/llvm \
	    -isystem $(shell $(LLVM_CONFIG) --includedir) -MMD -MP -c -o $@ $<
$(B)/obj/engine/llvm/ops.o: engine/op/ops.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC -fvisibility=hidden $(INC_engine) -MMD -MP -c -o $@ $<
$(LLVM_SO): $(LLVM_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -shared -Wl,-z,defs -o $@ $^ \
	    -L$(shell $(LLVM_CONFIG) --libdir) -lLLVM-19 -lpthread
all: $(LLVM_SO)
endif
else
all: no-llvm
.PHONY: no-llvm
no-llvm:
	@echo "no llvm-19-dev: built without the optimising tier (pith-llvm.so)"
endif

# What code was compiled by: a hash of all that decides about its form.
ENGINE_VERSION_SRC := $(sort $(wildcard engine/*.[ch] engine/*.def \
                      engine/op/*.* engine/llvm/*.* engine/jit/*.* \
                      engine/jit/stencil/*.*))
$(B)/gen/engine_version.h: $(ENGINE_VERSION_SRC)
	@mkdir -p $(@D)
	@cat $^ | sha256sum | \
	    sed 's/^\([0-9a-f]*\).*/#define ENGINE_VERSION "\1 $(V)"/' >$@
$(B)/obj/engine/cache_file.o $(B)/obj/engine/ready.o: \
    $(B)/gen/engine_version.h
