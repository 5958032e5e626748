# SPDX-License-Identifier: Apache-2.0
# The bootable machine in QEMU, from outside: tests/vm/vm.sh. PITH_VM_KILLS says
# how often it is killed while it writes.
VM_SCREEN := $(O)/user/tests/screen
$(VM_SCREEN): tests/vm/screen.c $(PITH_CC_DEPS)
	@mkdir -p $(@D)
	@$(PITH_CC) $(USER_CFLAGS) -o $@ $<
# What PID 1 knows of the programs of every boot.
.PHONY: test-vm-ready
test-vm-ready: $(O)/plain/bin/pith-ready $(O)/vm/ready-$(shell uname -m)
	@tests/vm/ready.sh $< $(VM_IMAGE)
.PHONY: test-vm
test-vm: vm usertests $(O)/user/tests/hog $(VM_SCREEN) $(B)/bin/pith
	@PITH_OUT=$(abspath $(O)) tests/vm/vm.sh $(abspath $(B)/bin/pith)
# usertests and WASI suites inside; PITH_VM_ARCH=aarch64 for another processor.
SUITES_ARCH := $(or $(PITH_VM_ARCH),$(shell uname -m))
VM_SUITE := $(O)/user/tests/suite
$(VM_SUITE): tests/vm/suite.c user/tests/tree.h $(PITH_CC_DEPS)
	@mkdir -p $(@D)
	@$(PITH_CC) $(USER_CFLAGS) -o $@ $<
.PHONY: test-vm-suites
test-vm-suites: usertests $(VM_SUITE) $(B)/bin/pith-wasi wasi-programs
	@if [ $(SUITES_ARCH) = $(shell uname -m) ] || \
	    tests/vm/afford.sh $(O) $(SUITES_ARCH); then \
	    $(MAKE) -s vm-$(SUITES_ARCH) && \
	    PITH_OUT=$(abspath $(O)) PITH_VM_ARCH=$(SUITES_ARCH) \
	        tests/vm/suites.sh $(abspath $(B)/bin/pith-wasi) $(WASI_OUT); fi
# The disk image: BIOS, UEFI, updates that fail in every way.
.PHONY: test-vm-disk
test-vm-disk: vm-image
	@node tests/vm/disk.mjs $(O)/pith-vm.img $(O)/pith-vm-x86_64.update
# The same on other processors, emulated. Their kernels take minutes to build
# where none is kept: not when ./test is late already (tests/vm/afford.sh).
.PHONY: test-vm-aarch64 test-vm-riscv64
test-vm-aarch64 test-vm-riscv64: test-vm-%: usertests $(O)/user/tests/hog $(VM_SCREEN) $(B)/bin/pith
	@if tests/vm/afford.sh $(O) $*; then \
	    $(MAKE) -s vm-$* && PITH_OUT=$(abspath $(O)) PITH_VM_ARCH=$* \
	        tests/vm/vm.sh $(abspath $(B)/bin/pith); fi
# Their disk images, by U-Boot, which is taken from Debian's package.
.PHONY: test-vm-uboot
test-vm-uboot:
	@for arch in aarch64 riscv64; do \
	    tests/vm/afford.sh $(O) $$arch || exit 0; done; \
	$(MAKE) -s vm-image-aarch64 vm-image-riscv64 && \
	if [ -d $(O)/vm/uboot/usr ] || \
	    tools/debian.sh unpack bookworm u-boot-qemu $(O)/vm/uboot; then \
	    node tests/vm/uboot.mjs $(O) $(O)/vm/uboot/usr/lib/u-boot; \
	else \
	    echo "skipped: there is no U-Boot to be had"; \
	    echo "0 passed, 0 failed, 1 skipped"; fi
.PHONY: test-vm-twice
test-vm-twice: vm vm-image
	@tests/vm/twice.sh $(abspath $(O))
.PHONY: test-vm-twice-aarch64 test-vm-twice-riscv64
test-vm-twice-aarch64 test-vm-twice-riscv64: test-vm-twice-%: vm-%
	@tests/vm/twice.sh $(abspath $(O)) $*

.PHONY: bench-vm
bench-vm: vm user
	@tests/vm/bench.sh $(abspath $(O))
