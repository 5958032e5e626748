# SPDX-License-Identifier: Apache-2.0
# Small apps, each a few hundred bytes: make apps.
APPS := $(notdir $(patsubst %/,%,$(dir $(wildcard apps/*/vyoma.toml))))
APPS_WASM := $(foreach a,$(APPS),$(O)/apps/$(a)/$(a).wasm)
.PHONY: apps
apps: $(APPS_WASM)
$(APPS_WASM): $(O)/apps/%.wasm: apps/%.c apps/app.h lib/hex.h $(PITH_CC)
	@mkdir -p $(@D)
	@clang-19 --target=wasm32 -Os -ffreestanding -Wall -Wextra -iquote lib \
	    -isystem $(USER_O)/sysroot/include -mbulk-memory -nostdlib -Wl,--no-entry -Wl,-s \
	    -Wl,--allow-undefined -Wl,-z,stack-size=8192 -o $@ $<
	@cp apps/$(*D)/vyoma.toml $(@D)/
