#!/bin/bash
# Generates the Python stubs of proto/ into a directory, to be put on PYTHONPATH.
#
# Usage: generate_stubs.sh DIRECTORY
set -euo pipefail

out="$1"
proto="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../proto" && pwd)"
plugin="$(command -v grpc_python_plugin)" || {
  echo "generate_stubs.sh: no grpc_python_plugin; deploy/install-packages.sh installs it" >&2
  exit 1
}
mkdir -p "${out}"
cd "${proto}"
protoc --proto_path=. --python_out="${out}" google/rpc/*.proto
protoc --proto_path=. --python_out="${out}" --grpc_out="${out}" --plugin=protoc-gen-grpc="${plugin}" \
  loadstar/v1/*.proto
