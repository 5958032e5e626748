# SPDX-License-Identifier: Apache-2.0
# syscall.def to hostile_table.h: each call as a function of four things, an
# integer, a 64-bit integer, and a pointer, tried in all argument places.
/^SYS\(/ {
    split($0, f, /[(, ]+/)
    name = f[3]
    split(f[4], q, "\"")
    sig = q[2]
    args = ""
    pointers = 0
    for (i = 2; i <= length(sig); i++) {
        c = substr(sig, i, 1)
        args = args (i > 2 ? ", " : "") c
        if (c == "p")
            pointers++
    }
    if (name == "exit" || name == "fork" || name == "reboot")
        next
    printf "static int64_t\ncall_%s(int32_t i, int64_t l, " \
        "const volatile void *p)\n{\n    (void)i, (void)l, (void)p;\n" \
        "    return pith_%s(%s);\n}\n", name, name, args
    table = table sprintf("    {\"%s\", call_%s, %d},\n", name, name, pointers)
}
END {
    print "static const struct {\n    const char *name;"
    print "    int64_t (*call)(int32_t, int64_t, const volatile void *);"
    print "    int pointers;\n} hostile[] = {"
    printf "%s};\n", table
}
