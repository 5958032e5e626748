-- SPDX-License-Identifier: Apache-2.0
-- Calls, floats and strings in Lua; prints checksums.
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end
print("fib", fib(29))

local sun = { x = 0, y = 0, vx = 0, vy = 0, m = 39.47 }
local earth = { x = 1, y = 0, vx = 0, vy = 6.28, m = 0.00012 }
local function advance(a, b, dt)
  local dx, dy = a.x - b.x, a.y - b.y
  local d2 = dx * dx + dy * dy
  local mag = dt / (d2 * math.sqrt(d2))
  a.vx, a.vy = a.vx - dx * b.m * mag, a.vy - dy * b.m * mag
  b.vx, b.vy = b.vx + dx * a.m * mag, b.vy + dy * a.m * mag
  a.x, a.y = a.x + dt * a.vx, a.y + dt * a.vy
  b.x, b.y = b.x + dt * b.vx, b.y + dt * b.vy
end
for _ = 1, 400000 do advance(sun, earth, 0.001) end
print("nbody", string.format("%.9f", earth.x))

local parts, words = {}, {}
for i = 1, 20000 do parts[#parts + 1] = ("word%d"):format(i % 997) end
local text = table.concat(parts, " ")
for w in text:gmatch("%a+%d+") do words[w] = (words[w] or 0) + 1 end
local keys = {}
for k in pairs(words) do keys[#keys + 1] = k end
table.sort(keys)
print("strings", #text, #keys, text:gsub("7", "seven"):len())
