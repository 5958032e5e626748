# SPDX-License-Identifier: Apache-2.0
# abi/pith/syscall.def to C declarations of the `pith` import module: for each
# row a function pith_<name> with the row's signature (v, i, l, p).
BEGIN {
    print "/* generated from abi/pith/syscall.def by user/lib/import.awk */"
    print "#ifndef PITH_IMPORT_H\n#define PITH_IMPORT_H\n#include <stdint.h>"
    type["v"] = "void"
    type["i"] = "int32_t"
    type["l"] = "int64_t"
    type["p"] = "const volatile void *"
}
/^SYS\(/ {
    split($0, f, /[(, ]+/)
    name = f[3]
    split(f[4], q, "\"")
    sig = q[2]
    args = ""
    for (i = 2; i <= length(sig); i++)
        args = args (i > 2 ? ", " : "") type[substr(sig, i, 1)]
    printf "__attribute__((import_module(\"pith\"), import_name(\"%s\")))\n" \
        "%s pith_%s(%s);\n", name, type[substr(sig, 1, 1)], name,
        args == "" ? "void" : args
}
END { print "#endif" }
