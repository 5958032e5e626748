# SPDX-License-Identifier: Apache-2.0
# What developers look at programs with: tests/tools/tools.sh.
.PHONY: test-tools
TOOLS_OUT := $(B)/tests/tools
TOOLS_PROGRAMS := $(TOOLS_OUT)/busy.wasm $(TOOLS_OUT)/where4.wasm \
                  $(TOOLS_OUT)/where5.wasm

# Source names as the command line has them, so from their own folder.
$(TOOLS_OUT)/where%.wasm: tests/tools/programs/where.c \
    tests/tools/programs/where.h
	@mkdir -p $(@D)
	@cd $(<D) && clang-19 --target=wasm32-wasi -w -O1 -gdwarf-$* \
	    -fdebug-prefix-map=$(CURDIR)/tests/tools/programs=/src -c \
	    -o $(abspath $(@:.wasm=.o)) where.c
	@clang-19 --target=wasm32-wasi -o $@ $(@:.wasm=.o)
$(TOOLS_OUT)/busy.wasm: tests/tools/programs/busy.c
	@mkdir -p $(@D)
	@clang-19 --target=wasm32-wasi -w -O1 -c -o $(@:.wasm=.o) $<
	@clang-19 --target=wasm32-wasi -o $@ $(@:.wasm=.o)

$(TOOLS_OUT)/flame: tests/tools/flame.c $(B)/obj/cli/flame.o \
                    $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(INC_cli) $(LDFLAGS) -o $@ $^ -lm -lpthread

test-tools: $(B)/bin/pith $(TOOLS_PROGRAMS) $(TOOLS_OUT)/flame
	@tests/tools/tools.sh $(abspath $(B)/bin/pith) $(abspath $(TOOLS_OUT)) \
	    $(abspath $(O)/share/pith/root.pith)
