# shellcheck shell=sh
# What the images' entry points share.

say() { printf 'pgmuse: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

pgmuse=/opt/pgmuse/pgmuse

# Have libpq read the password of PGPASSWORD_FILE from a file in its own format.
use_password() {
    [ -r "$PGPASSWORD_FILE" ] ||
        die "cannot read $PGPASSWORD_FILE: run deploy/docker/make-secrets, then start again"
    PGPASSFILE=$(mktemp) || die "cannot write to /tmp"
    export PGPASSFILE
    sed -n '1{s/[\\:]/\\&/g; s/^/*:*:*:*:/; p}' "$PGPASSWORD_FILE" >"$PGPASSFILE"
}
