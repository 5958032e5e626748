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
#   make test-fuzz     the same from one seed and with a bound by runs, so that
#                      what passed once passes again: ./test's section
#
# A find names itself: what happened, the seed, and the input, which stays in
# out/fuzz (campaign.sh; of tiers in out/fuzz/found-tiers, of v8 in out/fuzz/v8).
# FUZZ_SECONDS bounds a run, FUZZ_SEED repeats one. Seeds are small modules of
# the conformance data (CONFORMANCE) and tests/fuzz/corpus. A find is kept as a
# case: copy the crash file to tests/fuzz/cases/<target>-<what>.wasm, or to
# tests/fuzz/<target>/<what> where there is such a folder, fix, make fuzz-cases
# (of tiers: test-tiers).
FUZZ_SECONDS ?= 600
FUZZ_PROGRAMS ?= 100
CONFORMANCE ?= $(or $(PITH_CONFORMANCE),../shared/conformance)
FUZZ := $(O)/fuzz
# what is fuzzed by libFuzzer, and the runs of test-fuzz: about 6 s alone
FUZZ_TARGETS := decode:150000 run:50000 object:60000 ready:150000 disk:500 \
    manifest:500000 signature:1200000 grants:150000 tvm:40000 tools:40000 \
    capi:40000 webmodule:100000 webserve:300000 wire:300000
FUZZ_NAMES := $(foreach t,$(FUZZ_TARGETS),$(firstword $(subst :, ,$t)))
FUZZ_CFLAGS := -std=gnu11 -g -O1 -iquote tools/spec \
               -fsanitize=fuzzer,address,undefined \
               -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
               -fno-strict-aliasing -ffp-contract=off -fno-math-errno \
               -DSHARED_MOST=0x10000000u
FUZZ_SPEC := tools/spec/host.c tools/spec/status.c

# ---- the targets ----

# The engine and lib/, once for all of them.
comma := ,
$(FUZZ)/obj/%.o: %.c | engine
	@mkdir -p $(@D)
	@clang-19 $(subst fuzzer$(comma),fuzzer-no-link$(comma),$(FUZZ_CFLAGS)) \
	    $(INC_engine) -MMD -MP -c -o $@ $<
FUZZ_LIB := $(patsubst %.c,$(FUZZ)/obj/%.o,$(LIB_SRC))
FUZZ_OBJ := $(patsubst %.c,$(FUZZ)/obj/%.o,$(ENGINE_SRC)) $(FUZZ_LIB)
-include $(FUZZ_OBJ:.o=.d)

FUZZ_LINK = @mkdir -p $(@D); echo "  FUZZ $(@F)"; \
    clang-19 $(FUZZ_CFLAGS) $(1) -o $@ $(filter %.c %.o,$^)
