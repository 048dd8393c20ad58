# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the project's scripts share. Source it: . "$(dirname "$0")/../deploy/lib.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

say() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# stage NAME COMMAND...: runs one stage, remembers its time for stage_times, and ends the script if it fails.
stage_log=()
stage() {
  local name=$1 started=$SECONDS
  shift
  say "$name"
  if ! "$@"; then
    printf '\nerror: stage "%s" failed after %d s: %s\n' "$name" $((SECONDS - started)) "$*" >&2
    exit 1
  fi
  stage_log+=("$(printf '%5d s  %s' $((SECONDS - started)) "$name")")
}
stage_times() {
  say "Times"
  printf '%s\n' "${stage_log[@]}"
  printf '%5d s  in all\n' "$SECONDS"
}

need_root() { [ "$(id -u)" = 0 ] || die "run it as root: it installs packages and starts virtual machines"; }

# Everything from Debian 12, by what needs it. gcc-12 also builds the modules for both kernels.
packages_build=(build-essential cmake ninja-build ccache pkg-config ca-certificates zlib1g-dev
  protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libgrpc++-dev libabsl-dev libvirt-dev libspdlog-dev libfmt-dev
  libcli11-dev libncurses-dev libtomlplusplus-dev libpugixml-dev libsqlite3-dev libsystemd-dev prometheus-cpp-dev
  libmicrohttpd-dev libcurl4-openssl-dev nlohmann-json3-dev libgtest-dev libgmock-dev libbenchmark-dev)
packages_virt=(qemu-system-x86 libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients
  busybox-static cpio kmod zstd xz-utils pahole python3 python3-libvirt util-linux iproute2)
packages_test=(python3-pytest python3-pytest-timeout python3-grpcio python3-protobuf shellcheck flake8 python3-hacking sparse systemd
  clang clang-format clang-tidy libclang-rt-14-dev librapidcheck-dev redis-server)
packages_bench=(redis-server liblinear-tools python3-matplotlib)
# nova with its own fixtures and none of its daemons, and the Prometheus that the scheduler asks.
packages_nova=(python3-nova nova-common python3-placement placement-common python3-openstacksdk python3-testtools python3-fixtures
  python3-oslotest python3-wsgi-intercept python3-requests-mock python3-testscenarios python3-testresources python3-ddt
  python3-stestr python3-pip python3-setuptools python3-wheel python3-pytest python3-pytest-timeout python3-pytest-xdist
  python3-keystoneauth1 python3-oslo.config python3-oslo.log python3-grpcio python3-protobuf protobuf-compiler
  protobuf-compiler-grpc prometheus)
# Prometheus with promtool, and what reads rules.
# Dashboards and the status page are made and checked with them, where the machine has no Node of its own.
packages_node=(nodejs npm)
packages_monitoring=(prometheus python3-yaml python3-pytest python3-pytest-timeout)
# A browser for the status page, and what its tests talk to hypertierd with.
packages_page=(chromium fonts-dejavu-core python3 python3-grpcio python3-protobuf)
# What tests/nova/lab starts by hand: the services of a whole cloud, and its clients.
packages_openstack=(keystone placement-api glance-api nova-api nova-scheduler nova-conductor nova-compute nova-compute-kvm
  mariadb-server rabbitmq-server uwsgi-core uwsgi-plugin-python3 qemu-utils python3-pymysql python3-openstackclient
  python3-osc-placement)
export packages_openstack packages_build packages_virt packages_test packages_bench packages_nova packages_monitoring packages_node packages_page

# install_packages PACKAGE...: installs what is missing. Where systemd does not run, no daemon is started by the way: those we need, we start ourselves.
# install_packages_only PACKAGE...: the same, and no daemon is started where systemd runs, either.
install_packages_only() { start_none=1 install_packages "$@"; }
install_packages() {
  local missing=() package policy=/usr/sbin/policy-rc.d made=
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ]; then
    echo "All packages are there."
    return
  fi
  echo "Installing ${missing[*]}"
  if { [ -n "${start_none-}" ] || [ ! -d /run/systemd/system ]; } && [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    made=1
  fi
  local log status=0
  log=$(mktemp)
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1 </dev/null || status=$?
  [ -z "$made" ] || rm -f $policy
  [ $status = 0 ] || tail -n 30 "$log" >&2
  rm -f "$log"
  return $status
}

# build_preset PRESET [TARGET...]: configures and builds.
build_preset() {
  local preset=$1
  shift
  (cd "$root" && cmake --preset "$preset" >"build-$preset.log" 2>&1) ||
    { cat "$root/build-$preset.log" >&2; rm -f "$root/build-$preset.log"; return 1; }
  rm -f "$root/build-$preset.log"
  cmake --build "$root/build/$preset" -j "$(nproc)" ${1:+--target "$@"}
}
