# SPDX-License-Identifier: Apache-2.0
# The C stack's pointer, for jumping between its depths (src/fork.c).
    .globaltype __stack_pointer, i32
    .globl __pith_stack_get
    .type __pith_stack_get,@function
__pith_stack_get:
    .functype __pith_stack_get () -> (i32)
    global.get __stack_pointer
    end_function
    .globl __pith_stack_set
    .type __pith_stack_set,@function
__pith_stack_set:
    .functype __pith_stack_set (i32) -> ()
    local.get 0
    global.set __stack_pointer
    end_function
