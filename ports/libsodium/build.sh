# SPDX-License-Identifier: Apache-2.0
# What passwords and signatures need, in portable C: the same bytes come out as
# of the host's libsodium. sodium_init() is left out: it picks implementations
# for processors that we do not have, and would bring in all of the library.
cd src/libsodium
sed 's/@VERSION@/1.0.18/; s/@SODIUM_LIBRARY_VERSION_MAJOR@/10/
    s/@SODIUM_LIBRARY_VERSION_MINOR@/3/; s/@SODIUM_LIBRARY_MINIMAL_DEF@//' \
    include/sodium/version.h.in >include/sodium/version.h
cp "$recipe/misuse.c" .
compile_all obj "-DCONFIGURED=1 -DNATIVE_LITTLE_ENDIAN=1 -DHAVE_LINUX_COMPATIBLE_GETRANDOM=1 \
    -DHAVE_SYS_RANDOM_H=1 -DHAVE_ALLOCA_H=1 -DHAVE_WEAK_SYMBOLS=1 \
    -Iinclude/sodium -Iinclude" -- \
    crypto_pwhash/argon2/argon2.c crypto_pwhash/argon2/argon2-core.c \
    crypto_pwhash/argon2/argon2-encoding.c \
    crypto_pwhash/argon2/argon2-fill-block-ref.c \
    crypto_pwhash/argon2/blake2b-long.c \
    crypto_pwhash/argon2/pwhash_argon2id.c \
    crypto_generichash/blake2b/ref/blake2b-ref.c \
    crypto_generichash/blake2b/ref/blake2b-compress-ref.c \
    crypto_generichash/blake2b/ref/generichash_blake2b.c \
    crypto_sign/ed25519/sign_ed25519.c \
    crypto_sign/ed25519/ref10/open.c crypto_sign/ed25519/ref10/sign.c \
    crypto_sign/ed25519/ref10/keypair.c \
    crypto_core/ed25519/ref10/ed25519_ref10.c \
    crypto_hash/sha512/hash_sha512.c crypto_hash/sha512/cp/hash_sha512_cp.c \
    crypto_verify/sodium/verify.c randombytes/randombytes.c \
    randombytes/sysrandom/randombytes_sysrandom.c sodium/utils.c sodium/codecs.c \
    misuse.c
mkdir -p "$dev/lib" "$dev/include"
"$AR" rcsD "$dev/lib/libsodium.a" $objs
cp -R include/sodium include/sodium.h "$dev/include/"
