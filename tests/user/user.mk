# SPDX-License-Identifier: Apache-2.0
# What programs may expect of the system, asked from inside (user/tests/t.h).
.PHONY: test-user
test-user: $(B)/bin/pith $(B)/bin/pith-mkdisk user usertests port-dash
	@SANITIZED=$(filter tsan asan,$(V)) \
	    sh tests/user/run.sh $(B)/bin/pith $(B)/bin/pith-mkdisk $(O)
