;; SPDX-License-Identifier: Apache-2.0
;; Another instance's code for cont_tests.c; made as cont.wasm is.
(module
  (import "t" "get" (func $get (param i32) (result i32)))
  (func (export "relay") (param $n i32) (result i32)
    (i32.add (call $get (local.get $n)) (i32.const 1)))
)
