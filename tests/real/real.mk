# SPDX-License-Identifier: Apache-2.0
# Programs from npm, unmodified, as tests. REAL=esbuild chooses.
.PHONY: test-real
tests/real/node_modules/.package-lock.json: tests/real/package-lock.json
	@cd tests/real && npm install --no-audit --no-fund --omit=dev \
	    --ignore-scripts --loglevel=error
	@touch $@
test-real: $(B)/bin/pith tests/real/node_modules/.package-lock.json
	@tests/real/real.sh $(abspath $(B)/bin/pith) $(REAL)
