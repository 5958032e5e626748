# SPDX-License-Identifier: Apache-2.0
# The userland's ground: libpith and pith-cc (make cc), and our own programs.
# All of it is WebAssembly, so the same for every V.

USER_O := $(O)
PITH_CC := $(USER_O)/bin/pith-cc
PITH_CC_DEPS = $(PITH_CC)
MUSL_VERSION := 1.2.3-1
MUSL_SUMS := \
    7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4 \
    8f12cc808dbec030179a25ce2645a4c0b622ee8011c2afcec53b87ec5867a8cc
MUSL_DIR := $(USER_O)/obj/musl
SYSROOT := $(USER_O)/sysroot/lib/libc.a

.PHONY: cc user
cc: $(PITH_CC)

$(MUSL_DIR)/.ready:
	@echo "  UNPACK musl $(MUSL_VERSION)"
	@rm -rf $(MUSL_DIR)
	@sh tools/debian.sh source musl $(MUSL_VERSION) $(MUSL_DIR) $(MUSL_SUMS)
	@touch $@

$(SYSROOT): $(MUSL_DIR)/.ready lib/errno.def abi/pith/syscall.def abi/pith/abi.h \
            $(shell find user/lib -type f)
	@echo "  LIBPITH (once: about 30 s)"
	@$(MAKE) --no-print-directory -f user/lib/libc.mk MUSL=$(MUSL_DIR) \
	    O=$(USER_O)
	@touch $@

$(PITH_CC): user/cc/pith-cc $(SYSROOT)
	@mkdir -p $(@D)
	@install -m 755 $< $@

# One source file, one program.
USER_PROGRAMS :=
user: $(PITH_CC)
