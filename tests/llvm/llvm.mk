# SPDX-License-Identifier: Apache-2.0
# Compiled code on disk, end to end.
.PHONY: test-llvm-cache
test-llvm-cache: $(B)/bin/pith
	@tests/llvm/cache.sh $(B)/bin/pith

# Compiling while a program runs.
.PHONY: test-tierup
test-tierup: $(B)/bin/pith
	@tests/llvm/tierup.sh $(B)/bin/pith
