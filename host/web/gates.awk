# SPDX-License-Identifier: Apache-2.0
# From the ABIs' tables to web_gates.c: one exported function for each row, with
# the type that the row's signature says.
#     awk -f gates.awk syscall.def api.def wasmedge.def

function c_type(letter) {
    return letter == "l" ? "uint64_t" : letter == "v" ? "void" : "uint32_t"
}

function gate(module, name, sig,    i, params, slots,
                                 call) {
    for (i = 2; i <= length(sig); i++) {
        params = params (i > 2 ? ", " : "") c_type(substr(sig, i, 1)) " a" i
        slots = slots (i > 2 ? ", " : "") "a" i
    }
    printf "EXPORT(%s, g%d, %s)\n{\n", c_type(substr(sig, 1, 1)), n,
        params ? params : "void"
    printf "    uint64_t s[] = {%s};\n", slots ? slots : "0"
    call = "web_gate(" (n + 0) ", s)"
    if (substr(sig, 1, 1) == "v")
        printf "    %s;\n}\n", call
    else
        printf "    return (%s)%s;\n}\n", c_type(substr(sig, 1, 1)), call
    table = table sprintf("    {\"%s\", \"%s\", \"%s\", 0, 0},\n", module, name,
        sig)
    n++
}

BEGIN {
    print "/* Made by host/web/gates.awk. */\n#include \"web.h\"\n"
    p1 = "wasi_snapshot_preview1"
    p0 = "wasi_unstable"
    n = 0
    gate("wasi", "thread-spawn", "ii")
}

/^(SYS|WASI|WASI_P1|WASI_P0|WASMEDGE)\(/ {
    macro = $0
    sub(/\(.*/, "", macro)
    rest = substr($0, length(macro) + 2)
    split(rest, f, /, */)
    if (macro == "SYS") {
        name = f[2]
        sig = f[3]
    } else {
        name = f[1]
        sig = f[2]
    }
    gsub(/[" ]/, "", sig)
    gsub(/ /, "", name)
    if (macro == "SYS")
        gate("pith", name, sig)
    if (macro == "WASI" || macro == "WASI_P1" || macro == "WASMEDGE")
        gate(p1, name, sig)
    if (macro == "WASI" || macro == "WASI_P0")
        gate(p0, name, sig)
}

END {
    printf "struct web_gate web_gates[] = {\n%s};\n", table
    printf "const uint32_t web_gates_count = %d;\n", n
}
