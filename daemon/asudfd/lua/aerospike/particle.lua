-- Particles: a type and bytes, what bins hold and results are. Source: the wire specification, section 3.4.
local needs = ...
local List, Map, GeoJSON, RECORD, unpacked = needs.List, needs.Map, needs.GeoJSON, needs.RECORD, needs.unpacked
local geojson_contents, bytes_contents, UNSUPPORTED, packed = needs.geojson_contents, needs.bytes_contents, needs.UNSUPPORTED, needs.packed
local blob_type, bytes_text = needs.blob_type, needs.bytes_text

local kind, number_type = type, math.type
local byte, sub, find, pack, unpack = string.byte, string.sub, string.find, string.pack, string.unpack

local NULL <const>, INTEGER <const>, FLOAT <const>, STRING <const>, BOOL <const> = 0, 1, 2, 3, 17
local MAP <const>, LIST <const>, GEOJSON <const> = 19, 20, 23

local function integer(data, first, last)
    if last - first == 7 then
        return (unpack(">i8", data, first))
    elseif last - first < 8 and last >= first then
        return (unpack(">i" .. last - first + 1, data, first))
    end
    return nil
end

local function float(data, first, last)
    if last - first == 7 then
        return (unpack(">d", data, first))
    end
    return nil
end

local function text(data, first, last)
    local whole = sub(data, first, last)
    local zero = find(whole, "\0", 1, true)
    return zero and sub(whole, 1, zero - 1) or whole
end

local function collection(class)
    return function(data, first, last)
        local value, readable = unpacked(data, first, last)
        if readable and kind(value) == "table" and value.class == class then
            return value
        end
        return nil
    end
end

local function geojson(data, first, last)
    if last - first < 2 then
        return nil
    end
    local cells = unpack(">I2", data, first + 1)
    return geojson_contents(sub(data, first + 3 + cells * 8, last))
end

local function blob(data, first, last, form)
    return bytes_contents(sub(data, first, last), form)
end

local readers = {
    [INTEGER] = integer, [FLOAT] = float, [STRING] = text, [MAP] = collection(Map), [LIST] = collection(List),
    [GEOJSON] = geojson, [4] = blob, [7] = blob, [8] = blob, [9] = blob, [10] = blob, [11] = blob, [12] = blob, [18] = blob,
    [BOOL] = function(data, first, last)
        return last >= first and byte(data, first) ~= 0
    end,
}

-- Contents or a scalar for a particle whose bytes are those of `data` from `first` to `last`; nil if it has none.
local function from_particle(form, data, first, last)
    local reader = readers[form]
    if reader then
        return reader(data, first, last, form)
    end
    return nil
end

local function of_contents(value, stored)
    local class = value.class
    if class == List then
        return LIST, packed(value, stored)
    elseif class == Map then
        return MAP, packed(value, stored)
    elseif class == GeoJSON then
        return GEOJSON, "\0\0\0" .. value.text_of
    elseif value == RECORD or value == UNSUPPORTED then
        return NULL, ""
    end
    return blob_type(value), bytes_text(value)
end

-- Type and bytes of contents or a scalar; type 0 for what no particle can be. `stored`: it is for a bin.
local function to_particle(value, stored)
    if number_type(value) == "integer" then
        return INTEGER, pack(">i8", value)
    end
    local form = kind(value)
    if form == "table" then
        return of_contents(value, stored)
    elseif form == "number" then
        return FLOAT, pack(">d", value)
    elseif form == "string" then
        return STRING, value
    elseif form == "boolean" then
        return BOOL, value and "\1" or "\0"
    end
    return NULL, ""
end

return { from_particle = from_particle, to_particle = to_particle }
