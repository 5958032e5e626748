# SPDX-License-Identifier: Apache-2.0
# libpith-wasm from outside (make test-capi, with V=asan and V=tsan too): the
# tests' programs against the static library, and what `make install` installs,
# used as a stranger would (install.sh).
.PHONY: test-capi
CAPI_TEST_OBJ := $(call obj,$(sort $(wildcard tests/capi/*.c)))
$(eval $(call compile,tests/capi,-iquote capi/include))
$(B)/test/capi: $(CAPI_TEST_OBJ) $(CAPI_A)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lm -lpthread
ifeq ($(V),release)
test-capi: $(B)/test/capi libpith-wasm $(B)/bin/pith
	@tests/capi/run.sh $(B)/test/capi $(B)
else
test-capi: $(B)/test/capi
	@$(B)/test/capi
endif
