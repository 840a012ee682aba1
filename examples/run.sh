#!/bin/sh
#
# Runs the example configuration: nginx with the module, two workers, and one
# image job through the whole; then stays up until Ctrl-C or SIGTERM.
#
#   MODULE          the built module  (default: build/ of this repository)
#   NGINX           the nginx binary  (default: nginx)
#   AIME_PORT       where to listen   (default: 8080)
#   AIME_RUN_ONCE   1: stop after the first result, for tests
#
# Everything it writes is in a folder of its own that goes when it ends.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
MODULE=${MODULE:-$root/build/ngx_http_aime_api_module.so}
NGINX=${NGINX:-nginx}
AIME_PORT=${AIME_PORT:-8080}
AIME_RUN_ONCE=${AIME_RUN_ONCE:-0}
PATH=$PATH:/usr/sbin:/sbin
url=http://127.0.0.1:$AIME_PORT

prefix=
nginx=
mandelbrot=
markov=
client=

say() {
    printf '%s\n' "$*"
}

fail() {
    say "run.sh: $*" >&2
    exit 1
}

alive() {
    kill -0 "$1" 2>/dev/null
}

# The process of that id, ours, ends; if it will not, it is made to.
stop() {
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    tries=0
    while alive "$1" && [ $tries -lt 50 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -9 "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

cleanup() {
    status=$?
    trap - EXIT
    # nothing may interrupt this half-way
    trap '' INT TERM HUP
    # the client first, it cancels its job; nginx last, the others talk to it
    stop "$client"
    stop "$mandelbrot"
    stop "$markov"
    stop "$nginx"
    [ -z "$prefix" ] || rm -rf "$prefix"
    exit $status
}

# conf/nginx.conf with the paths and the port of this run.  The whole folder is
# copied, since the files beside nginx.conf are named relative to it.
configure() {
    cp -R "$root/conf/." "$prefix"
    mkdir "$prefix/logs" "$prefix/temp"
    temp=
    for kind in client_body proxy fastcgi uwsgi scgi; do
        temp="$temp ${kind}_temp_path $prefix/temp/$kind;"
    done
    if [ "$(id -u)" = 0 ]; then
        # nginx's own processes run as this user, and must get at temp/
        chmod -R a+rX "$prefix"
        user="user $(worker_user);"
    else
        user=
    fi
    sed -e "s|^load_module .*|load_module $MODULE;|" \
        -e "s|^user .*|$user|" \
        -e "s|^pid .*|pid $prefix/logs/nginx.pid;|" \
        -e "s|^error_log .*|error_log $prefix/logs/error.log notice;|" \
        -e "/^worker_rlimit_nofile /d" \
        -e "s|^    worker_connections .*|    worker_connections $(files);|" \
        -e "s|^http {|http {$temp|" \
        -e "s|^\( *\)access_log .*;|\1access_log $prefix/logs/access.log aime;|" \
        -e "s|^\( *\)listen 8080;|\1listen $AIME_PORT;|" \
        "$root/conf/nginx.conf" > "$prefix/nginx.conf"
}

# An account without rights, and its group.
worker_user() {
    for name in www-data nginx nobody; do
        if id "$name" >/dev/null 2>&1; then
            say "$name $(id -gn "$name")"
            return
        fi
    done
    say root
}

# As many connections as the shell's limit of open files allows, up to 4096.
files() {
    # shellcheck disable=SC3045  # dash and busybox have it, too
    limit=$(ulimit -n)
    if [ "$limit" = unlimited ] || [ "$limit" -gt 4096 ]; then
        limit=4096
    fi
    say "$limit"
}

# Says why something ended, from the end of its log, and gives up.
died() {
    say "run.sh: $1 ended unexpectedly; the end of its log:" >&2
    shift
    for log in "$@"; do
        [ ! -s "$log" ] || tail -n 20 "$log" >&2
    done
    exit 1
}

check() {
    alive "$nginx" \
        || died nginx "$prefix/logs/nginx.out" "$prefix/logs/error.log"
    alive "$mandelbrot" \
        || died "the mandelbrot worker" "$prefix/logs/mandelbrot.log"
    alive "$markov" \
        || died "the markov_text worker" "$prefix/logs/markov_text.log"
}

start_nginx() {
    env -u NGINX "$NGINX" -p "$prefix/" -c "$prefix/nginx.conf" -e "$prefix/logs/error.log" \
        -g 'daemon off;' > "$prefix/logs/nginx.out" 2>&1 &
    nginx=$!
    # the pid file is written when the port is bound and the zone is there
    tries=0
    while [ ! -s "$prefix/logs/nginx.pid" ]; do
        alive "$nginx" || died nginx "$prefix/logs/nginx.out"
        [ $tries -lt 100 ] || fail "nginx does not start"
        sleep 0.1
        tries=$((tries + 1))
    done
}

# start_worker JOB_TYPE: sets $worker
start_worker() {
    python3 "$root/examples/worker.py" --server "$url" --job-type "$1" \
        > "$prefix/logs/$1.log" 2>&1 &
    worker=$!
}

first_job() {
    say "Rendering a picture through nginx ..."
    # in the background, so that a signal need not wait for it
    python3 "$root/examples/client.py" --server "$url" \
        --endpoint mandelbrot --output "$prefix/mandelbrot.png" \
        --param center_x=-0.7435 --param center_y=0.1314 --param zoom=60 \
        --param palette=ocean &
    client=$!
    while alive "$client"; do
        check
        sleep 0.1
    done
    if ! wait "$client"; then
        client=
        check
        died "the client" "$prefix/logs/error.log" "$prefix/logs/mandelbrot.log"
    fi
    client=
    size=$(wc -c < "$prefix/mandelbrot.png")
    say "Result: $prefix/mandelbrot.png, $((size)) bytes"
}

greet() {
    cat <<END

The server is up.  To look at (in a browser or with curl):
  $url/api/endpoints
  $url/api/endpoints/mandelbrot
  $url/api/endpoints/markov_chat

To try:
  examples/client.py --server $url --endpoint mandelbrot \\
      --param zoom=400 --param center_x=-0.7435 --param center_y=0.1314 \\
      --output seahorse.png
  examples/client.py --server $url --endpoint markov_chat \\
      --param prompt_input="In the morning the river"
  examples/worker.py --server $url --job-type scalars &
  examples/client.py --server $url --endpoint scalar_types \\
      --param label=test --param steps=33

Logs and the first picture: $prefix
Ctrl-C stops everything and removes them.
END
}

[ -f "$MODULE" ] || fail "no module at $MODULE: build it with make"
MODULE=$(cd "$(dirname "$MODULE")" && pwd)/$(basename "$MODULE")
command -v "$NGINX" >/dev/null || fail "no nginx at '$NGINX'"
command -v python3 >/dev/null || fail "no python3"

trap cleanup EXIT
trap 'exit 0' INT TERM HUP

prefix=$(mktemp -d "${TMPDIR:-/tmp}/aime-run.XXXXXX")
configure
start_nginx
start_worker mandelbrot
mandelbrot=$worker
start_worker markov_text
markov=$worker
first_job

[ "$AIME_RUN_ONCE" != 1 ] || exit 0

greet
while :; do
    check
    sleep 0.5
done
