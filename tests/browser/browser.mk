# SPDX-License-Identifier: Apache-2.0
# make test-web: the built site in Debian's Chromium, headless. make bench-web:
# figures, with peers in the same run.
BROWSER_NPM := $(O)/browser/node_modules/playwright-core/package.json
$(BROWSER_NPM): tests/browser/npm/package-lock.json
	@echo "  NPM playwright-core, typescript"
	@mkdir -p $(O)/browser
	@cp tests/browser/npm/*.json $(O)/browser/
	@cd $(O)/browser && npm ci --no-audit --no-fund --ignore-scripts \
	    --loglevel=error >/dev/null
	@touch $@

USERTESTS_DIR ?= $(O)/user/tests
REAL_DIR ?= tests/real/node_modules
.PHONY: test-web bench-web
# USERTESTS_DIR: where somebody else has built them.
test-web: $(B)/bin/pith $(BROWSER_NPM) dist-web \
          $(if $(filter $(O)/user/tests,$(USERTESTS_DIR)),usertests) \
          $(if $(filter tests/real/node_modules,$(REAL_DIR)),\
              tests/real/node_modules/.package-lock.json) \
          $(B)/tests/threads/threads.wasm $(B)/tests/threads/code.wasm \
          $(O)/browser/wide.wasm $(O)/browser/cut.wasm
	@node tests/browser/run.mjs --pith $(B)/bin/pith --site $(DIST) \
	    --modules $(O)/browser --out $(O)/browser/shots \
	    --usertests $(USERTESTS_DIR) --real $(REAL_DIR) \
	    --threads $(B)/tests/threads/threads.wasm \
	    --wide $(O)/browser/wide.wasm $(CASE)
# The modules' types, by the comments in them, and pith.d.ts; by TypeScript.
.PHONY: test-web-types
TSC := $(O)/browser/node_modules/typescript/bin/tsc
test-web-types: $(BROWSER_NPM)
	@passed=0; failed=0; for p in page worker; do \
	    if node $(TSC) -p tests/browser/types/$$p.json; then \
	        passed=$$((passed + 1)); else failed=$$((failed + 1)); fi; \
	done; echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]
# The smoke subset in Debian's Firefox (firefox-esr).
.PHONY: test-web-firefox
test-web-firefox: $(B)/bin/pith $(BROWSER_NPM) dist-web
	@node tests/browser/firefox.mjs --pith $(B)/bin/pith --site $(DIST) \
	    --modules $(O)/browser --out $(O)/browser/shots $(CASE)
# Other people's WASI suites there: make test-web-wasi SUITES='DIR...'
.PHONY: test-web-wasi
test-web-wasi: $(B)/bin/pith $(BROWSER_NPM) dist-web
	@node tests/browser/wasi.mjs --pith $(B)/bin/pith --site $(DIST) \
	    --modules $(O)/browser $(WASI_OPTIONS) $(SUITES)

BENCH_PROGRAMS ?= $(O)/user/bench
bench-web: $(B)/bin/pith $(BROWSER_NPM) dist-web $(O)/browser/peer.wasm \
           $(if $(filter $(O)/user/bench,$(BENCH_PROGRAMS)),bench-programs)
	@node tests/browser/bench.mjs --pith $(B)/bin/pith --site $(DIST) \
	    --modules $(O)/browser --program $(BENCH_PROGRAMS) \
	    --peer $(O)/browser/peer.wasm
# wasm-ld by itself: clang would run any wasm-opt in PATH, which may be too old.
$(O)/browser/wide.wasm: tests/browser/wide.c
	@mkdir -p $(@D)
	@clang-19 --target=wasm64 -O2 -Wall -Wextra -mbulk-memory -ffreestanding \
	    -c -o $(@:.wasm=.o) $<
	@wasm-ld-19 -mwasm64 --no-entry -z stack-size=65536 -o $@ $(@:.wasm=.o)
$(O)/browser/cut.wasm: tests/browser/cut.c
	@mkdir -p $(@D)
	@clang-19 --target=wasm32 -O2 -Wall -Wextra -ffreestanding -c \
	    -o $(@:.wasm=.o) $<
	@wasm-ld-19 --no-entry -z stack-size=65536 -o $@ $(@:.wasm=.o)
$(O)/browser/peer.wasm: tests/browser/peer.c
	@mkdir -p $(@D)
	@clang-19 --target=wasm32-wasi -O2 -o $@ $<
