# SPDX-License-Identifier: Apache-2.0
# Other people's programs, each in a folder of its own: see ports/port.sh.
# `make ports` builds what is missing or out of date; `make port-NAME` one.

PORTS := $(patsubst ports/%/port.conf,%,$(wildcard ports/*/port.conf))

.PHONY: ports $(PORTS:%=port-%)
ports: $(PORTS:%=port-%)

# port.sh compares checksums and returns at once when nothing changed.
$(PORTS:%=port-%): port-%: $(PITH_CC_DEPS)
	@ports/port.sh $* $(O)

port-less port-nano port-bash port-vim: port-ncurses
port-jq: port-libonig
