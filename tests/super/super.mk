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
test-super: $(B)/bin/pith $(B)/bin/pith-mkdisk user apps \
            $(SUPER_APPS:%=$(SUPER_DIR)/%.wasm)
	@sh tests/super/super.sh $(abspath $(B)/bin/pith) \
	    $(abspath $(B)/bin/pith-mkdisk) $(abspath $(O))
# make test-trust: signatures, the broker, apps of other users.
test-trust: $(B)/bin/pith $(B)/bin/pith-mkdisk user apps \
            $(SUPER_APPS:%=$(SUPER_DIR)/%.wasm)
	@sh tests/super/trust.sh $(abspath $(B)/bin/pith) \
	    $(abspath $(B)/bin/pith-mkdisk) $(abspath $(O))
