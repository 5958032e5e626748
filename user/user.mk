# SPDX-License-Identifier: Apache-2.0
# The userland's ground: libpith and pith-cc (make cc), and our own programs.
# All of it is WebAssembly, so the same for every V.

USER_O := $(O)
PITH_CC := $(USER_O)/bin/pith-cc
PITH_CC_DEPS = $(PITH_CC)
MUSL_VERSION := 1.2.3-1
MUSL_SUMS := \
    7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4 \
    8f12cc808dbec030179a25ce2645a4c0b622ee8011c2afcec53b87ec5867a8cc
MUSL_DIR := $(USER_O)/obj/musl
SYSROOT := $(USER_O)/sysroot/lib/libc.a

.PHONY: cc user
cc: $(PITH_CC)

$(MUSL_DIR)/.ready:
	@echo "  UNPACK musl $(MUSL_VERSION)"
	@rm -rf $(MUSL_DIR)
	@sh tools/debian.sh source musl $(MUSL_VERSION) $(MUSL_DIR) $(MUSL_SUMS)
	@touch $@

$(SYSROOT): $(MUSL_DIR)/.ready lib/errno.def abi/pith/syscall.def abi/pith/abi.h \
            $(shell find user/lib -type f)
	@echo "  LIBPITH (once: about 30 s)"
	@$(MAKE) --no-print-directory -f user/lib/libc.mk MUSL=$(MUSL_DIR) \
	    O=$(USER_O)
	@touch $@

