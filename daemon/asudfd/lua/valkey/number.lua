-- Numbers as text: doubles in replies and in the arguments of commands, and integers read strictly.

local floor, format = math.floor, string.format

local EXACT = 2 ^ 53 -- integers beyond are not exact in a double

local number = {}

-- The text of a double as replies have it.
function number.format(n)
    if n == floor(n) and n > -EXACT and n < EXACT then
        return format("%.0f", n)
    end
    return format("%.17g", n)
end

return { number = number }
