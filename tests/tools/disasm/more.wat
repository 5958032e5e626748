;; SPDX-License-Identifier: Apache-2.0
;; SIMD, atomics, exceptions, tail calls, 64-bit memory.
(module
  (memory $m 1 1 shared)
  (memory $wide i64 1)
  (tag $oops (param i32))
  (func $vectors (param $v v128) (result v128)
    local.get $v
    v128.const i32x4 0x00000001 0x00000002 0x00000003 0xffffffff
    i8x16.shuffle 0 1 2 3 4 5 6 7 24 25 26 27 28 29 30 31
    (v128.load8x8_s offset=16 (i32.const 0))
    i16x8.extmul_low_i8x16_s
    (v128.load32_lane offset=4 2 (i32.const 0) (local.get $v))
    i32x4.add
    i32x4.extract_lane 3
    i32x4.splat
    f64x2.convert_low_i32x4_s
    local.get $v
    local.get $v
    v128.bitselect)
  (func $atomics
    (drop (i32.atomic.rmw8.add_u offset=3 (i32.const 0) (i32.const 1)))
    (drop (i64.atomic.rmw.cmpxchg (i32.const 0) (i64.const 1) (i64.const 2)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
    (i64.atomic.store32 (i32.const 4) (i64.const 2))
    (drop (i64.load $wide offset=70000 (i64.const 0)))
    atomic.fence)
  (func $exceptions (param i32)
    try
      local.get 0
      throw $oops
    catch $oops
      call $atomics
      drop
    catch_all
      try
        rethrow 1
      delegate 0
    end)
  (func $tail (param i32)
    local.get 0
    return_call $exceptions))
