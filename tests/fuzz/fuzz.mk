# SPDX-License-Identifier: Apache-2.0
# Fuzzing, by clang's libFuzzer with ASan and UBSan:
#
#   make fuzz-decode   decoding and validation
#   make fuzz-run      the interpreter against itself
#   make fuzz-tools    DWARF, coredumps, disassembly
#   make fuzz-capi     libpith-wasm, modules linked to what they ask for
#   make fuzz-manifest the three readers of manifests
#   make fuzz-grants   grants as text
#   make fuzz-signature what stands in a .sig file
#   make fuzz-webmodule how modules are rewritten for a browser
#   make fuzz-webserve the HTTP server of `pith web`
#   make fuzz-wire     HTTP, WebSocket and DNS of programs in a browser
#   make fuzz-object   files of compiled code: the cache and the loader
#   make fuzz-ready    what the machine knows of its programs beforehand
#   make fuzz-disk-bare disks that PID 1 is given
#   make fuzz-tvm      bytecode of .trymon packages
#   make fuzz-cases    old finds only, seconds
#   make fuzz-tiers    the interpreter, the baseline compiler and LLVM against
#                      each other (no sanitizers: tests/fuzz/tiers/tiers.h);
#                      make fuzz-hour is an hour of it, make test-tiers its old
#                      finds and seeds
#   make fuzz-v8       random programs of Binaryen's on the engine and on V8
#                      (FUZZ_PROGRAMS of them)
#   make fuzz          all of these, and a line of counts at the end
#
# FUZZ_SECONDS bounds a run. Seeds are small modules of the conformance data
# (CONFORMANCE) and tests/fuzz/corpus. A find is kept as a case: copy the
# crash file to tests/fuzz/cases/<target>-<what>.wasm, fix, make fuzz-cases (of
# tiers: test-tiers). FUZZ_SEED repeats a run of fuzz-tiers.
FUZZ_SECONDS ?= 600
FUZZ_PROGRAMS ?= 100
CONFORMANCE ?= $(or $(PITH_CONFORMANCE),../shared/conformance)
FUZZ := $(O)/fuzz
FUZZ_CFLAGS := -std=gnu11 -g -O1 $(INC_engine) -iquote tools/spec \
               -fsanitize=fuzzer,address,undefined \
               -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
               -fno-strict-aliasing -ffp-contract=off -fno-math-errno \
               -DSHARED_MOST=0x10000000u
FUZZ_RUN := -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
            -max_len=8192 -print_final_stats=1
FUZZ_SPEC := tools/spec/host.c tools/spec/status.c

.PHONY: fuzz fuzz-decode fuzz-run fuzz-tools fuzz-capi fuzz-webmodule \
        fuzz-cases fuzz-v8
