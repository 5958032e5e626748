/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors: three kinds of elements (plain bytes, values, owned pointers), one
 * set of functions each. */
#include "capi.h"

/* Zeroed, so that a vector nobody filled can be deleted. */
static void *
elements(size_t n, size_t size)
{
    return n && n <= PTRDIFF_MAX / size ? calloc(n, size) : NULL;
}

#define VEC_COMMON(name)                                                       \
    void wasm_##name##_vec_new_empty(wasm_##name##_vec_t *out)                 \
    {                                                                          \
        out->size = 0;                                                         \
        out->data = NULL;                                                      \
    }                                                                          \
    void wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t *out,         \
                                             size_t n)                         \
    {                                                                          \
        out->data = elements(n, sizeof *out->data);                            \
        out->size = out->data ? n : 0;                                         \
    }

/* copy_(a, b): make element a from b; delete_(a): end element a. */
#define VEC(name, element, copy_, delete_)                                     \
    VEC_COMMON(name)                                                           \
    void wasm_##name##_vec_new(wasm_##name##_vec_t *out, size_t n,             \
                               element const from[])                           \
    {                                                                          \
        wasm_##name##_vec_new_uninitialized(out, n);                           \
        if (out->size) {                                                       \
            memcpy(out->data, from, n * sizeof *out->data);                    \
            return;                                                            \
        }                                                                      \
        for (size_t i = 0; i < n; i++) {                                       \
            element e = from[i];                                               \
            delete_(e);                                                        \
        }                                                                      \
    }                                                                          \
    void wasm_##name##_vec_copy(wasm_##name##_vec_t *out,                      \
                                const wasm_##name##_vec_t *from)               \
    {                                                                          \
        wasm_##name##_vec_new_uninitialized(out, from->size);                  \
        for (size_t i = 0; i < out->size; i++)                                 \
            copy_(out->data[i], from->data[i]);                                \
    }                                                                          \
    void wasm_##name##_vec_delete(wasm_##name##_vec_t *v)                      \
    {                                                                          \
        if (!v)                                                                \
            return;                                                            \
        for (size_t i = 0; v->data && i < v->size; i++)                        \
            delete_(v->data[i]);                                               \
        free(v->data);                                                         \
        wasm_##name##_vec_new_empty(v);                                        \
    }

#define VEC_OF_POINTERS(name)                                                  \
    static wasm_##name##_t *copy_##name(const wasm_##name##_t *from)           \
    {                                                                          \
        return from ? wasm_##name##_copy(from) : NULL;                         \
    }                                                                          \
    VEC(name, wasm_##name##_t *, COPY_POINTER(name), wasm_##name##_delete)
#define COPY_POINTER(name) copy_##name##_to
#define copy_valtype_to(a, b) a = copy_valtype(b)
#define copy_functype_to(a, b) a = copy_functype(b)
#define copy_globaltype_to(a, b) a = copy_globaltype(b)
#define copy_tabletype_to(a, b) a = copy_tabletype(b)
#define copy_memorytype_to(a, b) a = copy_memorytype(b)
#define copy_tagtype_to(a, b) a = copy_tagtype(b)
#define copy_externtype_to(a, b) a = copy_externtype(b)
#define copy_importtype_to(a, b) a = copy_importtype(b)
#define copy_exporttype_to(a, b) a = copy_exporttype(b)
#define copy_frame_to(a, b) a = copy_frame(b)
#define copy_extern_to(a, b) a = copy_extern(b)

VEC_OF_POINTERS(valtype)
VEC_OF_POINTERS(functype)
VEC_OF_POINTERS(globaltype)
VEC_OF_POINTERS(tabletype)
VEC_OF_POINTERS(memorytype)
VEC_OF_POINTERS(tagtype)
VEC_OF_POINTERS(externtype)
VEC_OF_POINTERS(importtype)
VEC_OF_POINTERS(exporttype)
VEC_OF_POINTERS(frame)
VEC_OF_POINTERS(extern)

#define copy_val_to(a, b) wasm_val_copy(&(a), &(b))
#define delete_val(a) wasm_val_delete(&(a))
VEC(val, wasm_val_t, copy_val_to, delete_val)

#define copy_byte_to(a, b) a = b
#define delete_byte(a) ((void)(a))
VEC(byte, wasm_byte_t, copy_byte_to, delete_byte)
