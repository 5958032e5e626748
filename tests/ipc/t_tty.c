#include "ipc_test.h"
const struct test_case tty_cases[] = CASES();
