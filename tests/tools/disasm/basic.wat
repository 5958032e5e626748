;; SPDX-License-Identifier: Apache-2.0
;; WebAssembly 1.0 and what came with 2.0, and names that need quotes.
(module
  (type $binary (func (param i32 i32) (result i32)))
  (import "env" "log" (func $log (param i32)))
  (table $t 4 funcref)
  (table $u 4 funcref)
  (memory $mem 1 2)
  (global $count (mut i32) (i32.const 0))
  (data $hello "hello")
  (elem $e func $add)
  (func $add (type $binary) local.get 0 local.get 1 i32.add)
  (func $control (export "control") (param $n i32) (param $x f64) (result i64)
    (local $i i32) (local $a f32) (local $b f32)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    block $out
      loop $again
        local.get $n
        i32.eqz
        if (result i32)
          i32.const -1
        else
          i32.const 0x7fffffff
        end
        local.tee $i
        br_table 0 1 0 1
      end
    end
    i64.const -9223372036854775808
    local.get $i
    local.get $i
    i32.const 2
    call_indirect $u (type $binary)
    call $log
    local.get $x
    f64.const 0.1
    f64.const -inf
    f64.const nan
    f64.const nan:0x123
    f32.const -0
    drop drop drop drop drop drop
    (f64.store offset=8 align=4 (i32.const 0) (local.get $x))
    (i32.load8_u offset=4294967295 (i32.const 3))
    global.set $count
    memory.size
    memory.grow
    i32.const 2
    i32.const 1
    select
    drop
    (memory.init $hello (i32.const 0) (i32.const 0) (i32.const 5))
    (memory.copy (i32.const 0) (i32.const 0) (i32.const 5))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 5))
    (table.init $u $e (i32.const 0) (i32.const 0) (i32.const 1))
    (table.copy $u $t (i32.const 0) (i32.const 0) (i32.const 1))
    (table.set $u (i32.const 0) (ref.null func)) (drop (ref.func $add))
    (drop (ref.is_null (select (result funcref) (ref.null func)
                                (table.get $t (i32.const 0)) (i32.const 1))))
    data.drop $hello
    elem.drop $e
    (drop (i64.trunc_sat_f64_u (local.get $x)))
    (drop (i64.extend32_s (i64.const 1)))
    return)
  (func $odd&name unreachable))
