return { new_cmsgpack = function() return {} end }
