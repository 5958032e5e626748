# SPDX-License-Identifier: Apache-2.0
# make test-ipc [CASE=name]: pipes, terminals, sockets and poll on the kernel.
# make test-ipc-host: the terminal table on the Linux we run on.
IPC_TEST_OBJ := $(call obj,$(filter-out tests/ipc/ldisc_host.c,\
                                        $(wildcard tests/ipc/*.c)))

$(eval $(call compile,tests/ipc,$(INC_cli)))
$(B)/bin/test-ipc: $(IPC_TEST_OBJ) $(B)/lib/libpith-system.a \
                   $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/bin/test-ldisc-host: $(B)/obj/tests/ipc/ldisc_host.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^

.PHONY: test-ipc test-ipc-host
test-ipc: $(B)/bin/test-ipc
	$(B)/bin/test-ipc $(CASE)
test-ipc-host: $(B)/bin/test-ldisc-host
	$(B)/bin/test-ldisc-host
