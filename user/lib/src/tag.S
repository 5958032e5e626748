# SPDX-License-Identifier: Apache-2.0
# The tag that longjmp throws; its payload points at env and value.
    .tagtype __c_longjmp i32
    .globl __c_longjmp
__c_longjmp:
