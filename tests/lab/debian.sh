#!/bin/sh
# Debian packages of the tests: real servers that no package index brings. As root, on Debian or Ubuntu; safe to run again.
set -eu
packages="age openssh-server poppler-utils chromium chromium-driver ceph-mon ceph-osd radosgw zstd"
packages="$packages systemd-container sudo dbus dovecot-imapd"
[ -d /usr/lib/postgresql/15 ] || [ -d /usr/lib/postgresql/16 ] || [ -d /usr/lib/postgresql/17 ] || packages="$packages postgresql"
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
# The packages must not start servers of their own: the tests start theirs on loopback and free ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
apt-get update -q
for package in $missing; do # one by one: what this release does not have is skipped by the tests that need it
  apt-get install -y -q --no-install-recommends "$package" >/dev/null || echo "not installed: $package" >&2
done
