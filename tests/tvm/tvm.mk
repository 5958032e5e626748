# SPDX-License-Identifier: Apache-2.0
# make test-tvm: the machine, built for this one; test-tvm-cli: the program, as
# WebAssembly in Pith.
INC_tvm := -iquote lib -iquote user/tvm
TVM_CORE_C := $(filter-out %/main.c %/package.c,$(wildcard user/tvm/*.c))
$(eval $(call compile,user/tvm,$(INC_tvm)))
$(eval $(call compile,tests/tvm,$(INC_tvm)))
$(B)/bin/test-tvm: $(B)/obj/tests/tvm/main.o $(B)/obj/tests/tvm/asm.o \
                   $(call obj,$(TVM_CORE_C)) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^

TVM_WASM ?= $(O)/user/root/usr/bin/tvm
.PHONY: test-tvm test-tvm-cli
test-tvm: $(B)/bin/test-tvm
	@$(B)/bin/test-tvm
test-tvm-cli: $(B)/bin/pith $(B)/bin/test-tvm $(TVM_WASM)
	@tests/tvm/cli.sh $(abspath $(B)/bin/pith) $(abspath $(TVM_WASM)) \
	    $(abspath $(B)/bin/test-tvm)