ENGINE_H := $(wildcard engine/*.h engine/*/*.h lib/*.h)
$(FUZZ)/decode $(FUZZ)/run $(FUZZ)/tools: $(FUZZ)/%: tests/fuzz/%.c \
    $(FUZZ_SPEC) $(FUZZ_OBJ) $(ENGINE_H)
	$(call FUZZ_LINK,$(INC_engine)) -lm -lpthread
$(FUZZ)/capi: tests/fuzz/capi.c $(wildcard capi/*.c) $(FUZZ_OBJ) $(ENGINE_H) \
    $(wildcard capi/*.h capi/include/*)
	$(call FUZZ_LINK,$(INC_engine) -iquote capi/include) -lm -lpthread
$(FUZZ)/object: tests/fuzz/object.c $(filter-out %/cache_file.o,$(FUZZ_OBJ)) \
    $(ENGINE_H)
	$(call FUZZ_LINK,$(INC_engine)) -lm -lpthread
$(FUZZ)/ready: tests/fuzz/ready.c $(FUZZ_OBJ) $(ENGINE_H)
	$(call FUZZ_LINK,$(INC_engine)) -lm -lpthread
$(FUZZ)/webmodule: tests/fuzz/webmodule.c $(addprefix host/web/,module.c \
    rewrite.c poll.c) kernel/lib.c $(FUZZ_OBJ) $(ENGINE_H) \
    $(wildcard host/web/*.h)
	$(call FUZZ_LINK,$(INC_kernel) -iquote host/web) -lm -lpthread
$(FUZZ)/manifest: tests/fuzz/manifest.c $(MANIFEST_SRC) $(FUZZ_LIB) \
    $(wildcard manifest/*.h manifest/*.def)
	$(call FUZZ_LINK,$(INC_manifest))
$(FUZZ)/signature: tests/fuzz/signature.c manifest/signature.c $(FUZZ_LIB) \
    manifest/signature.h
	$(call FUZZ_LINK,$(INC_manifest) -D_GNU_SOURCE)
$(FUZZ)/grants: tests/fuzz/grants.c $(addprefix kernel/,cap.c cap_set.c \
    cap_text.c audit.c lib.c) $(FUZZ_LIB) $(wildcard kernel/*.h kernel/*.def)
	$(call FUZZ_LINK,$(INC_kernel))
$(FUZZ)/webserve: tests/fuzz/webserve.c cli/web_file.c $(FUZZ_LIB) cli/web.h
	$(call FUZZ_LINK,$(INC_lib) -iquote cli)
$(FUZZ)/wire: tests/fuzz/wire.c host/web/http.c host/web/wire.c \
    host/web/wire.h lib/hex.h
	$(call FUZZ_LINK,$(INC_lib) -iquote host/web)
$(FUZZ)/disk: tests/fuzz/disk.c $(addprefix tests/fs/bare/,cut.c steps.c) \
    $(wildcard host/sqlite/bare/*.c) $(addprefix host/sqlite/,alone.c common.c \
    sql.c upgrade.c) $(addprefix host/posix/,errno.c store_format.c \
    store_raw.c store_sqlite.c) $(FUZZ_LIB) $(wildcard host/sqlite/*.h \
    host/sqlite/bare/*.h tests/fs/bare/*.h) | $(O)/vm/sqlite/sqlite3.c
	$(call FUZZ_LINK,$(INC_kernel) -iquote host/posix -isystem $(O)/vm/sqlite \
	    $$(cat $(O)/vm/sqlite/flags) -w) -lsqlite3 -lpthread
$(FUZZ)/tvm: tests/fuzz/tvm.c $(filter-out %/main.c %/package.c,$(wildcard \
    user/tvm/*.c)) lib/report.c $(wildcard user/tvm/*.h user/tvm/*.def)
	$(call FUZZ_LINK,$(INC_tvm) -Dopenat=fuzz_openat -Dchdir=fuzz_chdir \
	    -Daccess=fuzz_access)

# ---- what they begin with ----

$(FUZZ)/seeds:
	@mkdir -p $@
	@find $(CONFORMANCE)/wasm-core $(CONFORMANCE)/wasm-extra \
	    $(CONFORMANCE)/hostile -name '*.wasm' -size -9 -print0 | \
	    xargs -0r sha1sum | awk '!seen[$$1]++ { print $$1, $$2 }' | \
	    while read -r sum file; do cp -f "$$file" $@/$$sum; done
# the programs of test-tvm
$(FUZZ)/seeds-tvm: $(B)/bin/test-tvm
	@mkdir -p $@
	@$< --seeds $@
FUZZ_MODULES := decode run capi webmodule
$(FUZZ_MODULES:%=fuzz-%) fuzz-tools: $(FUZZ)/seeds
fuzz-tvm fuzz-cases: $(FUZZ)/seeds-tvm
FUZZ_SEEDS_tools := tests/fuzz/tools $(FUZZ)/seeds tests/tools/disasm
FUZZ_SEEDS_tvm := $(FUZZ)/seeds-tvm
FUZZ_SEEDS = $(if $(filter $*,$(FUZZ_MODULES)),$(FUZZ)/seeds \
    tests/fuzz/corpus,$(or $(FUZZ_SEEDS_$*),tests/fuzz/$*))

# ---- running them ----

FUZZ_RUNS = $(patsubst $*:%,%,$(filter $*:%,$(FUZZ_TARGETS)))
# of test-fuzz: where the machine is so slow that time is what ends a run
FUZZ_MOST := 40
FUZZ_ENV = FUZZ_SEED=$(FUZZ_SEED) $(if $(FUZZ_FIXED),FUZZ_RUNS=$(FUZZ_RUNS) \
    FUZZ_SECONDS=$(FUZZ_MOST),FUZZ_SECONDS=$(FUZZ_SECONDS))
.PHONY: $(FUZZ_NAMES:%=fuzz-%) fuzz-disk-bare fuzz-cases fuzz-binaryen \
    fuzz-tiers fuzz-v8 fuzz-hour test-tiers fuzz test-fuzz
$(filter-out fuzz-disk,$(FUZZ_NAMES:%=fuzz-%)): fuzz-%: $(FUZZ)/%
	@$(FUZZ_ENV) tests/fuzz/campaign.sh $* $(FUZZ) $(FUZZ_SEEDS)
	@touch $(FUZZ)/$@.passed
# (fuzz-disk is of tests/fs)
fuzz-disk-bare: fuzz-%-bare: $(FUZZ)/%
	@$(FUZZ_ENV) tests/fuzz/campaign.sh $* $(FUZZ) $(FUZZ_SEEDS)
	@touch $(FUZZ)/$@.passed
# Own seeds are cases, too; all cases that are modules, to all that read modules.
fuzz-cases: $(FUZZ_NAMES:%=$(FUZZ)/%)
	@code=0; for t in $(FUZZ_NAMES); do \
	    case $$t in \
	    tvm) files=$(FUZZ)/seeds-tvm ;; \
	    decode|run|tools|capi|webmodule) files="tests/fuzz/tools \
	        tests/fuzz/corpus tests/fuzz/cases" ;; \
	    *) files=tests/fuzz/$$t ;; \
	    esac; \
	    tests/fuzz/campaign.sh --files $$t $(FUZZ) \
	        $$(find $$files -type f | LC_ALL=C sort) || code=1; \
	done; exit $$code
	@echo "$@: all as they should be"; touch $(FUZZ)/$@.passed

# ---- against each other ----

# One rule, so that two that need it do not install it at the same time.
fuzz-binaryen:
	@$(MAKE) -s $(ASYNCIFY)
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
TIERS_MODULES := 150 # of test-fuzz
fuzz-tiers: $(B)/bin/fuzz-tiers $(B)/lib/pith-llvm.so fuzz-binaryen
	@mkdir -p $(FUZZ)
	@$< $(if $(FUZZ_FIXED),--modules $(TIERS_MODULES) --seconds \
	    120,--seconds $(FUZZ_SECONDS)) \
	    $(if $(FUZZ_SEED),--seed $(FUZZ_SEED)) \
	    --wasm-opt "node $(ASYNCIFY)" --found $(FUZZ)/found-tiers \
	    $(TIERS_SEEDS)
	@touch $(FUZZ)/$@.passed
fuzz-hour:
	@$(MAKE) -s FUZZ_SECONDS=3600 fuzz-tiers
test-tiers: $(B)/bin/fuzz-tiers $(B)/lib/pith-llvm.so
	@$< --replay tests/fuzz/corpus tests/fuzz/cases
fuzz-v8: $(B)/bin/v8-run fuzz-binaryen
	@WASM_OPT="node $(ASYNCIFY)" tests/fuzz/v8/compare.sh $< $(FUZZ)/v8 \
	    $(FUZZ_PROGRAMS) $(FUZZ_SEED)
	@touch $(FUZZ)/$@.passed

# ---- all ----

# v8 first: it takes longest, and make -j has the others meanwhile. What ended
# well says so by a file, so that one which could not even be built has failed.
FUZZ_ALL := v8 tiers $(filter-out disk,$(FUZZ_NAMES)) disk-bare cases
fuzz:
	@mkdir -p $(FUZZ) && rm -f $(FUZZ)/*.passed
	@$(MAKE) -s -k $(FUZZ_ALL:%=fuzz-%) || :
	@passed=0 failed=0; for t in $(FUZZ_ALL); do \
	    if [ -f $(FUZZ)/fuzz-$$t.passed ]; then passed=$$((passed + 1)); \
	    else failed=$$((failed + 1)); echo "FAIL fuzz-$$t"; fi; \
	done; echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]
test-fuzz:
	@$(MAKE) -s FUZZ_FIXED=1 FUZZ_SEED=$(or $(FUZZ_SEED),1) fuzz
