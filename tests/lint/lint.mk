# SPDX-License-Identifier: Apache-2.0
.PHONY: lint tidy
lint:
	@tests/lint/lint.sh
# clang-tidy over everything that is compiled; slow, not part of ./test.
tidy:
	@for f in $(LIB_SRC) $(ENGINE_SRC) $(KERNEL_SRC) $(ABI_SRC) $(CLI_SRC); do \
	    clang-tidy-19 --quiet $$f -- -std=gnu11 $(INC_cli) 2>/dev/null; \
	done
