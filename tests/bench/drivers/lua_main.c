/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the script that stands in lua_script.h (made from bench.lua) in Lua,
 * with the libraries it needs. Built with LUAI_THROW as abort, so that engines
 * without exceptions can run it; the script raises no error.
 */
#include <stdio.h>
#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"
#include "lua_script.h"

int
main(void)
{
    static const luaL_Reg libs[] = {{"_G", luaopen_base},
                                    {"math", luaopen_math},
                                    {"string", luaopen_string},
                                    {"table", luaopen_table}};
    lua_State *l = luaL_newstate();

    for (size_t i = 0; i < sizeof libs / sizeof *libs; i++) {
        luaL_requiref(l, libs[i].name, libs[i].func, 1);
        lua_pop(l, 1);
    }
    if (luaL_loadbuffer(l, lua_script, sizeof lua_script - 1, "bench"))
        return 1;
    lua_call(l, 0, 0);
    lua_close(l);
    return 0;
}
