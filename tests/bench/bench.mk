# SPDX-License-Identifier: Apache-2.0
# `make bench`: figures with peers in the same run. Not pass/fail tests.
.PHONY: bench bench-engine bench-system bench-ipc
bench: bench-engine bench-system bench-ipc
bench-engine: all
	@tools/install.sh bench
	@tests/bench/start.sh
	@tests/bench/engine.sh
bench-system: all user bench-programs image
	@tests/bench/system.sh
bench-ipc: all $(PITH_CC)
	@tests/bench/ipc.sh
