# SPDX-License-Identifier: Apache-2.0
# The command line, tested from outside: tests/cli/cli.sh.
.PHONY: test-cli
CLI_PROGRAMS := $(notdir $(basename $(wildcard tests/cli/programs/*.c)))
CLI_OUT := $(B)/tests/cli
CLI_CC := clang-19 --target=wasm32-wasi -w
CLI_CC_library := -nostartfiles -Wl,--no-entry

$(CLI_OUT)/%.wasm: tests/cli/programs/%.c
	@mkdir -p $(@D)
	@$(CLI_CC) -O1 -c -o $(@:.wasm=.o) $<
# without -O here: wasm-opt would drop the names that backtraces show
	@$(CLI_CC) $(CLI_CC_$*) -o $@ $(@:.wasm=.o)

test-cli: $(B)/bin/pith $(CLI_PROGRAMS:%=$(CLI_OUT)/%.wasm)
	@tests/cli/cli.sh $(abspath $(B)/bin/pith) $(abspath $(CLI_OUT))

# The same for booting, which needs the image.
.PHONY: test-boot
test-boot: $(B)/bin/pith image
	@tests/cli/boot.sh $(abspath $(B)/bin/pith)
