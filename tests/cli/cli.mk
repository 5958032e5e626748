# SPDX-License-Identifier: Apache-2.0
# The command line, tested from outside: tests/cli/cli.sh.
.PHONY: test-cli
CLI_PROGRAMS := $(notdir $(basename $(wildcard tests/cli/programs/*.c)))
CLI_OUT := $(B)/tests/cli
# --no-wasm-opt: keep the function names, for backtraces
CLI_CC := clang-19 --target=wasm32-wasi -O1 -w --no-wasm-opt
CLI_CC_library := -nostartfiles -Wl,--no-entry

$(CLI_OUT)/%.wasm: tests/cli/programs/%.c
	@mkdir -p $(@D)
	@$(CLI_CC) $(CLI_CC_$*) -o $@ $<

test-cli: $(B)/bin/pith $(CLI_PROGRAMS:%=$(CLI_OUT)/%.wasm)
	@tests/cli/cli.sh $(abspath $(B)/bin/pith) $(abspath $(CLI_OUT))

# The same for booting, which needs the image.
.PHONY: test-boot
test-boot: $(B)/bin/pith image
	@tests/cli/boot.sh $(abspath $(B)/bin/pith)
