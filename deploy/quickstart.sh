#!/bin/bash
# Rows from a gRPC client through Loadstar into StarRocks tables, on this machine alone.
#
# Usage: quickstart.sh [--keep] [--build DIRECTORY]
#   --keep             leaves the daemon and the emulated StarRocks running, and says how to stop them
#   --build DIRECTORY  takes the programs from there instead of installing packages and building
#
# Installs Debian packages, builds the daemon and the emulator (some minutes, the first time), starts
# both on loopback, runs the documented examples, and compares every table. Exit status 1 if one differs.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly ROOT
# Another clone of the same sources finds what this one has compiled.
export CCACHE_BASEDIR="${ROOT}" CCACHE_NOHASHDIR=1
started=${SECONDS}
build=""
keep=()
while (($# > 0)); do
  case "$1" in
    --keep) keep=(--keep) ;;
    --build)
      shift
      build="${1:?--build needs a directory}"
      ;;
    -h | --help)
      sed -n '2,/^set -/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *)
      echo "quickstart.sh: unknown argument '$1'; there are --keep and --build DIRECTORY" >&2
      exit 64
      ;;
  esac
  shift
done

# Runs a step quietly; shows the end of its output if it fails.
step() {
  local name="$1" log
  shift
  log="$(mktemp)"
  local at=${SECONDS}
  printf '%s ... ' "${name}"
  if ! "$@" >"${log}" 2>&1 </dev/null; then
    echo "FAILED after $((SECONDS - at)) s: $*"
    tail -n 40 "${log}"
    echo "(all of it: ${log})"
    exit 1
  fi
  echo "$((SECONDS - at)) s"
  rm -f "${log}"
}

# shellcheck disable=SC2317 # called by step
configure() {
  [[ -f "${build}/build.ninja" ]] && return
  local launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cd "${ROOT}" && cmake --preset release -B "${build}" "${launcher[@]}"
}

if [[ -z "${build}" ]]; then
  build="${ROOT}/build/release"
  step "packages" "${ROOT}/deploy/install-packages.sh" build
  step "configure" configure
  step "build (first time: some minutes)" cmake --build "${build}" -j "${LOADSTAR_JOBS:-$(nproc)}" \
    --target loadstar starrocks-emulator loadstar_python_stubs
else
  for program in server/loadstar tests/emulator/server/starrocks-emulator; do
    if [[ ! -x "${build}/${program}" ]]; then
      echo "quickstart.sh: ${build}/${program} is not there; without --build the programs are built" >&2
      exit 1
    fi
  done
fi

# Debian's own Python is the one that has gRPC.
status=0
PYTHONDONTWRITEBYTECODE=1 \
  PYTHONPATH="${build}/tests/clients/python/stubs:${ROOT}/tests/clients/python:${ROOT}/tests/support/python" \
  /usr/bin/python3 "${ROOT}/deploy/quickstart/run.py" --build "${build}" "${keep[@]}" || status=$?
echo "quickstart: $((SECONDS - started)) s"
exit "${status}"
