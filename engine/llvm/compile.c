/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit from start to object: build every function, repair what LLVM's view of
 * floats gets wrong, optimise, emit. See unit.h.
 */
#include "build.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "pith_errno.h"

#define EARLY "function(mem2reg)" /* folds nothing */
#define PASSES "default<O2>"

/* ---- the machine ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char *triple, *cpu, *features;
static char target_text[4096];

static void
init_target(void)
{
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    triple = LLVMGetDefaultTargetTriple();
    cpu = LLVMGetHostCPUName();
    features = LLVMGetHostCPUFeatures();
    /* masked loads of AVX-512 swallow the faults of what they mask */
    for (char *p = features; (p = strstr(p, "+avx512")); p++)
        *p = '-';
    for (char *p = features; (p = strstr(p, "+avx10")); p++)
        *p = '-';
    snprintf(target_text, sizeof target_text, "%s %s %s", triple, cpu,
             features);
}

const char *
pith_llvm_target(void)
{
    pthread_once(&once, init_target);
    return target_text;
}

static LLVMTargetMachineRef
make_machine(void)
{
    LLVMTargetRef target;
    char *message = NULL;

    pthread_once(&once, init_target);
    if (LLVMGetTargetFromTriple(triple, &target, &message)) {
        LLVMDisposeMessage(message);
        return NULL;
    }
    return LLVMCreateTargetMachine(target, triple, cpu, features,
                                   LLVMCodeGenLevelDefault, LLVMRelocPIC,
                                   LLVMCodeModelSmall);
}

/* ---- floats as WebAssembly has them ---- */

/* v, by a way that LLVM does not see through and that costs nothing. */
static LLVMValueRef
hidden(struct build *b, LLVMValueRef v)
{
#if defined(__aarch64__)
    static const char constraint[] = "=w,0";
#else
    static const char constraint[] = "=x,0";
#endif
    LLVMTypeRef t = LLVMTypeOf(v), type = LLVMFunctionType(t, &t, 1, false);
    LLVMValueRef fn =
        LLVMGetInlineAsm(type, "", 0, constraint, sizeof constraint - 1, false,
                         false, LLVMInlineAsmDialectATT, false);

    return LLVMBuildCall2(b->b, type, fn, &v, 1, "");
}

/* 0, -0, 1, -1: x + -0 is taken for x, which is wrong of a signalling NaN. */
static bool
is_neutral(LLVMValueRef v)
{
    LLVMBool lost;
    double d;

    if (LLVMIsAConstantAggregateZero(v) || LLVMIsAConstantDataVector(v))
        return true;
    if (!LLVMIsAConstantFP(v))
        return false;
    d = LLVMConstRealGetDouble(v, &lost);
    return d == 0 || d == 1 || d == -1;
}

static void
repair(struct build *b, LLVMValueRef i)
{
    LLVMValueRef x, y;

    switch (LLVMGetInstructionOpcode(i)) {
    case LLVMFAdd:
    case LLVMFSub:
    case LLVMFMul:
    case LLVMFDiv:
        x = LLVMGetOperand(i, 0);
        y = LLVMGetOperand(i, 1);
        LLVMPositionBuilderBefore(b->b, i);
        if (is_neutral(x))
            LLVMSetOperand(i, 0, hidden(b, x));
        if (is_neutral(y))
            LLVMSetOperand(i, 1, hidden(b, y));
        break;
    case LLVMFPTrunc: /* of a promoted float is not the float itself */
        x = LLVMGetOperand(i, 0);
        if (!LLVMIsAInstruction(x) ||
            LLVMGetInstructionOpcode(x) != LLVMFPExt)
            break;
        LLVMPositionBuilderBefore(b->b, i);
        LLVMSetOperand(i, 0, hidden(b, x));
        break;
    default:
        break;
    }
}

static void
repair_all(struct build *b)
{
    LLVMValueRef fn, i;
    LLVMBasicBlockRef block;

    for (fn = LLVMGetFirstFunction(b->mod); fn; fn = LLVMGetNextFunction(fn))
        for (block = LLVMGetFirstBasicBlock(fn); block;
             block = LLVMGetNextBasicBlock(block))
            for (i = LLVMGetFirstInstruction(block); i;
                 i = LLVMGetNextInstruction(i))
                repair(b, i);
}

/* ---- data ---- */