# What pith-cc --fork runs after linking.
ASYNCIFY := $(USER_O)/npm/node_modules/binaryen/bin/wasm-opt
$(ASYNCIFY): user/cc/npm/package-lock.json
	@echo "  NPM binaryen"
	@mkdir -p $(USER_O)/npm
	@cp user/cc/npm/*.json $(USER_O)/npm/
	@cd $(USER_O)/npm && npm ci --no-audit --no-fund --ignore-scripts \
	    --loglevel=error >/dev/null
	@find $(@D) -type f ! -name wasm-opt ! -name package.json -delete
	@touch $@

$(PITH_CC): user/cc/pith-cc $(SYSROOT) $(ASYNCIFY)
	@mkdir -p $(@D)
	@install -m 755 $< $@

USER_ROOT := $(USER_O)/user/root
USER_PROGRAMS := $(USER_ROOT)/sbin/init $(USER_ROOT)/sbin/poweroff \
                 $(USER_ROOT)/sbin/halt $(USER_ROOT)/sbin/reboot \
                 $(USER_ROOT)/sbin/authd $(USER_ROOT)/sbin/pith-update \
                 $(USER_ROOT)/usr/bin/tvm
USER_CFLAGS := -O2 -D_GNU_SOURCE -Wall -Wextra -Wno-missing-field-initializers
user: $(PITH_CC) $(USER_PROGRAMS)

$(USER_ROOT)/sbin/%: user/init/%.c $(PITH_CC)
	@mkdir -p $(@D)
	@echo "  PITH-CC $@"
	@$(PITH_CC) $(USER_CFLAGS) -o $@ $<
# Passwords and signatures: libsodium for WebAssembly, as a port.
SODIUM := $(USER_O)/ports/libsodium/stamp
SODIUM_FLAGS := -I$(USER_O)/ports/libsodium/dev/include
SODIUM_LIB := $(USER_O)/ports/libsodium/dev/lib/libsodium.a
$(SODIUM): $(PITH_CC) ports/port.sh $(wildcard ports/libsodium/*)
	@sh ports/port.sh libsodium $(USER_O) && touch $@

# One program under several names (user/accounts/accounts.h).
ACCOUNTS_C := $(wildcard user/accounts/*.c) user/audit_say.c
$(USER_ROOT)/sbin/authd: $(ACCOUNTS_C) user/accounts/accounts.h user/audit_say.h \
                       $(SODIUM)
	@mkdir -p $(@D) $(USER_ROOT)/bin $(USER_ROOT)/usr/bin
	@echo "  PITH-CC $@"
	@$(PITH_CC) $(USER_CFLAGS) -iquote user $(SODIUM_FLAGS) -o $@ $(ACCOUNTS_C) $(SODIUM_LIB)
	@ln -sf authd $(@D)/setup && ln -sf authd $(@D)/useradd && \
	    ln -sf authd $(@D)/userdel
	@for p in login su passwd; do ln -sf ../sbin/authd $(USER_ROOT)/bin/$$p; done

UPDATE_C := user/init/update.c lib/bootenv.c lib/sha256.c lib/write_all.c
$(USER_ROOT)/sbin/pith-update: $(UPDATE_C) \
    lib/bootenv.h lib/sha256.h lib/write_all.h $(PITH_CC)
	@mkdir -p $(@D)
	@echo "  PITH-CC $@"
	@$(PITH_CC) $(USER_CFLAGS) -iquote lib -o $@ $(UPDATE_C)
# Bytecode of .trymon packages (docs/tvm.md).
TVM_C := $(wildcard user/tvm/*.c manifest/*.c) lib/report.c lib/sha256.c
$(USER_ROOT)/usr/bin/tvm: $(TVM_C) $(wildcard user/tvm/*.h user/tvm/*.def \
                          manifest/*.h manifest/*.def) lib/report.h $(PITH_CC)
	@mkdir -p $(@D)
	@echo "  PITH-CC $@"
	@$(PITH_CC) $(USER_CFLAGS) -iquote lib -iquote kernel -iquote manifest \
	    -iquote user/tvm -o $@ $(TVM_C)
SUPER_C := $(wildcard user/init/super/*.c) $(wildcard manifest/*.c) user/audit_say.c \
           lib/report.c lib/sha256.c
$(USER_ROOT)/sbin/init: user/init/init.c $(SUPER_C) \
    $(wildcard user/init/super/*.h manifest/*.h manifest/*.def) user/audit_say.h \
    $(PITH_CC) $(SODIUM)
	@mkdir -p $(@D)
	@echo "  PITH-CC $@"
	@$(PITH_CC) $(USER_CFLAGS) -iquote lib -iquote kernel -iquote manifest \
	    -iquote user -iquote user/init/super $(SODIUM_FLAGS) -o $@ $(filter %.c,$^) \
	    $(SODIUM_LIB)
$(USER_ROOT)/sbin/halt $(USER_ROOT)/sbin/reboot: $(USER_ROOT)/sbin/poweroff
	@ln -sf poweroff $@

# usertests, without and with fork (see user/tests/t.h).
USERTESTS := $(USER_O)/user/tests/usertests $(USER_O)/user/tests/usertests-fork
USERTESTS_C := $(wildcard user/tests/*.c)
.PHONY: usertests
usertests: $(USERTESTS)
$(USER_O)/user/tests/hostile_table.h: abi/pith/syscall.def user/tests/hostile.awk
	@mkdir -p $(@D)
	@awk -f user/tests/hostile.awk $< >$@
$(USER_O)/user/tests/usertests-fork: FORKING := --fork -DWITH_FORK
$(USERTESTS): $(USERTESTS_C) user/tests/t.h user/tests/tree.h $(PITH_CC) \
              $(USER_O)/user/tests/hostile_table.h
	@echo "  PITH-CC $@"
	@$(PITH_CC) --jit $(FORKING) $(USER_CFLAGS) -I$(USER_O)/user/tests -o $@ \
	    $(USERTESTS_C)

# What takes all the memory it can get.
$(USER_O)/user/tests/hog: tests/user/hog.c $(PITH_CC)
	@mkdir -p $(@D)
	@$(PITH_CC) --fork $(USER_CFLAGS) -o $@ $<

# Benchmark programs, for Pith and the same for the host to compare with.
BENCH_USER := $(patsubst tests/bench/user/%.c,%,$(wildcard tests/bench/user/*.c))
.PHONY: bench-programs
bench-programs: $(BENCH_USER:%=$(USER_O)/user/bench/%) \
                $(patsubst %,$(USER_O)/user/bench/native-%,\
                    $(filter-out codeload,$(BENCH_USER)))
$(USER_O)/user/bench/native-%: tests/bench/user/%.c tests/bench/user/bench.h
	@mkdir -p $(@D)
	@$(CC) -O2 -D_GNU_SOURCE -Wall -Wextra -o $@ $<
$(USER_O)/user/bench/codeload: JIT := --jit
$(USER_O)/user/bench/%: tests/bench/user/%.c tests/bench/user/bench.h $(PITH_CC)
	@mkdir -p $(@D)
	@$(PITH_CC) $(JIT) $(USER_CFLAGS) -o $@ $<
