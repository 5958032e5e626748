#include "ipc_test.h"
const struct test_case unix_cases[] = CASES();
