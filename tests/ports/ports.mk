# SPDX-License-Identifier: Apache-2.0
# Other people's suites on our ports, and the system driven through a terminal.

.PHONY: test-ports test-more test-shell test-toybox
test-ports: $(O)/bin/pith image
	@tests/ports/run.sh $(O)
test-more: $(O)/bin/pith image
	@tests/ports/programs.sh $(O) jq gawk
test-toybox: $(O)/bin/pith image
	@tests/ports/toybox.sh $(O)
test-shell: $(O)/bin/pith image
	@tests/ports/shell.sh $(O)
