# SPDX-License-Identifier: Apache-2.0
# make test-console: the console and pith run's standard files on real host
# terminals and pipes.
$(eval $(call compile,tests/console,$(INC_cli)))
$(B)/bin/test-console: $(call obj,$(wildcard tests/console/*.c)) \
                       $(B)/lib/libpith-system.a $(B)/lib/libpith-engine.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lutil

.PHONY: test-console
test-console: $(B)/bin/test-console
	$(B)/bin/test-console $(CASE)
