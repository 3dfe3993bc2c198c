#!/bin/bash
# Prints libraries.txt for a binary: the shared libraries that the dynamic linker finds for it.
#
# Usage: list-libraries.sh BINARY > deploy/image/libraries.txt
#
# Look at the difference before it is committed: each library is one more thing in the image.
set -euo pipefail

linked="$(ldd "$1")"
if grep -q 'not found' <<<"${linked}"; then
  echo "list-libraries.sh: $1 needs what is not here: $(grep 'not found' <<<"${linked}")" >&2
  exit 1
fi
echo '# Shared libraries of the container image, on Debian 12; written by list-libraries.sh.'
awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' <<<"${linked}" | sed 's|.*/||' | LC_ALL=C sort -u
