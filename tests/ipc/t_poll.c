#include "ipc_test.h"
const struct test_case poll_cases[] = CASES();
