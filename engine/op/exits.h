/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that others jump to by name (TRAP, RESUME, POLL_THEN_JUMP): trap and
 * resume take a status in r0; poll continues at pc.
 */
EXIT(poll)
{
    LEAVE(fp);
    enum engine_status st = interp_poll(in, pc, fp);
    BACK;
    if (UNLIKELY(st != ENGINE_OK))
        RESUME(st);
    if (in->module->plain)
        pc = code_polled(in, pc, fp);
    JUMP;
}
EXIT(trap)
{
    LEAVE(fp);
    s->status = (enum engine_status)r0;
    trap_record(s, in, pc, fp);
    STOP;
}
EXIT(resume) /* a callee ended with status r0: look for a handler, or stop */
{
    LEAVE(fp);
    s->status = (enum engine_status)r0;
    if (r0 == STATUS_LANDING && s->landing_level >= s->run_base) {
        in = s->landing.in;
        pc = s->landing.pc;
        fp = s->landing.fp;
        mem = in->mem0->base;
        r0 = (uintptr_t)interp_prompt;
        JUMP;
    }
    if (r0 == ENGINE_EXCEPTION && s->exception) {
        struct walk w = {in, pc, fp};
        if (exception_unwind(s, &w, NULL)) {
            in = w.in;
            pc = w.pc;
            fp = w.fp;
            mem = in->mem0->base;
            JUMP;
        }
        if (!s->step) /* else machine code looks first: native_throw */
            trap_record(s, in, pc, fp);
    } else if (r0 != ENGINE_EXIT && r0 != STATUS_LANDING && !s->step && !s->nframes) {
        trap_record(s, in, pc, fp); /* as native.c: failed */
    }
    STOP;
}
