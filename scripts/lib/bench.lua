-- SPDX-License-Identifier: Apache-2.0
-- wrk: requests from a list of targets, and the figures as one line of JSON.
--   wrk ... -s bench.lua URL -- FILE random|walk SEED check|-
-- "walk" takes the targets in their order, as a viewer does. "check" looks at every answer; that costs time, so only
-- the warm-up does.
local threads = {}
bad, empty, status_seen = 0, 0, 0

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    local file = assert(io.open(args[1]))
    local requests = {}
    for target in file:lines() do
        table.insert(requests, wrk.format("GET", target))
    end
    file:close()
    local count = #requests
    math.randomseed(tonumber(args[3]))
    if args[2] == "walk" then
        local at = math.random(count)
        request = function()
            at = at % count + 1
            return requests[at]
        end
    else
        request = function() return requests[math.random(count)] end
    end
    if args[4] == "check" then
        response = function(status, _, body)
            if status ~= 200 then
                bad, status_seen = bad + 1, status
            elseif #body == 0 then
                empty = empty + 1
            end
        end
    end
end

function done(summary, latency, _)
    local wrong, without, seen = 0, 0, 0
    for _, thread in ipairs(threads) do
        wrong, without = wrong + thread:get("bad"), without + thread:get("empty")
        seen = math.max(seen, thread:get("status_seen"))
    end
    local errors = summary.errors
    print(string.format('BENCH {"requests":%d,"bytes":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f,"connect":%d,' ..
        '"read":%d,"write":%d,"timeout":%d,"status":%d,"not_200":%d,"empty":%d,"seen":%d}',
        summary.requests, summary.bytes, summary.duration / 1e6, latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3, errors.connect, errors.read, errors.write, errors.timeout, errors.status,
        wrong, without, seen))
end
