# SPDX-License-Identifier: Apache-2.0
# make test-super-sim: the supervisor's decisions in thousands of seeded worlds.
# make test-super: init and the apps it runs, controlled from outside.
.PHONY: test-super test-super-sim test-trust
SIM_OBJ := $(B)/obj/tests/super/sim.o $(B)/obj/user/init/super/policy.o
$(SIM_OBJ): $(B)/obj/%.o: %.c user/init/super/policy.h
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -iquote user/init/super -c -o $@ $<
$(B)/bin/test-super-sim: $(SIM_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^
test-super-sim: $(B)/bin/test-super-sim
	@$(B)/bin/test-super-sim 1 $(or $(SEEDS),20000)

SUPER_DIR := $(O)/test/super
SUPER_APPS := $(notdir $(basename $(wildcard tests/super/apps/*.c)))
$(SUPER_DIR)/%.wasm: tests/super/apps/%.c $(PITH_CC)
	@mkdir -p $(@D)
	@$(PITH_CC) -Os -s -z stack-size=16384 -D_GNU_SOURCE -Wall -Wextra -o $@ $<
SUPER_PEER := $(O)/bin/super-peer
$(SUPER_PEER): tests/super/peer.c
	@mkdir -p $(@D)
	@clang-19 -std=gnu11 -O1 $(WARN) -o $@ $<
SUPER_DEPS := $(B)/bin/pith $(B)/bin/pith-mkdisk user apps $(SUPER_PEER) \
              $(SUPER_APPS:%=$(SUPER_DIR)/%.wasm)
SUPER_ARGS := $(abspath $(B)/bin/pith) $(abspath $(B)/bin/pith-mkdisk) \
              $(abspath $(O))
# make soak: for SOAK_SECONDS under load, then SOAK_IDLE idle apps.
.PHONY: soak test-serve test-storm
soak: $(SUPER_DEPS)
	@sh tests/super/soak.sh $(SUPER_ARGS) $(or $(SOAK_SECONDS),600) \
	    $(or $(SOAK_IDLE),10000)
test-storm: $(SUPER_DEPS)
	@sh tests/super/storm.sh $(SUPER_ARGS)
test-serve: $(SUPER_DEPS)
	@sh tests/super/serve.sh $(SUPER_ARGS)
test-super: $(B)/bin/pith $(B)/bin/pith-mkdisk user apps \
            $(SUPER_APPS:%=$(SUPER_DIR)/%.wasm)
	@SANITIZED=$(filter tsan asan,$(V)) sh tests/super/super.sh $(abspath $(B)/bin/pith) \
	    $(abspath $(B)/bin/pith-mkdisk) $(abspath $(O))
# make test-trust: signatures, the broker, apps of other users.
test-trust: $(B)/bin/pith $(B)/bin/pith-mkdisk user apps \
            $(SUPER_APPS:%=$(SUPER_DIR)/%.wasm)
	@sh tests/super/trust.sh $(abspath $(B)/bin/pith) \
	    $(abspath $(B)/bin/pith-mkdisk) $(abspath $(O))
