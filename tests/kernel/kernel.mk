# SPDX-License-Identifier: Apache-2.0
# The kernel's unit tests: no wasm, no files; only tasks, queues, grants, text.
.PHONY: test-kernel
KTEST_SRC := $(sort $(wildcard tests/kernel/*.c))
KTEST_OBJ := $(call obj,$(KTEST_SRC)) \
    $(patsubst %,$(B)/obj/kernel/%.o,wait timer lib cap) \
    $(patsubst %,$(B)/obj/host/posix/%.o,fiber fiber_x86_64 fiber_i386 \
        fiber_aarch64 lock task event sched host)
$(eval $(call compile,tests/kernel,$(INC_kernel) -iquote host/posix))
$(B)/test/kernel: $(KTEST_OBJ) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lpthread
test-kernel: $(B)/test/kernel
	$(B)/test/kernel
