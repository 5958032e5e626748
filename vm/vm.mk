# SPDX-License-Identifier: Apache-2.0
# Pith as a machine of its own: a Linux kernel, PID 1, an initramfs.
#
#   make vm              out/pith-vm-x86_64.{bzImage,initramfs,sha256,spdx} for
#                        any PC, and -micro.bzImage for a microvm
#   make vm-aarch64 vm-riscv64   the same for other processors (the kernel:
#                        Image.gz)
#   make vm-image        out/pith-vm.img and the update for it (disk.sh)
#   make vm-image-aarch64 vm-image-riscv64   disks for U-Boot (disk-uboot.sh)
#   make V=vm-x86_64 out/vm-x86_64/bin/init   PID 1 alone (cc.mk)

# for tests/fs as well
$(O)/vm/sqlite/sqlite3.c: vm/sqlite.sh
	@vm/sqlite.sh $(O)

ifeq ($(filter vm-%,$(V)),)
VM_IMAGE ?= $(O)/share/pith/root.pith

.PHONY: vm vm-x86_64 vm-aarch64 vm-riscv64
vm: vm-$(shell uname -m)
vm-x86_64 vm-aarch64 vm-riscv64: vm-%: $(O)/vm/initramfs-%.cpio $(O)/pith-vm-%.bzImage \
    $(O)/pith-vm-%.initramfs $(O)/pith-vm-%.sha256 $(O)/pith-vm-%.spdx

vm-x86_64 vm-aarch64 vm-riscv64: $(O)/vm/tsckhz
vm-x86_64 $(O)/pith-vm-x86_64.sha256: $(O)/pith-vm-x86_64-micro.bzImage
$(O)/vm/tsckhz: tools/tsckhz.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 $(WARN) -o $@ $<
$(O)/bin/pith-mkinitrd: tools/mkinitrd.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 $(WARN) -o $@ $<

# kernel.sh, and the sub-make, know what is out of date; what did not change is
# not touched
.PHONY: vm-always
.PRECIOUS: $(O)/vm-%/bin/init $(O)/vm/kernel-%/key $(O)/vm/ready-%
vm-always:
$(O)/vm/kernel-%/key: vm-always
	@vm/kernel.sh $(O) $*
$(O)/vm-%/bin/init: vm-always
	@$(MAKE) -s V=vm-$* $@
$(O)/pith-vm-%.bzImage: $(O)/vm/kernel-%/key
	@cmp -s $(<D)/kernel $@ || cp $(<D)/kernel $@
$(O)/pith-vm-x86_64.bzImage: $(O)/vm/kernel-x86_64-pc/key
	@cmp -s $(<D)/kernel $@ || cp $(<D)/kernel $@
$(O)/pith-vm-x86_64-micro.bzImage: $(O)/vm/kernel-x86_64/key
	@cmp -s $(<D)/kernel $@ || cp $(<D)/kernel $@

# What PID 1 knows of the programs of every boot (tools/ready.c), from an engine of
# the same form, which this computer runs.
VM_READY := /sbin/init /sbin/authd /bin/dash /usr/bin/toybox:known
ifneq ($(V),plain)
$(O)/plain/bin/pith-ready: vm-always
	@$(MAKE) -s V=plain $@
endif
$(O)/vm/ready-%: $(O)/plain/bin/pith-ready $(VM_IMAGE)
	@mkdir -p $(@D)
	@$< $(VM_IMAGE) $(VM_READY) >$@.new && mv $@.new $@
$(O)/vm/ready-riscv64: $(B)/bin/pith-ready $(VM_IMAGE)
	@mkdir -p $(@D)
	@$< --interp $(VM_IMAGE) $(VM_READY) >$@.new && mv $@.new $@

# As it is for ./run vm (QEMU loads it faster than Linux unpacks it), and small.
$(O)/vm/initramfs-%.cpio: $(O)/vm-%/bin/init $(O)/bin/pith-mkinitrd \
                          vm/initramfs.txt $(VM_IMAGE) $(O)/vm/ready-%
	@$(O)/bin/pith-mkinitrd vm/initramfs.txt init=$< root=$(VM_IMAGE) \
	    ready=$(O)/vm/ready-$* >$@.new
	@mv $@.new $@
$(O)/pith-vm-%.initramfs: $(O)/vm/initramfs-%.cpio
	@zstd -q -19 -f -o $@ $<
$(O)/pith-vm-%.sha256: $(O)/pith-vm-%.bzImage $(O)/pith-vm-%.initramfs
	@cd $(O) && sha256sum $(filter pith-vm-%,$(^F)) >$(@F)
$(O)/pith-vm-%.spdx: $(O)/pith-vm-%.sha256 vm/sbom.sh
	@vm/sbom.sh $(O) $* >$@

