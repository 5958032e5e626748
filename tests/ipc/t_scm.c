#include "ipc_test.h"
const struct test_case scm_cases[] = CASES();
