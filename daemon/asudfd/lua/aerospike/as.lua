-- Functions that the real server has in Lua. Their lines are part of its messages: 34, 53 and 56 of a file of this name.
-- Empty lines keep them there.































local function index_of(m2, k) return m2[k] end


















local function sum(a, b) return a + b end


local function product(a, b) return a * b end

return { index_of = index_of, sum = sum, product = product }
