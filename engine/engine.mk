# SPDX-License-Identifier: Apache-2.0
# Rules for the engine beyond the common ones.

# Bodies must round as WebAssembly does, and be fast whatever the rest is.
ENGINE_INTERP := -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math \
                 -fomit-frame-pointer -fcf-protection=none
ifeq ($(V),asan)
ENGINE_INTERP := -O1 -ffp-contract=off -fno-math-errno
endif
ifeq ($(V),gcc)
ENGINE_INTERP += -fno-gcse
endif
$(B)/obj/engine/interp.o: CFLAGS += $(ENGINE_INTERP)
