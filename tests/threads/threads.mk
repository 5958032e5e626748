# SPDX-License-Identifier: Apache-2.0
# wasi-threads: a program of our own from outside, and other people's suite.
.PHONY: test-threads
THREADS_OUT := $(B)/tests/threads
THREADS_CC := clang-19 --target=wasm32 -O1 -fno-builtin -Wall -Wextra \
              -matomics -mbulk-memory
THREADS_LINK := --target=wasm32 -nostdlib -Wl,--no-entry -Wl,--shared-memory \
                -Wl,--import-memory -Wl,--max-memory=268435456

$(THREADS_OUT)/threads.wasm: tests/threads/threads.c tests/threads/start.s \
                             tests/threads/mini.h
	@mkdir -p $(@D)
	@$(THREADS_CC) -c -o $(@:.wasm=.o) $<
	@clang-19 --target=wasm32 -matomics -mbulk-memory -c -o $(@D)/start.o \
	    tests/threads/start.s
# without -O here: wasm-opt would drop the names that backtraces show
	@clang-19 $(THREADS_LINK) -o $@ $(@:.wasm=.o) $(@D)/start.o
$(THREADS_OUT)/code.wasm: tests/threads/code.c tests/threads/mini.h \
                          abi/pith/abi.h $(THREADS_OUT)/threads.wasm
	@$(THREADS_CC) -Wno-unused-function -c -o $(@:.wasm=.o) $<
	@clang-19 $(THREADS_LINK) -Wl,--growable-table -o $@ $(@:.wasm=.o) \
	    $(@D)/start.o
$(THREADS_OUT)/alone.wasm: tests/threads/alone.c
	@mkdir -p $(@D)
	@clang-19 --target=wasm32 -O1 -nostdlib -Wl,--no-entry -o $@ $<

test-threads: $(B)/bin/pith $(B)/bin/pith-wasi $(THREADS_OUT)/threads.wasm \
              $(THREADS_OUT)/alone.wasm $(THREADS_OUT)/code.wasm
	@tests/threads/threads.sh $(B)/bin $(THREADS_OUT)
