#include "ipc_test.h"
const struct test_case inet_cases[] = CASES();
