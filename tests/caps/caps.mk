# SPDX-License-Identifier: Apache-2.0
# make test-caps: apps, limits, messages and revocation, from inside and from
# the command line.
.PHONY: test-caps
CAPS_DIR := $(O)/test/caps
CAPS_PROGRAMS := $(notdir $(basename $(wildcard tests/caps/programs/*.c)))
$(CAPS_DIR)/%: tests/caps/programs/%.c tests/caps/programs/msg.h tests/caps/programs/start.h $(PITH_CC)
	@mkdir -p $(@D)
	@$(PITH_CC) -O2 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-function -o $@ $<
test-caps: $(B)/bin/pith $(CAPS_PROGRAMS:%=$(CAPS_DIR)/%)
	@tests/caps/caps.sh $(abspath $(B)/bin/pith) $(abspath $(CAPS_DIR))
