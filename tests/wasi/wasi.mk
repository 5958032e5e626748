# SPDX-License-Identifier: Apache-2.0
# Our own tests of preview 1, beside the suites of others: C programs that
# import it raw, run by pith-wasi.
.PHONY: test-wasi
WASI_TESTS := $(notdir $(basename $(wildcard tests/wasi/*.c)))
WASI_OUT := $(B)/tests/wasi
WASI_CC := clang-19 --target=wasm32-wasi -O1 -g0 -Wall -Wextra \
           -Wl,--allow-undefined

$(WASI_OUT)/%.wasm: tests/wasi/%.c tests/wasi/wasi_raw.h
	@mkdir -p $(@D)
	@$(WASI_CC) -o $@ $<
$(WASI_OUT)/%.json: tests/wasi/%.json
	@mkdir -p $(@D)/empty.root
	@cp $< $@

.PHONY: wasi-programs
wasi-programs: $(WASI_TESTS:%=$(WASI_OUT)/%.wasm) \
               $(WASI_TESTS:%=$(WASI_OUT)/%.json)
test-wasi: $(B)/bin/pith-wasi wasi-programs
	@$(B)/bin/pith-wasi $(WASI_OUT)
