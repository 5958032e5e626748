# SPDX-License-Identifier: Apache-2.0
# Every test folder brings its own targets.
-include $(wildcard tests/*/*.mk)
