-- GeoJSON. Contents: the text, which nobody checks.
local needs = ...
local DATA, outer, class, callable_library, inner = needs.DATA, needs.outer, needs.class, needs.callable_library, needs.inner
local text_argument, env, wrong_class, without = needs.text_argument, needs.env, needs.wrong_class, needs.without

local select, metatable = select, debug.getmetatable

local GeoJSON = class("GeoJSON", true)

local function geojson_contents(text)
    return { class = GeoJSON, text_of = text }
end

local geojson
geojson = callable_library(function(...)
    local count, _, text = select("#", ...), ...
    if count == 2 and text ~= nil then
        return outer(geojson_contents((inner(text_argument(1, 2, count, text)))))
    end
end)
env.geojson = geojson

function GeoJSON.text(data)
    return '"' .. data.text_of .. '"'
end

function GeoJSON.__tostring(self)
    return GeoJSON.text(self[DATA])
end

function geojson.tostring(...)
    local self = ...
    if metatable(self) ~= GeoJSON then
        wrong_class(1, 1, "GeoJSON", select("#", ...), self)
    end
    return GeoJSON.text(self[DATA])
end

GeoJSON.__index = without(GeoJSON, "index")
GeoJSON.__newindex = without(GeoJSON, "index")
GeoJSON.__len = without(GeoJSON, "get length of")

return { geojson_contents = geojson_contents, GeoJSON = GeoJSON }
