#!/bin/sh
#
# Runs the example configuration: nginx with the module, the media daemon, four
# workers, and four jobs through the whole: one that makes a picture, one that
# takes it, and two chats, the last one by OpenAI's API; then stays up until
# Ctrl-C or SIGTERM.
#
#   MODULE          the built module  (default: build/ of this repository)
#   DAEMON          aime-mediad       (default: beside the module)
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
key=demo-client-key-replace-me      # of conf/aime_api_server.cfg

prefix=
nginx=
mediad=
mandelbrot=
markov=
picture=
chat=
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
    # the client first, it cancels its job; nginx and what it asks last
    stop "$client"
    stop "$mandelbrot"
    stop "$markov"
    stop "$picture"
    stop "$chat"
    stop "$nginx"
    stop "$mediad"
    [ -z "$prefix" ] || rm -rf "$prefix"
    exit $status
}

# conf/nginx.conf with the paths and the port of this run.  The whole folder is
# copied, since the files beside nginx.conf are named relative to it; the pages,
# since nginx's processes may not be let into this repository.  An administrator
# gets a password for this run.
configure() {
    cp -R "$root/conf/." "$prefix"
    cp -R "$root/ui" "$prefix/ui"
    mkdir "$prefix/logs" "$prefix/temp"
    password=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
    sed "s|^#password = .*|password = \"$password\"|" \
        "$root/conf/aime_api_server.cfg" > "$prefix/aime_api_server.cfg"
    temp=
    for kind in client_body proxy fastcgi uwsgi scgi; do
        temp="$temp ${kind}_temp_path $prefix/temp/$kind;"
    done
    if [ "$(id -u)" = 0 ]; then
        # nginx's own processes run as this user, and must get at temp/
        chmod -R a+rX "$prefix"
        chmod go= "$prefix/aime_api_server.cfg"
        user="user $(worker_user);"
    else
        user=
    fi
    sed -e "s|^load_module .*|load_module $MODULE;|" \
        -e "s|^user .*|$user|" \
        -e "s|^pid .*|pid $prefix/logs/nginx.pid;|" \
        -e "s|^error_log .*|error_log $prefix/logs/error.log notice;|" \
        -e "s|^\( *\)aime_api_media .*;|\1aime_api_media unix:$prefix/mediad.sock;|" \
        -e "/^worker_rlimit_nofile /d" \
        -e "s|^    worker_connections .*|    worker_connections $(files);|" \
        -e "s|^http {|http {$temp|" \
        -e "s|^\( *\)access_log .*;|\1access_log $prefix/logs/access.log aime;|" \
        -e "s|^\( *\)alias .*/ui/;|\1alias $prefix/ui/;|" \
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
    alive "$mediad" || died "the media daemon" "$prefix/logs/mediad.log"
    alive "$mandelbrot" \
        || died "the mandelbrot worker" "$prefix/logs/mandelbrot.log"
    alive "$markov" \
        || died "the markov_text worker" "$prefix/logs/markov_text.log"
    alive "$picture" \
        || died "the picture worker" "$prefix/logs/picture.log"
    alive "$chat" || died "the chat worker" "$prefix/logs/chat.log"
}