static void
emit_array(struct build *b, LLVMValueRef placeholder, const char *name,
           const void *p, size_t size, bool constant)
{
    LLVMValueRef bytes =
        LLVMConstStringInContext(b->c, p ? p : "", (unsigned)size, true);
    LLVMValueRef g = LLVMAddGlobal(b->mod, LLVMTypeOf(bytes), name);

    LLVMSetInitializer(g, bytes);
    LLVMSetGlobalConstant(g, constant);
    LLVMSetAlignment(g, 16);
    LLVMSetVisibility(g, LLVMHiddenVisibility);
    if (placeholder) {
        LLVMReplaceAllUsesWith(placeholder, g);
        LLVMDeleteGlobal(placeholder);
    }
}

static void
emit_data(struct build *b)
{
    emit_array(b, b->sites_at, "sites", b->sites, b->nsites * sizeof *b->sites,
               true);
    emit_array(b, NULL, "funcs", b->funcs, b->nfuncs * sizeof *b->funcs, true);
    emit_array(b, b->types_at, "types", b->types, b->ntypes * sizeof *b->types,
               false);
    emit_array(b, b->steps_at, "steps", b->steps, b->nsteps * sizeof *b->steps,
               false);
}

/* ---- the whole ---- */

static bool
run_passes(struct build *b, LLVMTargetMachineRef machine, const char *passes)
{
    LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
    LLVMErrorRef e = LLVMRunPasses(b->mod, passes, machine, o);

    LLVMDisposePassBuilderOptions(o);
    if (e) {
        char *text = LLVMGetErrorMessage(e);

        fprintf(stderr, "pith-llvm: %s\n", text);
        LLVMDisposeErrorMessage(text);
    }
    return !e;
}

static bool
emit_object(struct build *b, LLVMTargetMachineRef machine, uint8_t **object,
            size_t *size)
{
    LLVMMemoryBufferRef buffer;
    char *message = NULL;

    if (LLVMTargetMachineEmitToMemoryBuffer(machine, b->mod, LLVMObjectFile,
                                            &message, &buffer)) {
        LLVMDisposeMessage(message);
        return false;
    }
    *size = LLVMGetBufferSize(buffer);
    *object = malloc(*size);
    if (*object)
        memcpy(*object, LLVMGetBufferStart(buffer), *size);
    LLVMDisposeMemoryBuffer(buffer);
    return *object;
}

static bool
compile(struct build *b, LLVMTargetMachineRef machine, uint8_t **object,
        size_t *size)
{
    const char *dump = getenv("PITH_LLVM_DUMP"); /* a directory */
    char name[4096];
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
    const char *passes = getenv("PITH_LLVM_PASSES");

    LLVMSetModuleDataLayout(b->mod, layout);
    LLVMDisposeTargetData(layout);
    LLVMSetTarget(b->mod, triple);
    for (uint32_t i = 0; i < b->u->nfuncs; i++)
        if (!build_function(b, &b->u->funcs[i]))
            return false;
    emit_data(b);
    if (dump) {
        snprintf(name, sizeof name, "%s/%u.ll", dump, b->u->funcs[0].func);
        LLVMPrintModuleToFile(b->mod, name, NULL);
        LLVMVerifyModule(b->mod, LLVMPrintMessageAction, NULL);
    }
    if (!run_passes(b, machine, EARLY))
        return false;
    repair_all(b);
    if (!run_passes(b, machine, passes ? passes : PASSES))
        return false;
    if (dump) {
        snprintf(name, sizeof name, "%s/%u.opt.ll", dump,
                 b->u->funcs[0].func);
        LLVMPrintModuleToFile(b->mod, name, NULL);
    }
    return emit_object(b, machine, object, size);
}

int
pith_llvm_compile(const struct llvm_unit *unit, uint8_t **object, size_t *size)
{
    LLVMTargetMachineRef machine = make_machine();
    struct build b;
    bool ok;

    if (!machine)
        return -E_NOTSUP;
    ok = build_init(&b, unit);
#if defined(__x86_64__)
    b.rounds = strstr(features, "+sse4.1");
    b.jit = true;
#else
    b.rounds = true;
#endif
    ok = ok && compile(&b, machine, object, size);
    build_finish(&b);
    LLVMDisposeTargetMachine(machine);
    return ok ? 0 : -E_NOTSUP;
}