$(FUZZ)/decode $(FUZZ)/run $(FUZZ)/tools: $(FUZZ)/%: tests/fuzz/%.c $(FUZZ_SPEC) \
    $(ENGINE_SRC) $(LIB_SRC) $(wildcard engine/*.h engine/*/*.h engine/op/* lib/*.h) | engine
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^) -lm -lpthread
$(FUZZ)/capi: tests/fuzz/capi.c $(wildcard capi/*.c capi/*.h capi/include/*) \
    $(ENGINE_SRC) $(LIB_SRC) $(wildcard engine/*.h engine/op/* lib/*.h) | engine
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) -iquote capi/include -o $@ $(filter %.c,$^) \
	    -lm -lpthread

$(FUZZ)/obj/%.o: %.c | engine
	@mkdir -p $(@D)
	clang-19 $(subst fuzzer$(comma),fuzzer-no-link$(comma),$(FUZZ_CFLAGS)) -MMD -MP -c -o $@ $<
comma := ,
FUZZ_OBJ := $(patsubst %.c,$(FUZZ)/obj/%.o,$(ENGINE_SRC) $(LIB_SRC))
-include $(FUZZ_OBJ:.o=.d)
$(FUZZ)/object: tests/fuzz/object.c $(filter-out %/cache_file.o,$(FUZZ_OBJ))
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) -o $@ $^ -lm -lpthread
$(FUZZ)/ready: tests/fuzz/ready.c $(FUZZ_OBJ)
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) -o $@ $^ -lm -lpthread
.PHONY: fuzz-ready
fuzz-ready: $(FUZZ)/ready
	@mkdir -p $(FUZZ)/found-ready
	cd $(FUZZ) && ./ready $(FUZZ_RUN) -artifact_prefix=ready- \
	    found-ready $(CURDIR)/tests/fuzz/ready
.PHONY: fuzz-object
fuzz-object: $(FUZZ)/object
	@mkdir -p $(FUZZ)/found-object
	cd $(FUZZ) && ./object $(FUZZ_RUN) -artifact_prefix=object- \
	    found-object $(CURDIR)/tests/fuzz/object

FUZZ_WEB := $(addprefix host/web/,module.c rewrite.c poll.c) kernel/lib.c
$(FUZZ)/webmodule: tests/fuzz/webmodule.c $(FUZZ_WEB) $(ENGINE_SRC) $(LIB_SRC) \
    $(wildcard host/web/*.h engine/*.h engine/op/* lib/*.h) | engine
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) $(INC_kernel) -iquote host/web \
	    -o $@ \
	    $(filter %.c,$^) -lm -lpthread

$(FUZZ)/seeds:
	@mkdir -p $@
	@find $(CONFORMANCE)/wasm-core $(CONFORMANCE)/wasm-extra \
	    $(CONFORMANCE)/hostile -name '*.wasm' -size -9 -print0 | \
	    xargs -0 sha1sum | awk '!seen[$$1]++ { print $$1, $$2 }' | \
	    while read -r sum file; do cp -f "$$file" $@/$$sum; done

$(FUZZ)/manifest: tests/fuzz/manifest.c $(MANIFEST_SRC) $(LIB_SRC) \
    $(wildcard manifest/*.h manifest/*.def)
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) $(INC_manifest) -o $@ $(filter %.c,$^)
$(FUZZ)/grants: tests/fuzz/grants.c kernel/cap.c kernel/cap_set.c \
    kernel/cap_text.c kernel/audit.c kernel/lib.c $(LIB_SRC) $(wildcard kernel/*.h kernel/*.def)
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) $(INC_kernel) -o $@ $(filter %.c,$^)
$(FUZZ)/webserve: tests/fuzz/webserve.c cli/web_file.c lib/write_all.c \
    cli/web.h lib/write_all.h lib/hex.h
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) -iquote cli -o $@ $(filter %.c,$^)
$(FUZZ)/wire: tests/fuzz/wire.c host/web/http.c host/web/wire.c host/web/wire.h lib/hex.h
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) -iquote host/web -o $@ $(filter %.c,$^)
.PHONY: fuzz-webserve fuzz-wire
fuzz-webserve fuzz-wire: fuzz-%: $(FUZZ)/%
	@mkdir -p $(FUZZ)/found-$*
	cd $(FUZZ) && ./$* $(FUZZ_RUN) -artifact_prefix=$*- found-$* \
	    $(CURDIR)/tests/fuzz/$*
FUZZ_DISK := $(addprefix tests/fs/bare/,cut.c steps.c) \
    $(wildcard host/sqlite/bare/*.c) $(addprefix host/sqlite/,alone.c common.c \
    sql.c upgrade.c) $(addprefix host/posix/,errno.c store_format.c \
    store_raw.c store_sqlite.c)
$(FUZZ)/disk: tests/fuzz/disk.c $(FUZZ_DISK) $(LIB_SRC) \
    $(wildcard host/sqlite/*.h host/sqlite/bare/*.h tests/fs/bare/*.h) \
    $(O)/vm/sqlite/sqlite3.c
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) $(INC_kernel) -iquote host/posix \
	    -isystem $(O)/vm/sqlite $$(cat $(O)/vm/sqlite/flags) -w \
	    -o $@ $(filter-out $(O)/%,$(filter %.c,$^)) -lsqlite3 -lpthread
.PHONY: fuzz-disk-bare
fuzz-disk-bare: $(FUZZ)/disk
	@mkdir -p $(FUZZ)/found-disk
	cd $(FUZZ) && ./disk $(FUZZ_RUN) -artifact_prefix=disk- found-disk \
	    $(CURDIR)/tests/fuzz/disk
$(FUZZ)/signature: tests/fuzz/signature.c manifest/signature.c \
    manifest/signature.h $(LIB_SRC)
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) -D_GNU_SOURCE $(INC_manifest) -o $@ $(filter %.c,$^)
.PHONY: fuzz-signature
fuzz-signature: $(FUZZ)/signature
	@mkdir -p $(FUZZ)/found-signature
	cd $(FUZZ) && ./signature $(FUZZ_RUN) -artifact_prefix=signature- \
	    found-signature $(CURDIR)/tests/fuzz/signature
# seeds are the programs of test-tvm
$(FUZZ)/tvm: tests/fuzz/tvm.c $(filter-out %/main.c %/package.c,$(wildcard user/tvm/*.c)) \
    $(wildcard user/tvm/*.h user/tvm/*.def) lib/report.c
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) $(INC_tvm) -Dopenat=fuzz_openat \
	    -Dchdir=fuzz_chdir -Daccess=fuzz_access -o $@ $(filter %.c,$^)
$(FUZZ)/seeds-tvm: $(B)/bin/test-tvm
	@mkdir -p $@
	@$< --seeds $@
.PHONY: fuzz-tvm
fuzz-tvm: $(FUZZ)/tvm $(FUZZ)/seeds-tvm
	@mkdir -p $(FUZZ)/found-tvm
	cd $(FUZZ) && ./tvm $(FUZZ_RUN) -artifact_prefix=tvm- found-tvm seeds-tvm
.PHONY: fuzz-grants
fuzz-grants: $(FUZZ)/grants
	@mkdir -p $(FUZZ)/found-grants
	cd $(FUZZ) && ./grants $(FUZZ_RUN) -artifact_prefix=grants- \
	    found-grants $(CURDIR)/tests/fuzz/grants
.PHONY: fuzz-manifest
fuzz-manifest: $(FUZZ)/manifest
	@mkdir -p $(FUZZ)/found-manifest
	cd $(FUZZ) && ./manifest $(FUZZ_RUN) -artifact_prefix=manifest- \
	    found-manifest $(CURDIR)/tests/fuzz/manifest

fuzz-decode fuzz-run fuzz-capi fuzz-webmodule: fuzz-%: $(FUZZ)/% $(FUZZ)/seeds
	@mkdir -p $(FUZZ)/found-$*
	cd $(FUZZ) && ./$* $(FUZZ_RUN) -artifact_prefix=$*- found-$* seeds \
	    $(CURDIR)/tests/fuzz/corpus
fuzz-tools: $(FUZZ)/tools $(FUZZ)/seeds
	@mkdir -p $(FUZZ)/found-tools
	cd $(FUZZ) && ./tools $(FUZZ_RUN) -artifact_prefix=tools- found-tools \
	    $(CURDIR)/tests/fuzz/tools seeds $(CURDIR)/tests/tools/disasm
fuzz-cases: $(FUZZ)/decode $(FUZZ)/run $(FUZZ)/tools \
    $(FUZZ)/capi $(FUZZ)/manifest $(FUZZ)/grants $(FUZZ)/webmodule \
    $(FUZZ)/webserve $(FUZZ)/wire $(FUZZ)/object $(FUZZ)/signature \
    $(FUZZ)/disk $(FUZZ)/ready $(FUZZ)/tvm $(FUZZ)/seeds-tvm
	@$(FUZZ)/tvm -timeout=10 $(FUZZ)/seeds-tvm/*
	@for t in webserve wire object signature disk ready; do \
	    $(FUZZ)/$$t -timeout=10 tests/fuzz/$$t/* || exit 1; done
	@$(FUZZ)/manifest -timeout=10 tests/fuzz/manifest/*
	@$(FUZZ)/grants -timeout=10 tests/fuzz/grants/*
	@for t in decode run tools capi webmodule; do \
	    $(FUZZ)/$$t -timeout=10 tests/fuzz/corpus/*.wasm tests/fuzz/tools/* \
	        $$(find tests/fuzz/cases -name '*.wasm') || exit 1; done
$(B)/bin/v8-run: tests/fuzz/v8/run.c $(FUZZ_SPEC) tools/spec/isolate.c \
    $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INC_engine) -iquote tools/spec $(LDFLAGS) -o $@ \
	    $(filter %.c %.a,$^) -lm -lpthread
# Not sanitized, so that there are guard pages and compilers; where they are,
# out/bin and out/lib, is where the engine looks for LLVM.
TIERS_SRC := $(wildcard tests/fuzz/tiers/*.c) $(FUZZ_SPEC) tools/spec/isolate.c
$(B)/bin/fuzz-tiers: $(TIERS_SRC) $(wildcard tests/fuzz/tiers/*.h) \
    $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INC_engine) -iquote tools/spec $(LDFLAGS) -o $@ \
	    $(filter %.c %.a,$^) -lm -lpthread
TIERS_SEEDS := tests/fuzz/corpus tests/fuzz/cases \
    $(wildcard $(CONFORMANCE)/wasm-core $(CONFORMANCE)/wasm-extra)
.PHONY: fuzz-tiers fuzz-hour test-tiers
fuzz-tiers: $(B)/bin/fuzz-tiers $(B)/lib/pith-llvm.so
	@$(MAKE) -s $(ASYNCIFY)
	@mkdir -p $(FUZZ)
	$< --seconds $(FUZZ_SECONDS) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED)) \
	    --wasm-opt "node $(ASYNCIFY)" --found $(FUZZ)/found-tiers \
	    $(TIERS_SEEDS)
fuzz-hour:
	@$(MAKE) -s FUZZ_SECONDS=3600 fuzz-tiers
test-tiers: $(B)/bin/fuzz-tiers $(B)/lib/pith-llvm.so
	@$< --replay tests/fuzz/corpus tests/fuzz/cases
fuzz-v8: $(B)/bin/v8-run
	@$(MAKE) -s $(ASYNCIFY)
	@WASM_OPT="node $(ASYNCIFY)" tests/fuzz/v8/compare.sh $< $(FUZZ)/v8 $(FUZZ_PROGRAMS)
fuzz:
	@passed=0; failed=0; for t in cases tiers decode run object ready disk-bare manifest signature grants tvm tools capi webmodule webserve wire v8; do \
	    if $(MAKE) -s fuzz-$$t; then passed=$$((passed + 1)); \
	    else failed=$$((failed + 1)); fi; \
	done; echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]
