#!lua name=mylib

-- Hashes that know when they were last changed.

local function check_keys(keys)
  local error = nil
  if #keys == 0 then
    error = 'Hash key name not provided'
  elseif #keys > 1 then
    error = 'Only one key name is allowed'
  end
  if error ~= nil then
    server.log(server.LOG_WARNING, error)
    return server.error_reply(error)
  end
  return nil
end

-- Sets fields, and the time of the change.
local function my_hset(keys, args)
  local error = check_keys(keys)
  if error ~= nil then
    return error
  end
  local time = server.call('TIME')[1]
  return server.call('HSET', keys[1], '_last_modified_', time, unpack(args))
end

-- All fields but the time of the change.
local function my_hgetall(keys, args)
  local error = check_keys(keys)
  if error ~= nil then
    return error
  end
  server.setresp(3)
  local reply = server.call('HGETALL', keys[1])
  reply['map']['_last_modified_'] = nil
  return reply
end

-- When the hash was last changed, in seconds since 1970.
local function my_hlastmodified(keys, args)
  local error = check_keys(keys)
  if error ~= nil then
    return error
  end
  return server.call('HGET', keys[1], '_last_modified_')
end

server.register_function('my_hset', my_hset)
server.register_function{function_name = 'my_hgetall', callback = my_hgetall, flags = {'no-writes'}}
server.register_function{function_name = 'my_hlastmodified', callback = my_hlastmodified, flags = {'no-writes'}}
