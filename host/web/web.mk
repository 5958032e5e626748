# SPDX-License-Identifier: Apache-2.0
# The browser's system: `make web` -> out/web/{kernel,storage}.wasm and the
# modules in JavaScript; `make dist-web` -> out/dist/web, a static site.

WEB := $(O)/web
WEB_MEMORY_MAX := 1073741824
WEB_CC := clang-19 --target=wasm32-unknown-unknown -std=gnu11 -Os -g0 $(WARN) \
          -ffreestanding -nostdlib -fno-strict-aliasing -matomics \
          -mbulk-memory -mmutable-globals -msign-ext -mnontrapping-fptoint \
          -ftls-model=local-exec -ffile-prefix-map=$(CURDIR)=.
WEB_INC := -isystem host/web/include $(INC_kernel) -iquote host/web
WEB_SRC := $(KERNEL_SRC) $(ABI_SRC) lib/report.c lib/pith_errno.c lib/heap.c lib/sha256.c lib/zeros.c engine/status.c \
           $(wildcard host/web/*.c)
WEB_OBJ := $(patsubst %.c,$(WEB)/obj/%.o,$(WEB_SRC)) $(WEB)/obj/gates.o
WEB_DEFS := abi/pith/syscall.def abi/wasi_p1/api.def abi/wasi_p1/wasmedge.def

.PHONY: web
web: $(WEB)/kernel.wasm $(WEB)/storage.wasm

$(WEB)/gates.c: host/web/gates.awk $(WEB_DEFS)
	@mkdir -p $(@D)
	@awk -f $^ >$@
$(WEB)/obj/gates.o: $(WEB)/gates.c
	@mkdir -p $(@D)
	@$(WEB_CC) $(WEB_INC) -MMD -MP -c -o $@ $<
$(WEB)/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(WEB_CC) $(WEB_INC) -MMD -MP -c -o $@ $<

# Traps are how a process ends, so the names of functions are of little use.
$(WEB)/kernel.wasm: $(WEB_OBJ)
	wasm-ld-19 -O2 --no-entry --import-memory --shared-memory \
	    --initial-memory=67108864 --max-memory=$(WEB_MEMORY_MAX) \
	    --stack-first -z stack-size=65536 --gc-sections --strip-all \
	    --export=__stack_pointer --export=__wasm_init_tls \
	    --export=__tls_size --export=__tls_align \
	    -o $@ $^

# SQLite for the storage Worker: one thread, its own memory, Debian's wasi-libc.
SQLITE_SRC ?= $(O)/ports/sqlite3/src
STORAGE_CC := clang-19 --target=wasm32-wasi -std=gnu11 -O2 -g0 \
              -fno-strict-aliasing -mbulk-memory -msign-ext \
              -mnontrapping-fptoint -ffile-prefix-map=$(CURDIR)=.
STORAGE_INC := -iquote lib -iquote kernel -iquote host/web -isystem $(SQLITE_SRC)
STORAGE_SRC := $(wildcard host/web/storage/*.c) host/sqlite/alone.c host/sqlite/common.c \
               host/sqlite/db.c host/sqlite/sql.c \
               host/sqlite/upgrade.c lib/report.c \
               lib/pith_errno.c
STORAGE_OBJ := $(patsubst %.c,$(WEB)/storage/%.o,$(STORAGE_SRC)) \
               $(WEB)/storage/sqlite3.o
STORAGE_FEATURES := -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 \
    -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_LOCALTIME \
    -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_MAX_MMAP_SIZE=0 \
    -DSQLITE_TEMP_STORE=3 -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_OMIT_DEPRECATED \
    -DSQLITE_OMIT_PROGRESS_CALLBACK -DSQLITE_OMIT_TRACE -DSQLITE_OMIT_JSON \
    -DSQLITE_OMIT_AUTHORIZATION -DSQLITE_OMIT_TCL_VARIABLE \
    -DSQLITE_OMIT_UTF16 -DSQLITE_OMIT_COMPLETE -DSQLITE_OMIT_GET_TABLE \
    -DSQLITE_OMIT_DESERIALIZE -DSQLITE_LIKE_DOESNT_MATCH_BLOBS

$(WEB)/storage/%.o: %.c $(SQLITE_SRC)/sqlite3.h
	@mkdir -p $(@D)
	@$(STORAGE_CC) $(WARN) $(STORAGE_INC) -MMD -MP -c -o $@ $<
$(WEB)/storage/sqlite3.o: $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $(@D)
	@$(STORAGE_CC) -Os -w $(STORAGE_FEATURES) -c -o $@ $<
$(O)/ports/sqlite3/src/sqlite3.c $(O)/ports/sqlite3/src/sqlite3.h: | port-sqlite3
	@test -e $@
$(WEB)/storage.wasm: $(STORAGE_OBJ)
	$(STORAGE_CC) -mexec-model=reactor -Wl,--strip-all -Wl,--gc-sections \
	    -Wl,-z,stack-size=131072 -Wl,--stack-first -o $@ $^

-include $(shell [ -d $(WEB) ] && find $(WEB) -name '*.d')

# The site. Everything that a browser fetches also lies there compressed; the
# root image only so.
DIST := $(O)/dist/web
WEB_JS := $(wildcard host/web/js/*) host/web/pith.d.ts
WEB_NPM := $(WEB)/npm/node_modules
WEB_NPM_DONE := $(WEB_NPM)/.package-lock.json
$(WEB_NPM_DONE): host/web/npm/package-lock.json
	@echo "  NPM xterm.js, and what makes it small"
	@mkdir -p $(WEB)/npm
	@cp host/web/npm/*.json $(WEB)/npm/
	@cd $(WEB)/npm && npm ci --include=dev --no-audit --no-fund --ignore-scripts \
	    --loglevel=error >/dev/null
	@touch $@
$(WEB)/xterm.mjs: $(wildcard host/web/xterm/*) $(WEB_NPM_DONE)
	@node host/web/xterm/build.mjs $(WEB_NPM) $@

.PHONY: dist-web
dist-web: $(DIST)/index.html
PITH_IMAGE ?= $(O)/share/pith/root.pith
$(DIST)/index.html: $(WEB)/kernel.wasm $(WEB)/storage.wasm $(WEB_JS) \
                    $(WEB)/xterm.mjs $(PITH_IMAGE) \
                    host/web/dist.sh host/web/pack.mjs
	@host/web/dist.sh $(DIST) $(WEB) $(WEB_NPM) $(PITH_IMAGE)
