-- HAProxy 2.6 or newer, loaded by haproxy.cfg beside it: asks the gateway who a request is from. HAProxy has no auth_request of its own.

local DECIDE = "http://127.0.0.1:9000/forward-auth"

-- What the application is told. Whatever the client sent under such a name is gone by then.
local TOLD = { "x-wherefrom-client-ip", "x-wherefrom-trust", "x-wherefrom-outcome", "x-wherefrom-reason", "x-wherefrom-key" }

-- Fields about the client's connection and its body, which are no part of the question.
local NOT_ASKED = { "host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "transfer-encoding", "content-length", "expect" }

-- Every line of every field, in order: HAProxy counts them from 0, and its client takes them from 1.
local function question(txn)
  local fields = {}
  local received = txn.http:req_get_headers()
  for name, lines in pairs(received) do
    fields[name] = {}
    for index = 0, #lines do
      table.insert(fields[name], lines[index])
    end
  end
  for _, name in ipairs(NOT_ASKED) do
    fields[name] = nil
  end
  fields["x-original-peer"] = { txn.f:src() or "unix:" }
  fields["x-original-method"] = { txn.f:method() }
  fields["x-original-uri"] = { txn.f:pathq() }
  fields["x-original-host"] = received["host"] and { received["host"][0] }
  return fields
end

-- Ends the request here. What went wrong is the gateway's to log.
local function refuse(txn, status, body)
  local reply = txn:reply({ status = status })
  reply:add_header("cache-control", "no-store")
  reply:add_header("content-type", "application/json; charset=utf-8")
  reply:set_body(body or "")
  txn:done(reply)
end

core.register_action("wherefrom", { "http-req" }, function(txn)
  local answer = core.httpclient():get({ url = DECIDE, headers = question(txn), timeout = 2000 })
  if answer == nil or answer.status == nil or answer.status == 0 or answer.status >= 500 then
    return refuse(txn, 503)
  end
  if answer.status ~= 200 then
    return refuse(txn, answer.status, answer.body)
  end
  for name in pairs(txn.http:req_get_headers()) do
    if name:match("^x[-_.]wherefrom[-_.]") then
      txn.http:req_del_header(name)
    end
  end
  for _, name in ipairs(TOLD) do
    txn.http:req_set_header(name, answer.headers[name][0])
  end
end, 0)
