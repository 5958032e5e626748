/* SPDX-License-Identifier: Apache-2.0 */
/* Lua includes this; with LUAI_THROW defined it uses nothing of it. */
