# SPDX-License-Identifier: Apache-2.0
# Compiled code on disk, end to end.
.PHONY: test-llvm-cache
test-llvm-cache: $(B)/bin/pith
	@tests/llvm/cache.sh $(B)/bin/pith
