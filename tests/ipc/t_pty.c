#include "ipc_test.h"
const struct test_case pty_cases[] = CASES();
