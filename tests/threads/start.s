# SPDX-License-Identifier: Apache-2.0
# Where a thread begins: its stack is the first word of what it was given.
	.globaltype	__stack_pointer, i32
	.functype	thread_entry (i32, i32) -> ()
	.globl	wasi_thread_start
	.export_name	wasi_thread_start, wasi_thread_start
	.type	wasi_thread_start,@function
wasi_thread_start:
	.functype	wasi_thread_start (i32, i32) -> ()
	local.get	1
	i32.load	0
	global.set	__stack_pointer
	local.get	0
	local.get	1
	call	thread_entry
	end_function
