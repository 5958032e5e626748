# SPDX-License-Identifier: Apache-2.0
# How code is compiled that also goes into a library: it may lie anywhere, and
# its names are nobody else's. (A file of its own, so that objects depend on
# it.) On i386 that would cost a register; there is no library there, nor in a
# virtual machine.
PIC := -fPIC -fvisibility=hidden
ifneq ($(filter m32 vm-%,$(V)),)
PIC := -fvisibility=hidden
endif
