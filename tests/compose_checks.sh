# shellcheck shell=sh
# The steps of tests/compose.sh, which defines compose, say, die and $work.

LIMIT=900 # MB of the image db

build_images() {
    compose build db web load >"$work/build.log" 2>&1 || die "build failed: $(tail -n 5 "$work/build.log")"
    size=$(docker image inspect --format '{{.Size}}' "$PGMUSE_NAME-db")
    [ "$size" -lt $((LIMIT * 1000000)) ] || die "the image db has $((size / 1000000)) MB, over $LIMIT"
    say "the image db has $((size / 1000000)) MB"
}

# container SERVICE: its id, also where it has ended
container() { compose ps --all --quiet "$1" | head -n 1; }

# wait_for SERVICE: until it is healthy
wait_for() {
    state=
    for _ in $(seq 120); do
        state=$(docker inspect --format '{{.State.Health.Status}}' "$(container "$1")")
        [ "$state" != healthy ] || return 0
        sleep 1
    done
    die "the service $1 is $state"
}

# expect TEXT COMMAND...: its output has the text, and no traceback
expect() {
    text=$1
    shift
    output=$("$@" 2>&1) || true
    case $output in
        *Traceback*) die "a traceback of $*: $output" ;;
        *"$text"*) ;;
        *) die "expected '$text' of $*, not: $output" ;;
    esac
}

# query SQL: as analyst, from this machine, with the address that was printed
query() {
    PGPASSWORD=$(cat "$PGMUSE_SECRETS/analyst") "$psql" -X -A -t "$address" -c "$1"
}

superuser() { docker exec "$(container db)" ./pgmuse psql -X -q -A -t -c "$1"; }

fill_demo() {
    compose up --detach >"$work/up.log" 2>&1 || die "up failed: $(tail -n 5 "$work/up.log")"
    [ "$(docker wait "$(container load)")" = 0 ] || die "the demo failed"
    address=$(compose logs --no-color load | sed -n 's/.*connect with: psql //p')
    [ "$address" = "postgresql://analyst@127.0.0.1:$PGMUSE_PORT/pgmuse" ] || die "it printed $address"
}

