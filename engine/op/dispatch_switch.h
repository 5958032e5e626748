/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch by one switch in a loop, for compilers without tail calls: the same
 * bodies are cases, the registers of dispatch_threaded.h local variables.
 */
#ifndef ENGINE_OP_DISPATCH_H
#define ENGINE_OP_DISPATCH_H

#define OP(name) case OP_##name:
#define OP_COLD(name) OP(name)
#define OP_TARGET(name) case OP_##name: name:

#define JUMP goto dispatch
#define OP_CODE(name) OP_##name
#define STOP return
#define POLL_THEN_JUMP goto poll
#define TRAP(status_)                                                          \
    do {                                                                       \
        r0 = (uint64_t)(status_);                                              \
        goto trap;                                                             \
    } while (0)
#define RESUME(status_)                                                        \
    do {                                                                       \
        r0 = (uint64_t)(status_);                                              \
        goto resume;                                                           \
    } while (0)

#endif
