# SPDX-License-Identifier: Apache-2.0
# The kernel's unit tests: no wasm, no files; only tasks, queues, grants, text.
.PHONY: test-kernel
KTEST_SRC := $(sort $(wildcard tests/kernel/*.c))
KTEST_OBJ := $(call obj,$(KTEST_SRC)) \
    $(patsubst %,$(B)/obj/kernel/%.o,wait timer lib cap cap_set cap_text \
        audit) \
    $(patsubst %,$(B)/obj/host/posix/%.o,fiber fiber_x86_64 fiber_i386 \
        fiber_aarch64 fiber_riscv64 lock task event sched worker host)
$(eval $(call compile,tests/kernel,$(INC_kernel) -iquote host/posix))
$(B)/test/kernel: $(KTEST_OBJ) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lpthread
test-kernel: $(B)/test/kernel
	$(B)/test/kernel

# Process calls tested from inside (programs/usertests.h), and what they cost.
.PHONY: test-proc bench-kernel
PROC_DIR := $(O)/test/proc
PROC_C := $(addprefix tests/kernel/programs/,usertests.c roles.c t_wait.c \
            t_signal.c t_job.c t_file.c t_storm.c)
$(PROC_DIR)/usertests: $(PROC_C) tests/kernel/programs/usertests.h $(PITH_CC)
	@mkdir -p $(@D)
	@$(PITH_CC) -O2 -Wall -Wextra -o $@ $(PROC_C)
$(PROC_DIR)/bench: tests/kernel/programs/bench.c $(PITH_CC)
	@mkdir -p $(@D)
	@$(PITH_CC) -O2 -Wall -Wextra -o $@ $<
$(PROC_DIR)/small: tests/kernel/programs/small.c
	@mkdir -p $(@D)
	@clang-19 --target=wasm32 -O2 -nostdlib -Wl,--no-entry \
	    -Wl,-z,stack-size=4096 -Wl,--initial-memory=65536 -o $@ $<
PROC_RUN = cd $(PROC_DIR) && $(abspath $(B)/bin/pith) run --dir .::/ \
    --cap spawn,time,shell
test-proc: $(B)/bin/pith $(PROC_DIR)/usertests
	@$(PROC_RUN) usertests
bench-kernel: $(B)/bin/pith $(PROC_DIR)/bench $(PROC_DIR)/small
	@$(PROC_RUN) bench null
	@$(PROC_RUN) bench spawn 5000 small
	@$(PROC_RUN) bench ping
	@sh tests/kernel/sleepers.sh $(abspath $(B)/bin/pith) $(PROC_DIR)
