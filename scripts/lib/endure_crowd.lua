-- SPDX-License-Identifier: Apache-2.0
-- wrk: the targets of a file in turn, and how many answers there were of each status.
local threads = {}
counts = ""

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    local requests, at, seen = {}, 0, {}
    for target in io.lines(args[1]) do
        table.insert(requests, wrk.format("GET", target))
    end
    request = function()
        at = at % #requests + 1
        return requests[at]
    end
    response = function(status)
        seen[status] = (seen[status] or 0) + 1
        counts = ""
        for number, count in pairs(seen) do
            counts = counts .. "status " .. number .. " " .. count .. "\n"
        end
    end
end

function done()
    for _, thread in ipairs(threads) do
        io.write(thread:get("counts"))
    end
end
