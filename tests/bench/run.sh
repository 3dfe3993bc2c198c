#!/bin/bash
# Builds and runs the bench: one interleaved run of every contender, then a table and a plot.
#
# Usage: tests/bench/run.sh [--quick] [argument of bench.py]...
#   --quick   small loads; figures are rougher. (--megabytes 500 --rounds 5 takes four minutes on a quiet machine; the
#             default is 1000 MB.)
#
# Needs the packages of deploy/packages.txt, curl, and for the row of the Flink connector's SDK a JDK and
# Maven (Debian: default-jdk-headless maven); without them that row says "not measured".
# Results: build/bench/table.md, plot.svg, results.json. Exit status 1 if a figure misses "Solid" of
# architecture.md 6 or was not measured. LOADSTAR_JOBS limits the compilers, as in tests/run.sh.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
readonly ROOT
readonly BUILD="${ROOT}/build/release"
cd "${ROOT}"

export CCACHE_BASEDIR="${ROOT}" CCACHE_NOHASHDIR=1
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake --preset release -DLOADSTAR_BUILD_BENCH=ON "${launcher[@]}" >&2
cmake --build "${BUILD}" -j "${LOADSTAR_JOBS:-$(nproc)}" --target loadstar_benchmarks >&2

export PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="${ROOT}/tests/support/python:${ROOT}/tests/clients/python:${BUILD}/tests/clients/python/stubs"
# Debian's own Python has gRPC (tests/cmake/LoadstarScriptTests.cmake).
exec /usr/bin/python3 tests/bench/bench.py --build "${BUILD}" "$@"
