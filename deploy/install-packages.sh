#!/bin/bash
# Installs what deploy/packages.txt lists, with apt-get, without asking anything.
#
# Usage: install-packages.sh [build]
#   build   leaves out what only the tests need
#
# Runs as root or with sudo. Takes a second when everything is there.
set -euo pipefail

here="$(dirname "${BASH_SOURCE[0]}")"
readonly LIST="${here}/packages.txt"

fail() {
  echo "install-packages.sh: $*" >&2
  exit 1
}

what="${1:-all}"
[[ "${what}" == all || "${what}" == build ]] || fail "unknown argument '${what}'; only 'build' is known"

# Tests name another file.
# shellcheck disable=SC1090
release="$(. "${LOADSTAR_OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID:-unknown} ${VERSION_ID:-}")" || release=unknown
if [[ "${release}" != "debian 12" ]]; then
  fail "this is '${release}', and Loadstar is built from Debian 12 packages;" \
    "use Debian 12 (bookworm), or the container image: see Dockerfile"
fi

mapfile -t wanted < <(awk -v what="${what}" \
  '!/^#/ && NF && !(what == "build" && $2 == "test") { print $1 }' "${LIST}" | sort -u)

# The names of `wanted` that are not installed.
missing() {
  comm -23 <(printf '%s\n' "${wanted[@]}") \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
      awk '$1 == "installed" { print $2 }' | sort -u)
}

mapfile -t todo < <(missing)
if ((${#todo[@]} == 0)); then
  echo "packages: all ${#wanted[@]} are installed"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || fail "missing packages: ${todo[*]}; run as root, or install sudo"
  as_root=(sudo)
fi

echo "packages: installing ${#todo[@]} of ${#wanted[@]}: ${todo[*]}"
apt_get() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}
log="$(mktemp)"
trap 'rm -f "${log}"' EXIT
if ! { apt_get update && apt_get install --no-install-recommends "${todo[@]}"; } >"${log}" 2>&1; then
  tail -n 30 "${log}" >&2
  fail "apt-get failed; its last lines are above"
fi
mapfile -t todo < <(missing)
((${#todo[@]} == 0)) || fail "apt-get ended well, but these are still missing: ${todo[*]}"
