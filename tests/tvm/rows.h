/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each instruction: code, and the stack at its end, or the sentence's part when
 * it fails ("!..."), or the exit code when it ends ("=..."). A HALT 0 is added.
 * The constants are "\5\0\0\0hello\3\0\0\0abc", so the strings have the
 * addresses 16 and 25.
 */
#define MIN "PUSH_IMM8 1 PUSH_IMM8 63 SHL "
static const struct row {
    const char *code, *want;
} rows[] = {
    /* 0: the stack */
    {"PUSH_IMM8 5 PUSH_IMM8 -1", "5 -1"},
    {"PUSH_IMM32 70000 PUSH_IMM32 -70000", "70000 -70000"},
    {"PUSH_CONST 0 PUSH_CONST 9", "16 25"},
    {"PUSH_CONST 16", "!no constant at 16"},
    {"PUSH_IMM8 1 PUSH_IMM8 2 POP", "1"},
    {"POP", "!the stack is empty for POP"},
    {"PUSH_IMM8 7 DUP", "7 7"},
    {"PUSH_IMM8 1 PUSH_IMM8 2 SWAP", "2 1"},
    {"PUSH_IMM8 1 SWAP", "!the stack is empty for SWAP"},
    {"PUSH_IMM8 1 PUSH_IMM8 2 PUSH_IMM8 3 ROT", "2 3 1"},
    {"x: PUSH_IMM8 1 JMP .x", "!the stack is full"},
    /* 1: numbers */
    {"PUSH_IMM8 2 PUSH_IMM8 3 ADD", "5"},
    {"PUSH_IMM8 2 PUSH_IMM8 3 SUB", "-1"},
    {"PUSH_IMM8 -2 PUSH_IMM8 3 MUL", "-6"},
    {"PUSH_IMM8 -7 PUSH_IMM8 2 DIV PUSH_IMM8 -7 PUSH_IMM8 2 MOD", "-3 -1"},
    {"PUSH_IMM8 1 PUSH_IMM8 0 DIV", "!divides by zero"},
    {"PUSH_IMM8 1 PUSH_IMM8 0 MOD", "!divides by zero"},
    {MIN "PUSH_IMM8 -1 DIV " MIN "PUSH_IMM8 -1 MOD", "-9223372036854775808 0"},
    {MIN "DEC", "9223372036854775807"},
    {MIN "DEC DUP ADD", "-2"},
    {"PUSH_IMM8 9 NEG " MIN "NEG", "-9 -9223372036854775808"},
    {"PUSH_IMM8 9 INC PUSH_IMM8 9 DEC", "10 8"},
    /* 2: bits */
    {"PUSH_IMM8 12 PUSH_IMM8 10 AND PUSH_IMM8 12 PUSH_IMM8 10 OR "
     "PUSH_IMM8 12 PUSH_IMM8 10 XOR PUSH_IMM8 0 NOT",
     "8 14 6 -1"},
    {"PUSH_IMM8 3 PUSH_IMM8 4 SHL PUSH_IMM8 3 PUSH_IMM8 68 SHL", "48 48"},
    {"PUSH_IMM8 -8 PUSH_IMM8 1 SHR PUSH_IMM8 8 PUSH_IMM8 2 SHR", "-4 2"},
    /* 3: comparing, and the flags of it */
    {"PUSH_IMM8 1 PUSH_IMM8 1 CMP_EQ PUSH_IMM8 1 PUSH_IMM8 2 CMP_EQ", "1 0"},
    {"PUSH_IMM8 1 PUSH_IMM8 1 CMP_NE PUSH_IMM8 1 PUSH_IMM8 2 CMP_NE", "0 1"},
    {"PUSH_IMM8 -1 PUSH_IMM8 1 CMP_LT PUSH_IMM8 1 PUSH_IMM8 1 CMP_LT", "1 0"},
    {"PUSH_IMM8 2 PUSH_IMM8 1 CMP_GT PUSH_IMM8 1 PUSH_IMM8 1 CMP_GT", "1 0"},
    {"PUSH_IMM8 1 PUSH_IMM8 1 CMP_LE PUSH_IMM8 2 PUSH_IMM8 1 CMP_LE", "1 0"},
    {"PUSH_IMM8 1 PUSH_IMM8 1 CMP_GE PUSH_IMM8 0 PUSH_IMM8 1 CMP_GE", "1 0"},
    {"PUSH_IMM8 1 PUSH_IMM8 2 CMP_EQ LOAD flags 0", "0 2"},
    {"PUSH_IMM8 2 PUSH_IMM8 2 CMP_EQ LOAD flags 0", "1 1"},
    {"PUSH_IMM8 3 PUSH_IMM8 2 CMP_EQ LOAD flags 0", "0 4"},
    /* 4: memory */
    {"PUSH_IMM8 -2 STORE r3 0 LOAD r3 0", "4294967294"},
    {"ALLOC 16 STORE r1 0 PUSH_IMM32 -2 STORE r1 8 LOAD r1 1 LOAD r1 2 "
     "LOAD r1 4 LOAD r1 8",
     "254 65534 4294967294 -2"},
    {"ALLOC 16 STORE r1 0 PUSH_IMM32 -2 STORE r1 4 LOAD r1 0x81 "
     "LOAD r1 0x82 LOAD r1 0x84 LOAD r1 8",
     "-2 -2 -2 4294967294"},
    {"ALLOC 8 DUP PUSH_IMM8 65 SWAP PUSH_IMM8 66 SWAP STORE tos 1 POP POP", ""},
    {"ALLOC 8 STORE r1 0 PUSH_IMM8 7 LOAD r1 0 SWAP STORE r1 1 LOAD tos 1",
     "7"},
    {"PUSH_CONST 4 LOAD tos 1", "104"},
    {"PUSH_CONST 4 STORE r1 0 PUSH_IMM8 0 STORE r1 1", "!to its constants"},
    {"PUSH_IMM8 0 LOAD tos 1", "!outside its memory"},
    {"PUSH_IMM8 -1 LOAD tos 8", "!outside its memory"},
    {"PUSH_IMM32 0x7fffffff LOAD tos 8", "!outside its memory"},
    {"LOAD r1 3", "!loads 3 bytes"},
    {"PUSH_IMM8 1 STORE r1 0x81", "!stores 129 bytes"},
    {"LOAD 13 0", "!no register 13"},
    {"PUSH_IMM8 1 STORE tos 1", "!the stack is empty"},
    {"PUSH_IMM8 3 PUSH_IMM8 4 LOAD_FRAME 1 LOAD_FRAME 0", "3 4 4 3"},
    {"PUSH_IMM8 3 PUSH_IMM8 4 STORE_FRAME 0", "4"},
    {"LOAD_FRAME 0", "!frame has no value 0"},
    {"PUSH_IMM8 1 STORE_FRAME -1", "!frame has no value -1"},
    {"ALLOC 8 ALLOC 8 SUB NEG", "16"},
    {"PUSH_IMM32 100000 ALLOC 0 DUP FREE 0 PUSH_IMM32 100000 ALLOC 0 SUB", "0"},
    {"ALLOC 0", "!the stack is empty"},
    {"PUSH_IMM32 0x7fffffff ALLOC 0 PUSH_IMM8 -1 ALLOC 0", "0 0"},
    {"PUSH_IMM8 0 FREE 0", ""},
    {"ALLOC 8 DUP FREE 0 FREE 0", "!where nothing was allocated"},
    {"ALLOC 64 PUSH_IMM8 16 ADD FREE 0", "!where nothing was allocated"},
    {"ALLOC 8 DUP STORE r1 0 PUSH_IMM8 9 STORE r1 8 FREE 0 ALLOC 8 LOAD tos 8",
     "0"},
    /* 5: where to go on */
    {"JMP .x PUSH_IMM8 1 x: PUSH_IMM8 2", "2"},
    {"PUSH_IMM8 0 JZ .x PUSH_IMM8 1 x: PUSH_IMM8 2", "2"},
    {"PUSH_IMM8 5 JZ .x PUSH_IMM8 1 x: PUSH_IMM8 2", "1 2"},
    {"PUSH_IMM8 5 JNZ .x PUSH_IMM8 1 x: PUSH_IMM8 2", "2"},
    {"PUSH_IMM8 0 JNZ .x PUSH_IMM8 1 x: PUSH_IMM8 2", "1 2"},
    {"PUSH_IMM8 1 PUSH_IMM8 2 CMP_EQ JL .x PUSH_IMM8 9 x:", "0"},
    {"PUSH_IMM8 2 PUSH_IMM8 2 CMP_EQ JL .x PUSH_IMM8 9 x:", "1 9"},
    {"PUSH_IMM8 3 PUSH_IMM8 2 CMP_EQ JG .x PUSH_IMM8 9 x:", "0"},
    {"PUSH_IMM8 2 PUSH_IMM8 2 CMP_EQ JG .x PUSH_IMM8 9 x:", "1 9"},
    {"JMP 99999", "!behind its code"},
    {"JMP -1", "!behind its code"},
    {"CALL .f PUSH_IMM8 2 JMP .e f: PUSH_IMM8 9 RET e:", "2"},
    {"PUSH_IMM8 4 CALL .f JMP .e f: PUSH_IMM8 9 LOAD_FRAME -1 DUP MUL "
     "RET_VAL e:",
     "4 16"},
    {"PUSH_IMM8 4 CALL .f JMP .e f: STORE_FRAME -1 RET e:",
     "!frame has no value"},
    {"PUSH_IMM8 1 PUSH_IMM8 4 CALL .f JMP .e f: DUP ADD RET_VAL e:", "1 8"},
    {"f: CALL .f", "!more than 256 deep"},
    {"RET", "=0"},
    {"PUSH_IMM8 42 RET_VAL", "=42"},
    {"HALT -3", "=-3"},
    {"PUSH_IMM8 1 JNZ .x HALT 1 x: HALT 258", "=258"},
    /* 6: registers */
    {"MOVI r2 -5 MOV r3 r2 LOAD r3 0", "4294967291"},
    {"MOVI 13 1", "!no register 13"},
    {"MOV r0 13", "!no register 13"},
    {"PUSH_IMM8 7 PUSH_IMM8 8 MOV r1 sp MOVI sp 1 LOAD r1 0", "7 2"},
    {"MOVI sp 2", "0 0"},
    {"MOVI sp 8193", "!has 8192 values"},
    {"MOVI bp 1 PUSH_IMM8 5 PUSH_IMM8 6 LOAD_FRAME 0", "5 6 6"},
    {"MOVI bp -1", "!has 8192 values"},
    {"MOVI pc .x PUSH_IMM8 1 x: PUSH_IMM8 2", "2"},
    {"NOP MOV r0 pc LOAD r0 0", "4"},
    {"PUSH_IMM8 100 PUSH_IMM8 -1 LEA PUSH_IMM8 -1 PUSH_IMM8 0 LEA",
     "99 4294967295"},
    {"ALLOC 8 DUP PUSH_CONST 4 PUSH_IMM8 5 MEMCPY LOAD tos 4", "1819043176"},
    {"ALLOC 8 PUSH_CONST 4 PUSH_IMM8 -1 MEMCPY", "!outside its memory"},
    {"PUSH_CONST 0 PUSH_CONST 4 PUSH_IMM8 5 MEMCPY", "!to its constants"},
    /* 7: the system */
    {"SYSCALL 102 LOAD r0 0 LOAD sys 0", "77 102"},
    {"SYSCALL 39 LOAD r0 0x0", "4294967295"},
    {"SYSCALL 201 LOAD r0 0x0", "4294967295"},
    {"SYSCALL 57 LOAD r0 0x0", "4294967258"},
    {"MOVI r0 102 SYSCALL 255 LOAD r0 0", "77"},
    {"ENTER_PROT SYSCALL 102 LOAD r0 0 EXIT_PROT SYSCALL 102 LOAD r0 0",
     "4294967295 77"},
    {"MOVI r1 9 SYSCALL 60", "=9"},
    {"MOVI r1 9 ENTER_PROT SYSCALL 231", "=9"},
    {"MOVI r2 5000 MOVI r4 0x22 SYSCALL 9 MOV r1 r0 LOAD r1 4 MOVI r3 3 "
     "SYSCALL 10 LOAD r0 0 SYSCALL 11 LOAD r0 0 SYSCALL 11 LOAD r0 0",
     "0 0 0 4294967274"},
    {"MOVI r2 5000 MOVI r4 2 SYSCALL 9 LOAD r0 0", "4294967277"},
    {"MOVI r2 5000 MOVI r3 4 MOVI r4 0x22 SYSCALL 9 LOAD r0 0", "4294967274"},
    {"MOVI r2 0x3fffffff MOVI r4 0x22 SYSCALL 9 LOAD r0 0", "4294967284"},
    {"SYSCALL 12 MOV r1 r0 LOAD r0 0 PUSH_IMM8 64 ADD STORE r1 0 SYSCALL 12 "
     "LOAD r0 0 MOVI r1 -1 SYSCALL 12 LOAD r0 0",
     "96 96"},
    {"ALLOC 16 STORE r2 0 MOVI r1 9 SYSCALL 97 LOAD r0 0 LOAD r2 8",
     "0 1048576"},
    {"MOVI r1 99 SYSCALL 97 LOAD r0 0", "4294967274"},
    {"MOVI r1 9 SYSCALL 97 LOAD r0 0", "4294967282"},
    {"BREAK", "!a breakpoint"},
    {"NOP NOP", ""},
    /* 8: turning one into the other */
    {"PUSH_IMM8 1 I2F", "4607182418800017408"},
    {"PUSH_IMM8 -7 I2F F2I", "-7"},
    {"PUSH_IMM8 -1 F2I", "0"},
    {MIN "NEG I2F F2I", "-9223372036854775808"},
    {"PUSH_IMM32 0x7fe PUSH_IMM8 52 SHL F2I", "9223372036854775807"},
    {MIN "I2S DUP STR_LEN SWAP PUSH_IMM8 4 ADD LOAD tos 1", "20 45"},
    {"PUSH_IMM8 7 TYPEOF PUSH_CONST 0 TYPEOF ALLOC 8 TYPEOF PUSH_IMM8 1 I2S "
     "TYPEOF PUSH_IMM8 0 PUSH_CONST 0 PUSH_IMM8 1 OBJ_SET TYPEOF",
     "0 1 3 1 2"},
    /* 9: values in memory */
    {"ALLOC 32 STORE r1 0 PUSH_IMM8 3 STORE r1 4 LOAD r1 0 ARRAY_LEN "
     "LOAD r1 0 PUSH_IMM8 -9 ARRAY_SET 2 LOAD r1 0 ARRAY_GET 2 "
     "LOAD r1 0 PUSH_IMM8 1 PUSH_IMM8 8 ARRAY_SET 0xffff "
     "LOAD r1 0 PUSH_IMM8 1 ARRAY_GET 0xffff",
     "3 -9 8"},
    {"ALLOC 32 DUP ARRAY_GET 0", "!no number 0"},
    {"ALLOC 32 STORE r1 0 PUSH_IMM8 -1 STORE r1 4 LOAD r1 0 ARRAY_GET 65534",
     "!outside its memory"},
    {"PUSH_IMM8 1 ARRAY_GET 0xffff", "!the stack is empty"},
    {"PUSH_IMM8 1 ARRAY_LEN", "!outside its memory"},
    {"PUSH_IMM8 0 PUSH_CONST 0 PUSH_IMM8 11 OBJ_SET PUSH_CONST 9 PUSH_IMM8 22 "
     "OBJ_SET PUSH_CONST 0 PUSH_IMM8 33 OBJ_SET DUP PUSH_CONST 0 OBJ_GET SWAP "
     "DUP PUSH_CONST 9 OBJ_GET SWAP PUSH_IMM8 5 I2S OBJ_GET",
     "33 22 0"},
    {"PUSH_IMM8 5 PUSH_CONST 0 PUSH_IMM8 1 OBJ_SET", "!outside its memory"},
    {"PUSH_CONST 0 PUSH_CONST 9 STR_CONCAT DUP STR_LEN SWAP PUSH_IMM8 8 ADD "
     "LOAD tos 4",
     "8 1667391855"},
    {"PUSH_CONST 0 PUSH_IMM8 1 PUSH_IMM8 3 STR_SLICE DUP STR_LEN SWAP "
     "PUSH_IMM8 4 ADD LOAD tos 2",
     "2 27749"},
    {"PUSH_CONST 0 PUSH_IMM8 -5 PUSH_IMM8 99 STR_SLICE STR_LEN PUSH_CONST 0 "
     "PUSH_IMM8 4 PUSH_IMM8 2 STR_SLICE STR_LEN",
     "5 0"},
    {"PUSH_CONST 5 STR_LEN PUSH_CONST 5 PUSH_CONST 5 STR_CONCAT",
     "!outside its memory"},
};
#undef MIN
