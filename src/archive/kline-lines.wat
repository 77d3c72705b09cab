;; Lines of candles to columns of doubles, as far as they are plain: eleven numbers and one field more, each number a
;; decimal without an exponent whose digits are a whole number below 2^53. Everything else is left to those who can say
;; what it is. WebAssembly, because it has 64-bit integers: eight digits are read by one load and three multiplications.
;;
;; Memory: 0 powers of ten as doubles, 184 bytes; 192 powers of ten as integers, 72 bytes; 4096 where each row's line
;; begins, 1024 words; 8192 the columns, 11 times 1024 doubles; 98304 the text, at most 131072 bytes and 64 zeros.
(module
  (memory (export "memory") 4)

  ;; Where the first line begins that was not taken, and how far was read.
  (global $next (export "next") (mut i32) (i32.const 0))
  (global $stop (export "stop") (mut i32) (i32.const 0))

  ;; Eight digits, a byte each, as a number: pairs first, then of them fours and the eight at once.
  (func $number (param $digits i64) (result i64)
    (local.set $digits
      (i64.add (i64.mul (local.get $digits) (i64.const 10)) (i64.shr_u (local.get $digits) (i64.const 8))))
    (i64.shr_u
      (i64.add
        (i64.mul (i64.and (local.get $digits) (i64.const 0x000000ff000000ff)) (i64.const 0x000f424000000064))
        (i64.mul
          (i64.and (i64.shr_u (local.get $digits) (i64.const 16)) (i64.const 0x000000ff000000ff))
          (i64.const 0x0000271000000001)))
      (i64.const 32)))

  ;; Takes lines from `at` on as rows 0, 1, 2, ..., at most `most`, and returns how many. Times have to be whole and in
  ;; [least, beyond), the open time in [from, to) as well. `base` is added to the places of lines.
  (func (export "take")
    (param $at i32) (param $end i32) (param $most i32) (param $base i32)
    (param $least f64) (param $beyond f64) (param $from f64) (param $to f64)
    (result i32)
    (local $row i32) (local $line i32) (local $column i32) (local $field i32) (local $byte i32)
    (local $negative i32) (local $digits i32) (local $point i32) (local $run i32) (local $decimals i32)
    (local $word i64) (local $strange i64) (local $mantissa i64)
    (local $value f64)

    (local.set $line (local.get $at))
    (block $done
      (loop $lines
        (br_if $done (i32.ge_u (local.get $row) (local.get $most)))
        (br_if $done (i32.ge_u (local.get $line) (local.get $end)))
        (local.set $at (local.get $line))
        (local.set $column (i32.add (i32.const 8192) (i32.shl (local.get $row) (i32.const 3))))
        (local.set $field (i32.const 0))

        (loop $fields
          (local.set $negative (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x2d)))
          (local.set $at (i32.add (local.get $at) (local.get $negative)))
          (local.set $mantissa (i64.const 0))
          (local.set $digits (i32.const 0))
          (local.set $point (i32.const 0))

          ;; A byte of `word` is a digit's value, or above 9. The lowest byte of `strange` whose top bit is set is the
          ;; first that is no digit; what a carry does to later ones does not matter.
          (loop $numerals
            (local.set $word (i64.xor (i64.load align=1 (local.get $at)) (i64.const 0x3030303030303030)))
            (local.set $strange
              (i64.and
                (i64.or (i64.add (local.get $word) (i64.const 0x7676767676767676)) (local.get $word))
                (i64.const 0x8080808080808080)))
            (if (i64.eqz (local.get $strange))
              (then
                ;; Where the next digits are is then known before these have been looked at.
                (local.set $mantissa
                  (i64.add (i64.mul (local.get $mantissa) (i64.const 100000000)) (call $number (local.get $word))))
                (local.set $digits (i32.add (local.get $digits) (i32.const 8)))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                ;; Eighteen digits fit into a word.
                (br_if $done (i32.gt_u (local.get $digits) (i32.const 18)))
                (br_if $numerals
                  (i32.le_u (i32.xor (i32.load8_u (local.get $at)) (i32.const 0x30)) (i32.const 9))))
              (else
                (local.set $run (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $strange)) (i64.const 3))))
                (if (local.get $run)
                  (then
                    ;; Digits to the upper end, zeros before them.
                    (local.set $mantissa
                      (i64.add
                        (i64.mul (local.get $mantissa) (i64.load offset=192 (i32.shl (local.get $run) (i32.const 3))))
                        (call $number
                          (i64.shl
                            (local.get $word)
                            (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (local.get $run) (i32.const 3))))))))
                    (local.set $digits (i32.add (local.get $digits) (local.get $run)))
                    (local.set $at (i32.add (local.get $at) (local.get $run)))
                    (br_if $done (i32.gt_u (local.get $digits) (i32.const 18)))))))
            ;; A point has a digit on both sides, and there is one.
            (if (i32.and
                  (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x2e))
                  (i32.and (i32.eqz (local.get $point)) (i32.ne (local.get $digits) (i32.const 0))))
              (then
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (local.set $point (local.get $at))
                (br $numerals))))

          (br_if $done (i32.eqz (local.get $digits)))
          (br_if $done (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x2c)))
          (local.set $decimals (i32.const 0))
          (if (local.get $point)
            (then
              (local.set $decimals (i32.sub (local.get $at) (local.get $point)))
              (br_if $done (i32.eqz (local.get $decimals)))))
          ;; Whole amounts are written with zeros behind the point: without them they may fit.
          (block $fits
            (loop $shorten
              (br_if $fits (i64.lt_u (local.get $mantissa) (i64.const 0x20000000000000)))
              (br_if $done (i32.eqz (local.get $decimals)))
              (br_if $done (i64.ne (i64.rem_u (local.get $mantissa) (i64.const 10)) (i64.const 0)))
              (local.set $mantissa (i64.div_u (local.get $mantissa) (i64.const 10)))
              (local.set $decimals (i32.sub (local.get $decimals) (i32.const 1)))
              (br $shorten)))
          ;; Both are exact, so that one division rounds correctly (IEEE 754).
          (local.set $value
            (f64.div
              (f64.convert_i64_u (local.get $mantissa))
              (f64.load (i32.shl (local.get $decimals) (i32.const 3)))))
          (if (local.get $negative) (then (local.set $value (f64.neg (local.get $value)))))
          (f64.store (local.get $column) (local.get $value))
          (local.set $column (i32.add (local.get $column) (i32.const 8192)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $field (i32.add (local.get $field) (i32.const 1)))
          (br_if $fields (i32.lt_u (local.get $field) (i32.const 11))))

        ;; The last field may be anything but two.
        (loop $rest
          (local.set $byte (i32.load8_u (local.get $at)))
          (br_if $done (i32.eq (local.get $byte) (i32.const 0x2c)))
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $rest (i32.ne (local.get $byte) (i32.const 0x0a))))

        ;; Fields 0 and 6 are times, field 8 counts trades.
        (local.set $column (i32.add (i32.const 8192) (i32.shl (local.get $row) (i32.const 3))))
        (local.set $value (f64.load (local.get $column)))
        (br_if $done (f64.ne (f64.floor (local.get $value)) (local.get $value)))
        (br_if $done (i32.eqz (f64.ge (local.get $value) (local.get $least))))
        (br_if $done (i32.eqz (f64.lt (local.get $value) (local.get $beyond))))
        (br_if $done (i32.eqz (f64.ge (local.get $value) (local.get $from))))
        (br_if $done (i32.eqz (f64.lt (local.get $value) (local.get $to))))
        (local.set $value (f64.load offset=49152 (local.get $column)))
        (br_if $done (f64.ne (f64.floor (local.get $value)) (local.get $value)))
        (br_if $done (i32.eqz (f64.ge (local.get $value) (local.get $least))))
        (br_if $done (i32.eqz (f64.lt (local.get $value) (local.get $beyond))))
        (local.set $value (f64.load offset=65536 (local.get $column)))
        (br_if $done (f64.ne (f64.floor (local.get $value)) (local.get $value)))

        (i32.store offset=4096 (i32.shl (local.get $row) (i32.const 2)) (i32.add (local.get $line) (local.get $base)))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (local.set $line (local.get $at))
        (br $lines)))

    (global.set $next (local.get $line))
    (global.set $stop (local.get $at))
    (local.get $row))
)
