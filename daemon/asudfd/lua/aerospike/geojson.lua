-- GeoJSON. Contents: the text, which nobody checks.
local box = ...

local select, metatable = select, debug.getmetatable
local DATA <const> = box.DATA
local outer = box.outer

local GeoJSON = box.class("GeoJSON", true)
box.GeoJSON = GeoJSON

function box.geojson_contents(text)
    return { class = GeoJSON, text_of = text }
end

local geojson
geojson = box.callable_library(function(...)
    local count, _, text = select("#", ...), ...
    if count == 2 and text ~= nil then
        return outer(box.geojson_contents((box.inner(box.string(1, 2, count, text)))))
    end
end)
box.env.geojson = geojson

function GeoJSON.text(data)
    return '"' .. data.text_of .. '"'
end

function GeoJSON.__tostring(self)
    return GeoJSON.text(self[DATA])
end

function geojson.tostring(...)
    local self = ...
    if metatable(self) ~= GeoJSON then
        box.refuse(1, 1, "GeoJSON", select("#", ...), self)
    end
    return GeoJSON.text(self[DATA])
end

GeoJSON.__index = box.without(GeoJSON, "index")
GeoJSON.__newindex = box.without(GeoJSON, "index")
GeoJSON.__len = box.without(GeoJSON, "get length of")