start_mediad() {
    "$DAEMON" -s "$prefix/mediad.sock" > "$prefix/logs/mediad.log" 2>&1 &
    mediad=$!
    tries=0
    while [ ! -S "$prefix/mediad.sock" ]; do
        alive "$mediad" || died "the media daemon" "$prefix/logs/mediad.log"
        [ $tries -lt 100 ] || fail "the media daemon does not start"
        sleep 0.1
        tries=$((tries + 1))
    done
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

# start_worker PROGRAM JOB_TYPE: sets $worker
start_worker() {
    python3 "$root/examples/$1" --server "$url" --job-type "$2" \
        > "$prefix/logs/$2.log" 2>&1 &
    worker=$!
}

# run_client LOG ARGUMENTS: until it has its result
run_client() {
    log=$1
    shift
    run "$log" python3 "$root/examples/client.py" --server "$url" "$@"
}

# run LOG COMMAND: a client that must succeed; LOG is that of its worker
run() {
    log=$prefix/logs/$1
    shift
    # in the background, so that a signal need not wait for it
    "$@" &
    client=$!
    while alive "$client"; do
        check
        sleep 0.1
    done
    if ! wait "$client"; then
        client=
        check
        died "the client" "$prefix/logs/error.log" "$log"
    fi
    client=
}

first_jobs() {
    say "Rendering a picture through nginx ..."
    run_client mandelbrot.log \
        --endpoint mandelbrot --output "$prefix/mandelbrot.png" \
        --param center_x=-0.7435 --param center_y=0.1314 --param zoom=60 \
        --param palette=ocean
    size=$(wc -c < "$prefix/mandelbrot.png")
    say "Result: $prefix/mandelbrot.png, $((size)) bytes"
    say "Sending it through the media daemon, which makes it smaller ..."
    run_client picture.log \
        --endpoint picture_size --param "image=@$prefix/mandelbrot.png"
    say "Asking the chat worker to go on with a text ..."
    run_client chat.log --endpoint chat \
        --param prompt_input="In the morning the river"
    say "Asking it by OpenAI's API ..."
    run chat.log curl -fsS "$url/v1/chat/completions" \
        -H "Authorization: Bearer $key" -H "Content-Type: application/json" \
        -d '{"model": "words", "max_tokens": 40, "messages": [{"role": "user",
            "content": "What does a worker do?"}]}'
    say
}

greet() {
    cat <<END

The server is up.  In a browser:
  $url/aime/       the dashboard: name admin, password $password
  $url/aime/play/  the playground: key demo-client-key-replace-me

To look at (in a browser or with curl):
  $url/api/endpoints
  $url/api/endpoints/mandelbrot
  $url/api/endpoints/chat
  $url/v1/models

To try:
  examples/client.py --server $url --endpoint mandelbrot \\
      --param zoom=400 --param center_x=-0.7435 --param center_y=0.1314 \\
      --output seahorse.png
  examples/client.py --server $url --endpoint chat \\
      --param prompt_input="In the morning the river"
  examples/client.py --server $url --endpoint picture_size \\
      --param image=@seahorse.png
  curl -N $url/v1/chat/completions \\
      -H "Authorization: Bearer $key" \\
      -H "Content-Type: application/json" -d '{"model": "words",
          "stream": true, "messages": [{"role": "user",
          "content": "What does a worker do with a job?"}]}'
  examples/worker.py --server $url --job-type scalars &
  examples/client.py --server $url --endpoint scalar_types \\
      --param label=test --param steps=33

Logs and the first picture: $prefix
Ctrl-C stops everything and removes them.
END
}

[ -f "$MODULE" ] || fail "no module at $MODULE: build it with make"
MODULE=$(cd "$(dirname "$MODULE")" && pwd)/$(basename "$MODULE")
DAEMON=${DAEMON:-$(dirname "$MODULE")/aime-mediad}
[ -x "$DAEMON" ] || fail "no media daemon at $DAEMON: build it with make"
command -v "$NGINX" >/dev/null || fail "no nginx at '$NGINX'"
command -v python3 >/dev/null || fail "no python3"
command -v curl >/dev/null || fail "no curl"

trap cleanup EXIT
trap 'exit 0' INT TERM HUP

prefix=$(mktemp -d "${TMPDIR:-/tmp}/aime-run.XXXXXX")
configure
start_mediad
start_nginx
start_worker worker.py mandelbrot
mandelbrot=$worker
start_worker worker.py markov_text
markov=$worker
start_worker worker.py picture
picture=$worker
start_worker chat_worker.py chat
chat=$worker
first_jobs

[ "$AIME_RUN_ONCE" != 1 ] || exit 0

greet
while :; do
    check
    sleep 0.5
done
