# SPDX-License-Identifier: Apache-2.0
# make test-manifest: the three readers, and what the command line makes of
# them.
$(eval $(call compile,tests/manifest,$(INC_manifest)))
$(B)/bin/test-manifest: $(B)/obj/tests/manifest/main.o \
                        $(call obj,$(MANIFEST_SRC)) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^

.PHONY: test-manifest test-manifest-cli
test-manifest: $(B)/bin/test-manifest
	@$(B)/bin/test-manifest
test-manifest-cli: $(B)/bin/pith $(CLI_PROGRAMS:%=$(CLI_OUT)/%.wasm)
	@tests/manifest/cli.sh $(abspath $(B)/bin/pith) $(abspath $(CLI_OUT))
