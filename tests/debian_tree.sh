# shellcheck shell=sh
# A bare Debian in a folder, for tests that show what set-up needs. Callers define `say` and `die`.

mirror() {
    # shellcheck disable=SC2016
    LC_ALL=C apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian Debian //p' | grep -m 1 '^http' || echo http://deb.debian.org/debian
}

# make_tree SUITE FOLDER
make_tree() {
    [ "$(id -u)" = 0 ] || die "debootstrap and chroot need root"
    command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
    say "making a bare $1"
    debootstrap --variant=minbase "$1" "$2" "$(mirror)" >"$2.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 1 "$2.log") (see $2.log)"
    rm -f "$2.log"
    copy_settings "$2"
}

# How this machine reaches the network; nothing else of it is lent to the tree $1.
copy_settings() {
    for path in /etc/resolv.conf /etc/hosts /etc/ssl/certs /usr/local/share/ca-certificates \
        /etc/pip.conf /etc/apt/apt.conf /etc/apt/auth.conf.d; do
        [ ! -e "$path" ] || { mkdir -p "$1${path%/*}" && cp -RL "$path" "$1${path%/*}/"; }
    done
    for path in /etc/apt/apt.conf.d/*; do
        # Not what packages put there, which are not installed in the tree.
        case $path in *autoremove*) continue ;; esac
        dpkg -S "$path" >/dev/null 2>&1 || cp "$path" "$1$path"
    done
    env | grep -E '^(PIP_|[A-Za-z_]*_proxy=|[A-Z_]*CA_BUNDLE=|SSL_CERT_|CI=)' |
        sed "s/'/'\\\\''/g; s/=\(.*\)/='\1'/; s/^/export /" >"$1/settings.sh" || true
}
