# SPDX-License-Identifier: Apache-2.0
# The bootable machine in QEMU, from outside: tests/vm/vm.sh. PITH_VM_KILLS says
# how often it is killed while it writes.
.PHONY: test-vm
test-vm: vm usertests $(B)/bin/pith
	@PITH_OUT=$(abspath $(O)) tests/vm/vm.sh $(abspath $(B)/bin/pith)
# The same on another processor: its kernel takes a while, so not in ./test.
.PHONY: test-vm-aarch64
test-vm-aarch64: vm-aarch64 usertests $(B)/bin/pith
	@PITH_OUT=$(abspath $(O)) PITH_VM_ARCH=aarch64 \
	    tests/vm/vm.sh $(abspath $(B)/bin/pith)
.PHONY: test-vm-twice
test-vm-twice: vm
	@tests/vm/twice.sh $(abspath $(O))

.PHONY: bench-vm
bench-vm: vm user
	@tests/vm/bench.sh $(abspath $(O))
