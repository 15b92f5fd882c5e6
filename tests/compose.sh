#!/bin/sh
# Proof that docker-compose.yml works: build the images, fill the demo, query it from this machine,
# load, refresh, stop, kill, and run tests inside.
#
#     tests/compose.sh [TESTS...]       # by default tests/core tests/songs
#     COMPOSE=docker-compose tests/compose.sh
#     PGMUSE_BASE=registry.example.org/bookworm tests/compose.sh
#
# It uses the running engine; as root it starts dockerd (Debian's docker.io) where none runs, and
# restores the network settings afterwards. Where debian:bookworm-slim cannot be pulled, it makes a
# base with debootstrap. Half an hour and 15 GB of disk; nothing of it stays.
set -eu

say() { printf 'compose: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

root=$(cd -P -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"
. tests/debian_tree.sh
. tests/compose_checks.sh
[ $# -gt 0 ] || set -- tests/core tests/songs

# ---- the engine ----------------------------------------------------------------------------

engine=
start_engine() {
    docker info >/dev/null 2>&1 && return
    [ "$(id -u)" = 0 ] || die "no engine answers, and only root can start one"
    command -v dockerd >/dev/null || die "dockerd is missing: apt-get install docker.io"
    say "starting dockerd"
    forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
    policy=$(iptables -S FORWARD | sed -n 's/^-P FORWARD //p')
    export DOCKER_HOST="unix://$work/docker.sock"
    dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" \
        --pidfile "$work/docker.pid" >"$work/dockerd.log" 2>&1 &
    engine=$!
    for _ in $(seq 60); do
        ! docker info >/dev/null 2>&1 || return 0
        sleep 1
    done
    die "dockerd did not start: $(tail -n 1 "$work/dockerd.log")"
}

stop_engine() {
    [ -n "$engine" ] || return 0
    kill "$engine"
    wait "$engine" || true
    ip link delete docker0 2>/dev/null || true
    iptables-save | grep -v -i docker | iptables-restore
    iptables -P FORWARD "$policy"
    echo "$forwarding" >/proc/sys/net/ipv4/ip_forward
}

# ---- the base ------------------------------------------------------------------------------

choose_base() {
    [ -z "${PGMUSE_BASE-}" ] || return 0
    export PGMUSE_BASE=debian:bookworm-slim
    ! docker pull -q "$PGMUSE_BASE" >/dev/null 2>&1 || return 0
    export PGMUSE_BASE=$PGMUSE_NAME-base
    mkdir -m 755 "$work/base"
    make_tree bookworm "$work/base"
    rm -rf "$work/base/var/cache/apt/archives" "$work/base/var/lib/apt/lists"
    set --
    while read -r _ setting; do
        set -- "$@" --change "ENV $(printf '%s' "$setting" | tr "'" '"')"
    done <"$work/base/settings.sh"
    tar -C "$work/base" -c . | docker import "$@" - "$PGMUSE_BASE" >/dev/null
    rm -rf "$work/base"
}

# ---- all of it -----------------------------------------------------------------------------

clean_up() {
    status=$?
    trap - EXIT
    if docker info >/dev/null 2>&1; then
        [ "$status" = 0 ] || compose logs --no-color --tail 10 >&2 || true
        compose down --volumes --remove-orphans >/dev/null 2>&1 || true
        docker image rm $(docker image ls --format '{{.Repository}}' "$PGMUSE_NAME-*") >/dev/null 2>&1 || true
    fi
    stop_engine
    rm -rf "$work"
    exit "$status"
}

compose() {
    # shellcheck disable=SC2086
    $COMPOSE --project-name "$PGMUSE_NAME" "$@"
}

timed() {
    before=$(date +%s)
    "$@"
    say "$(($(date +%s) - before)) s: $*"
}

if [ -z "${COMPOSE-}" ]; then
    if docker compose version >/dev/null 2>&1; then COMPOSE="docker compose"; else COMPOSE=docker-compose; fi
fi
command -v "${COMPOSE%% *}" >/dev/null || die "$COMPOSE is missing: apt-get install docker-compose"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/pgmuse-compose.XXXXXX")
export PGMUSE_NAME=pgmuse-compose-test PGMUSE_PORT=15432 PGMUSE_WEB_PORT=18765 PGMUSE_REPLICA_PORT=15433
export PGMUSE_SECRETS="$work/secrets" PGMUSE_FILES="$work/files"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

start_engine
choose_base
deploy/docker/make-secrets
mkdir -m 755 "$PGMUSE_FILES"
say "$($COMPOSE version --short), engine $(docker version --format '{{.Server.Version}}')"
timed build_images
timed fill_demo
check_readers
check_pages
load_and_refresh
check_restarts
check_replica
check_memory
check_folders
timed run_tests "$@"
say "all is well"
