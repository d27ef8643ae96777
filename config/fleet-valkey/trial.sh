#!/bin/sh
# Do the libraries load, and do their functions what they should? No server is asked. Ends with 0 if so.
set -eu

# expect REPLY FILE FUNCTION [KEY...] [-- ARG...]: the call gives REPLY on the keyspace of trial.json.
expect() {
    wanted=$1
    shift
    found=$(asadm function run --keyspace trial.json "$@")
    test "$found" = "$wanted" || { echo "$*: $found, and not $wanted" >&2; exit 1; }
}

asadm function lint functions --for valkey-9.1,valkey-8.1,redis-7.0
expect '(integer) 2' functions/stock.lua stock_reserve pieces -- 3
expect '(integer) -1' functions/stock.lua stock_reserve pieces -- 6
expect '(integer) 4' functions/visits.lua visits_count page:1 -- ann