check_readers() {
    psql=$(ls -d /usr/lib/postgresql/*/bin/psql | tail -n 1)
    expect Lonestar query "select artist from similar_songs('destinys child - say my name')"
    for table in songs icons pictures wikidata articles ink_layers\(\); do
        [ "$(query "select count(*) > 0 from $table")" = t ] || die "the demo has no $table"
    done
    expect "permission denied" query "delete from tracks"
    expect "password authentication failed" env PGPASSWORD=wrong "$psql" "$address" -c "select 1"
    published=$(docker port "$(container db)" 5432)
    [ "$published" = "127.0.0.1:$PGMUSE_PORT" ] || die "the port is published on $published"
    for password in "$PGMUSE_SECRETS"/*; do
        ! compose logs | grep -q -F "$(cat "$password")" || die "a log has the password $password"
    done
}

# The pages search, draw through the queue, and cannot write.
check_pages() {
    pages="http://127.0.0.1:$PGMUSE_WEB_PORT"
    expect '"verdict"' curl -s -F "file=@$(find samples var/demo -name '*.jpg' 2>/dev/null | head -n 1)" "$pages/images/search"
    expect Lonestar curl -s "$pages/songs/radio?seed=destinys%20child%20-%20say%20my%20name"
    expect "Look again" curl -s -H 'Accept: text/html' -d drawing=icon "$pages/drawings"
    for _ in $(seq 60); do
        [ "$(query "select status from drawing_requests")" != done ] || return 0
        sleep 1
    done
    die "the requested icons are $(query "select status, message from drawing_requests")"
}

rows() { query "select count(*) from songs where track_id like 'compose %'"; }

drawings() { query "select count(*) from job_runs where job = 'samples' and status = 'done'"; }

load_and_refresh() {
    printf 'playlist,track\na,compose 1\na,compose 2\n' >"$PGMUSE_FILES/lists.csv"
    expect "2 places" compose run --rm load playlists lists.csv
    expect "unchanged" compose run --rm load playlists lists.csv
    [ "$(rows)" = 2 ] || die "lists.csv has $(rows) tracks, not 2"
    expect "songs" compose run --rm pgmuse train songs --help
    printf 'playlist,track\na,compose 1\na,compose 2\na,compose 3\n' >"$PGMUSE_FILES/lists.csv"
    say "waiting for the time of a refresh"
    PGMUSE_REFRESH_AT=$(date -u -d "now + 90 seconds" +%H:%M) compose up --detach cron >/dev/null 2>&1
    for _ in $(seq 300); do
        [ "$(rows)" != 3 ] || break
        sleep 1
    done
    [ "$(rows)" = 3 ] || die "cron did not load the changed file: $(compose logs --no-color cron)"
    for _ in $(seq 300); do
        [ "$(drawings)" = 0 ] || break
        sleep 1
    done
    [ "$(drawings)" != 0 ] || die "cron drew no samples: $(compose logs --no-color cron)"
}

check_restarts() {
    compose stop >/dev/null 2>&1
    compose up --detach >/dev/null 2>&1
    wait_for db
    [ "$(rows)" = 3 ] || die "after a stop, $(rows) tracks are left of 3"
    [ "$(docker wait "$(container load)")" = 0 ] || die "the second start of load failed"
    ! docker logs --since 1m "$(container load)" 2>&1 | grep -q "training" || die "the demo was filled twice"
    docker kill --signal KILL "$(container db)" >/dev/null
    compose start db >/dev/null 2>&1
    wait_for db
    [ "$(rows)" = 3 ] || die "after a kill, $(rows) tracks are left of 3"
    docker exec "$(container db)" ./pgmuse doctor --quick >/dev/null || die "a good server is unhealthy"
    revision=$(superuser "select version_num from muse.alembic_version")
    superuser "update muse.alembic_version set version_num = '0001'"
    expect "FAIL  schema" docker exec "$(container db)" ./pgmuse doctor --quick
    superuser "update muse.alembic_version set version_num = '$revision'"
}

check_memory() {
    PGMUSE_MEMORY=1g compose up --detach db >/dev/null 2>&1
    wait_for db
    [ "$(query "show shared_buffers")" = 128MB ] || die "1 GB gives $(query "show shared_buffers")"
}

# A replica beside db has its rows, follows it, answers searches and cannot be written.
check_replica() {
    export COMPOSE_FILE=docker-compose.yml:docker-compose.replica.yml
    compose up --detach db replica >"$work/replica.log" 2>&1 || die "no replica: $(tail -n 5 "$work/replica.log")"
    wait_for replica
    primary=$address
    address="postgresql://analyst@127.0.0.1:$PGMUSE_REPLICA_PORT/pgmuse"
    expect Lonestar query "select artist from similar_songs('destinys child - say my name')"
    superuser "insert into muse.tracks (track_id, name) values ('compose replica', 'r')"
    for _ in $(seq 60); do
        [ "$(rows)" != 4 ] || break
        sleep 1
    done
    [ "$(rows)" = 4 ] || die "the replica has $(rows) tracks of 4"
    expect "t" query "select pg_is_in_recovery()"
    expect "read-only" docker exec "$(container replica)" ./pgmuse psql -c "delete from muse.tracks"
    address=$primary
    compose rm --stop --force replica >/dev/null 2>&1
    unset COMPOSE_FILE
    superuser "select pg_drop_replication_slot('pgmuse_replica')"
    superuser "delete from muse.tracks where track_id = 'compose replica'"
}

# db OPTIONS: a second container of the image db
db() {
    docker run --rm -v "$PGMUSE_SECRETS:/run/secrets:ro" -e ANALYST_PASSWORD_FILE=/run/secrets/analyst \
        -e LOADER_PASSWORD_FILE=/run/secrets/loader "$@" "$PGMUSE_NAME-db"
}

check_folders() {
    chmod 755 "$PGMUSE_SECRETS"
    expect "another server runs on" db -v "${PGMUSE_NAME}_data:/opt/pgmuse/var"
    mkdir -m 755 "$work/foreign"
    expect "chown -R 5432" db -v "$work/foreign:/opt/pgmuse/var"
    mkdir -m 755 "$work/data-only"
    expect "chown -R 5432" db -v "$work/data-only:/opt/pgmuse/var/postgres"
    expect "cannot read" db -e ANALYST_PASSWORD_FILE=/run/secrets/none
}

compose_tests() { compose --file docker-compose.yml --file tests/compose.yml "$@"; }

run_tests() {
    compose_tests build test >"$work/build.log" 2>&1 || die "build failed: $(tail -n 5 "$work/build.log")"
    compose_tests run --rm test "$@"
}
