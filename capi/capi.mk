# SPDX-License-Identifier: Apache-2.0
# libpith-wasm: the standard C interface (include/wasm.h) as a library.
#
#   make libpith-wasm                   out/lib/libpith-wasm.{so,a}
#   make install DESTDIR= PREFIX=/usr/local
#
# The engine's and lib's objects are position independent and hide their names
# (engine/engine.mk), so both libraries are made of the same ones. The static
# one is a single object in which only wasm_* is left to link against.
.PHONY: libpith-wasm install
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INC_capi := -iquote lib -iquote engine -iquote capi/include
CAPI_OBJ := $(call obj,$(sort $(wildcard capi/*.c)))
CAPI_A := $(B)/lib/libpith-wasm.a
CAPI_SO := $(B)/lib/libpith-wasm.so
CAPI_VERSION := 0.1.0
$(CAPI_OBJ): CFLAGS += $(PIC)
$(eval $(call compile,capi,$(INC_capi)))

# Sanitized programs bring the sanitizer's functions; i386 has no shared one.
CAPI_LDFLAGS_release := -Wl,-z,defs
CAPI_LDFLAGS_gcc := -Wl,-z,defs
libpith-wasm: $(CAPI_A)
ifneq ($(V),m32)
libpith-wasm: $(CAPI_SO)
endif
$(CAPI_SO).0: $(CAPI_OBJ) $(ENGINE_OBJ) $(LIB_OBJ) capi/exports.map
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -shared -Wl,-soname,$(@F) \
	    -Wl,-z,nodelete,--version-script=capi/exports.map \
	    $(CAPI_LDFLAGS_$(V)) \
	    -o $@ $(filter %.o,$^) -lm -lpthread
$(CAPI_SO): $(CAPI_SO).0
	@ln -sf $(<F) $@
$(CAPI_A): $(CAPI_OBJ) $(ENGINE_OBJ) $(LIB_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	@$(CC) $(if $(filter m32,$(V)),-m32) -nostdlib -r -o $@.o $^
	@objcopy --localize-hidden $@.o
	@$(AR) rcsD $@ $@.o
	@rm -f $@.o

install: libpith-wasm $(B)/bin/pith
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/bin \
	    $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 capi/include/*.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(CAPI_A) $(DESTDIR)$(LIBDIR)/
	install -m 755 $(CAPI_SO).0 $(DESTDIR)$(LIBDIR)/
	ln -sf $(notdir $(CAPI_SO)).0 $(DESTDIR)$(LIBDIR)/$(notdir $(CAPI_SO))
	install -m 755 $(B)/bin/pith $(DESTDIR)$(PREFIX)/bin/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	    -e 's|@VERSION@|$(CAPI_VERSION)|' capi/pith-wasm.pc.in \
	    >$(DESTDIR)$(LIBDIR)/pkgconfig/pith-wasm.pc
