return { new_cjson = function() return {} end }