.PHONY: vm-image
vm-image: $(O)/pith-vm.img
$(O)/pith-vm.img: vm/disk.sh vm/mbr.sh vm/grub.cfg $(O)/pith-vm-x86_64.bzImage \
                  $(O)/pith-vm-x86_64.initramfs
	@vm/disk.sh $(O) x86_64
.PHONY: vm-image-aarch64 vm-image-riscv64
vm-image-aarch64 vm-image-riscv64: vm-image-%: $(O)/pith-vm-%.img
$(O)/pith-vm-aarch64.img $(O)/pith-vm-riscv64.img: $(O)/pith-vm-%.img: \
    vm/disk-uboot.sh vm/mbr.sh $(O)/vm/kernel-%/key $(O)/pith-vm-%.initramfs
	@vm/disk-uboot.sh $(O) $*

else # in the sub-make

# The kernel's own headers are wanted, the machine's libc's are not: links.
ifdef VM_CROSS
$(VM_CROSS)/usr:
	@tools/debian.sh unpack bookworm \
	    libgcc-12-dev-$(VM_DEBIAN_$(VM_ARCH))-cross $(B)/cross
	@tools/debian.sh unpack bookworm \
	    linux-libc-dev-$(VM_DEBIAN_$(VM_ARCH))-cross $(B)/cross
endif
# musl as it is: libpith puts its own bottom half into the other tree.
VM_MUSL := $(O)/obj/musl-linux
$(VM_MUSL)/.ready:
	@rm -rf $(VM_MUSL)
	@sh tools/debian.sh source musl $(MUSL_VERSION) $(VM_MUSL) $(MUSL_SUMS)
	@touch $@
$(VM_LIBC): $(VM_MUSL)/.ready $(if $(VM_CROSS),$(VM_CROSS)/usr)
	@echo "  MUSL $(VM_ARCH)"
	@rm -rf $(B)/musl $(B)/musl-build
	@mkdir -p $(B)/musl-build $(B)/musl/include
	@cd $(B)/musl-build && CC="clang-19 $(VM_TARGET)" AR=llvm-ar-19 \
	    RANLIB=llvm-ranlib-19 LIBCC="$(VM_BUILTINS)" \
	    CFLAGS="-Os -ffunction-sections -fdata-sections -w \
	    -ffile-prefix-map=$(abspath $(VM_MUSL))=musl" \
	    $(abspath $(VM_MUSL))/configure --target=$(VM_ARCH)-linux-musl \
	    --disable-shared --prefix=$(abspath $(B)/musl) >configure.log
	@$(MAKE) -s -C $(B)/musl-build install >$(B)/musl-build/build.log 2>&1 || \
	    { tail -n 20 $(B)/musl-build/build.log; exit 1; }
	@for d in linux asm-generic; do \
	    ln -s $(VM_HEADERS)/$$d $(B)/musl/include/$$d; done
	@ln -s $(VM_ASM)/asm $(B)/musl/include/asm
	@rm -rf $(B)/musl-build
	@touch $@

$(VM_SQLITE): host/sqlite/bare/tree.c $(wildcard host/sqlite/bare/*.h host/sqlite/*.h) \
              $(O)/vm/sqlite/sqlite3.c $(VM_LIBC)
	@echo "  SQLITE $(VM_ARCH)"
	@$(VM_SQLITE_CC) $(VM_CODEGEN) -Oz -w -ffile-prefix-map=$(CURDIR)=. \
	    -isystem $(O)/vm/sqlite $(INC_host) \
	    $$(cat $(O)/vm/sqlite/flags) -c -o $@ $<

# every object needs libc's headers first
$(LIB_OBJ) $(ENGINE_OBJ) $(HOST_OBJ) $(SYSTEM_OBJ) $(CLI_OBJ): | $(VM_SQLITE)

# PID 1: the boot half of `pith`, with vm/init in place of the command line. Of
# the rest only what is asked for is linked, so what vm/init has itself (un*.c,
# libc.c) stands for the file that has it there.
VM_INIT_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard vm/init/*.c))
$(B)/obj/vm/%.o: vm/%.c $(VM_SQLITE)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INC_cli) -MMD -MP -c -o $@ $<
VM_CLI_OBJ := $(filter-out %/main.o,$(CLI_OBJ))
$(O)/vm-$(VM_ARCH)/bin/init: $(VM_INIT_OBJ) $(VM_CLI_OBJ) \
               $(B)/lib/libpith-system.a $(B)/lib/libpith-engine.a $(VM_SQLITE)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(LDFLAGS) -o $@.full $(VM_INIT_OBJ) -Wl,--start-lib \
	    $(VM_CLI_OBJ) -Wl,--end-lib $(filter %.a,$^) $(LDLIBS)
	@llvm-strip-19 -s -R .comment -o $@ $@.full
endif
