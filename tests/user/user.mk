# SPDX-License-Identifier: Apache-2.0
# What programs may expect of the system, asked from inside (user/tests/t.h).
.PHONY: test-user
test-user: $(B)/bin/pith $(B)/bin/pith-mkdisk user usertests port-dash $(O)/user/tests/hog
	@SANITIZED=$(filter tsan asan,$(V)) \
	    sh tests/user/run.sh $(B)/bin/pith $(B)/bin/pith-mkdisk $(O)

# make test-users: accounts, login, su, passwd, at a terminal.
.PHONY: test-users
test-users: $(O)/bin/pith image
	@sh tests/user/accounts.sh $(O)
