#!/bin/bash
# Fills a directory with all that the container image has in it.
#
# Usage: make-rootfs.sh BINARY DIRECTORY
#
# The shared libraries are what the dynamic linker finds for BINARY; they must be the ones that
# libraries.txt names, so that a library does not slip into the image with a dependency's change.
set -euo pipefail

binary="$1"
root="$2"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

fail() {
  echo "make-rootfs.sh: $*" >&2
  exit 1
}

linked="$(ldd "${binary}")"
if grep -q 'not found' <<<"${linked}"; then
  fail "${binary} needs what is not here: $(grep 'not found' <<<"${linked}")"
fi
mapfile -t paths < <(awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' <<<"${linked}" | sort -u)
((${#paths[@]} > 0)) || fail "ldd names no library for ${binary}"
found="$(for path in "${paths[@]}"; do basename "${path}"; done | LC_ALL=C sort -u)"
listed="$(grep -v '^#' "${here}/libraries.txt" | LC_ALL=C sort -u)"
if [[ "${found}" != "${listed}" ]]; then
  diff <(echo "${listed}") <(echo "${found}") >&2 || true
  fail "the libraries of ${binary} (>) are not those of libraries.txt (<); look at the difference, then run list-libraries.sh"
fi

mkdir -p "${root}/usr/bin" "${root}/usr/lib/ssl" "${root}/etc/ssl/certs" "${root}/etc/loadstar" "${root}/usr/share"
install -m 0755 "${binary}" "${root}/usr/bin/loadstar"
strip "${root}/usr/bin/loadstar"
for path in "${paths[@]}"; do
  # By the name that the linker asks for, with the bytes that the link leads to.
  mkdir -p "${root}$(dirname "${path}")"
  cp -L "${path}" "${root}${path}"
done

# TLS to StarRocks with the system's certificates, where OpenSSL of Debian looks for them.
cp -L /etc/ssl/certs/ca-certificates.crt "${root}/etc/ssl/certs/ca-certificates.crt"
ln -sf /etc/ssl/certs/ca-certificates.crt "${root}/usr/lib/ssl/cert.pem"
cp -L /etc/ssl/openssl.cnf "${root}/etc/ssl/openssl.cnf"
ln -sf /etc/ssl/openssl.cnf "${root}/usr/lib/ssl/openssl.cnf"
# Wall clocks of `time_zone`.
cp -a /usr/share/zoneinfo "${root}/usr/share/zoneinfo"
rm -rf "${root}/usr/share/zoneinfo/posix" "${root}/usr/share/zoneinfo/right"
echo 'hosts: files dns' >"${root}/etc/nsswitch.conf"
echo 'loadstar:x:65532:65532::/:/sbin/nologin' >"${root}/etc/passwd"
echo 'loadstar:x:65532:' >"${root}/etc/group"
