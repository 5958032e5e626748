# SPDX-License-Identifier: Apache-2.0
# jq comes without configure, but with its parser and lexer generated; the
# steps of Makefile.am are these.
cd src
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' builtin.jq \
    >builtin.inc
echo "#define JQ_VERSION \"${version%%-*}\"" >version.h
have="-DHAVE_MEMMEM -DHAVE_MKSTEMP -DHAVE_LIBONIG -DIEEE_8087
    -DHAVE_TM_TM_GMT_OFF -DHAVE_TIMEGM -DHAVE_GMTIME_R -DHAVE_LOCALTIME_R
    -DHAVE_STRPTIME -DHAVE_STRFTIME -DHAVE_MKTIME -DHAVE_GETTIMEOFDAY
    -DHAVE_ISATTY -DHAVE_ALLOCA_H"
for f in acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh \
    drem erf erfc exp exp10 exp2 expm1 fabs fdim floor fma fmax fmin fmod \
    frexp hypot j0 j1 jn ldexp lgamma lgamma_r log log10 log1p log2 logb modf \
    nearbyint nextafter nexttoward pow pow10 remainder rint round scalbln \
    significand sin sinh sqrt tan tanh tgamma trunc y0 y1 yn; do
    have="$have -DHAVE_$(echo $f | tr a-z A-Z)"
done
compile_all obj "-D_GNU_SOURCE -I.. $have" -- $(ls *.c |
    grep -v -e '^inject_errors' -e '^jq_test')
# jq --run-tests is part of the program
compile_all objt "-D_GNU_SOURCE -I.. $have" -- jq_test.c
# 8 MiB of stack, as on Linux: paths may be 10000 levels deep
"$CC" $CFLAGS $LDFLAGS -z stack-size=8388608 obj/*.o objt/*.o -lonig -lm -o jq.wasm
put_bin jq.wasm usr/bin jq
