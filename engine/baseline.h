/* SPDX-License-Identifier: Apache-2.0 */
/* The baseline compiler's face (jit/); baseline_none.c where it is not built.
 */
#ifndef ENGINE_BASELINE_H
#define ENGINE_BASELINE_H

#include "translate.h"

#include "runtime.h"

/* What machine code calls for functions that have none yet. */
void jit_module_init(struct engine_module *m);
void jit_module_finish(struct engine_module *m);
/* func was just translated by t and published. Under the module's lock. */
void jit_compile(struct translator *t, struct engine_module *m, uint32_t func);
/* What machine code of jit/ calls to reach other machine code; 0: no jit/. */
uintptr_t jit_adapter(void);
/*
 * Go on in the middle of a frame, whose link is in slot link, at an address that
 * a helper was called from (cont.h); returns when the frame does. Only where
 * jit_goes_on.
 */
extern const bool jit_goes_on;
void jit_go_on(struct engine_instance *in, uint64_t *fp, uint32_t link,
               uintptr_t at);
/* Where machine code of func takes over a frame of the interpreter, at the loop's
 * head insn (a number); it wants JIT_SLACK slots behind the frame. 0: nowhere. */
uintptr_t jit_loop_entry(struct engine_module *m, uint32_t func,
                         uint32_t insn);
#define JIT_SLACK 8u
/* The same for what is not yet translated. */
uintptr_t jit_untranslated(void);
/* Publish func's code of jit/, if it has some. The module's lock is held. */
bool jit_publish_again(struct engine_module *m, uint32_t func);
/* From compiled code to code of jit/, the short way: as native_call. */
void jit_call(struct engine_instance *in, uint64_t *fp,
              const struct insn *link, uint32_t func);
/* native_table.jit_return */
void jit_leave(void);
/* Go on at a handler in a frame of machine code; returns where there is none */
void jit_land(struct engine_store *s, const struct walk *w);

#endif
