#!/bin/sh
# Proof that set-up needs nothing installed by hand: a bare Debian in a folder of its own, this
# working tree in it (as it would be committed), and the README's commands run there.
#
#     tests/bare_debian.sh [--user] [SUITE [COMMAND ARGS...]]
#     tests/bare_debian.sh trixie ./pgmuse setup
#
# SUITE is bookworm if left out. As root from a folder that the server cannot enter; --user: as an
# ordinary user with sudo. Needs root, debootstrap and a network; ten minutes and 5 GB of disk.
# All runs in namespaces of its own, so nothing stays mounted or running, however it ends.
set -eu

say() { printf 'bare_debian: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

copy_checkout() {
    mkdir -p "$tree$checkout"
    git -C "$root" ls-files -z --cached --others --exclude-standard |
        tar -C "$root" --ignore-failed-read --null -T - -cf - | tar -C "$tree$checkout" --no-same-owner -xf -
}

# Runs as the first process of namespaces of its own.
inside() {
    mount --make-rprivate /
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount --rbind /sys "$tree/sys"
    if [ "$user" != root ]; then
        say "making a user with sudo"
        chroot "$tree" sh -c "apt-get update -q && DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends sudo && useradd -m -s /bin/sh $user &&
            echo '$user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/$user" >"$tree/user.log" 2>&1 ||
            die "no sudo there: $(tail -n 1 "$tree/user.log")"
        chroot "$tree" chown -R "$user" "/home/$user"
    fi
    if [ -d "$root/../shared" ]; then
        mkdir -p "$tree${checkout%/*}/shared"
        mount --bind -o ro "$root/../shared" "$tree${checkout%/*}/shared"
    fi
    if [ $# -gt 0 ]; then
        timed "$@"
    else
        timed ./pgmuse demo
        timed ./pgmuse test
    fi
}

timed() {
    before=$(date +%s)
    # shellcheck disable=SC2016
    as_user sh -c '. /settings.sh; cd "$0" && exec "$@"' "$checkout" "$@" ||
        die "failed after $(($(date +%s) - before)) s on $suite: $*"
    say "$(($(date +%s) - before)) s on $suite: $*"
}

as_user() {
    chroot "$tree" setpriv --reuid="$user" --regid="$user" --init-groups env -i HOME="$home" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM-dumb}" "$@"
}

user=root
if [ "${1-}" = --user ]; then
    user=muse
    shift
fi
suite=${1-bookworm}
[ $# = 0 ] || shift
root=$(cd -P -- "$(dirname -- "$0")/.." && pwd -P)
if [ "$user" = root ]; then home=/root; else home=/home/$user; fi
checkout="$home/my work/pgmuse"
. "$root/tests/debian_tree.sh"

# The second time: within the namespaces that the first time made.
if [ -n "${BARE_DEBIAN-}" ]; then
    tree=$BARE_DEBIAN
    inside "$@"
    exit
fi

tree=$(mktemp -d "${TMPDIR:-/var/tmp}/bare-debian.XXXXXX")
trap 'rm -rf --one-file-system "$tree"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM
chmod 755 "$tree"

make_tree "$suite" "$tree"
copy_checkout
set -- "$suite" "$@"
[ "$user" = root ] || set -- --user "$@"
BARE_DEBIAN=$tree unshare --mount --pid --fork --kill-child sh "$0" "$@"
