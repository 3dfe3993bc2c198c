#!/bin/bash
# What is too long for every change: run it before a release, or over night.
#
# Usage: tests/soak.sh [--stage NAME]... [--list]
#
#   ci        tests/run.sh --sanitizers without its limit of time; what follows uses its release build
#   strangers the Flink connector in a mini cluster against the emulator
#   headers   every header compiles on its own
#   clang     clang 14 with ASan and UBSan: all of core, config and server, rings R0 to R2
#   simulate  ring R1 with LOADSTAR_SEEDS seeds (default 200,000), built by clang with ASan
#   fuzz      each fuzz target for LOADSTAR_FUZZ_MINUTES (default 5), starting from its corpus
#   chaos     ring R3, LOADSTAR_CHAOS_ROUNDS times (default 20)
#   kills     exactly-once: LOADSTAR_KILLS SIGKILLs in one run (default 1000); rows compared
#   image     the container image, if an engine runs here; skipped loudly without one
#
# Bounded in count and time; everything listens on loopback. The last line is
# `N passed, N failed, N skipped`, one for each stage.
set -uo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly ROOT
cd "${ROOT}" || exit 1

readonly STAGES=(ci strangers headers clang simulate fuzz chaos kills image)
JOBS="${LOADSTAR_JOBS:-$(nproc)}"
export LOADSTAR_SEEDS="${LOADSTAR_SEEDS:-200000}"
readonly FUZZ_MINUTES="${LOADSTAR_FUZZ_MINUTES:-5}"
readonly CHAOS_ROUNDS="${LOADSTAR_CHAOS_ROUNDS:-20}"
# A stage returns this when it cannot run here.
readonly SKIPPED=77

configure() {
  local launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake --preset "$1" -B "$2" "${launcher[@]}" "${@:3}"
}

stage_ci() { LOADSTAR_CI_SECONDS=0 "${ROOT}/tests/run.sh" --sanitizers; }
stage_strangers() {
  ctest --test-dir build/release -L '^soak$' --output-on-failure --no-tests=error
}
stage_headers() {
  configure dev build/headers -DLOADSTAR_VERIFY_HEADERS=ON &&
    cmake --build build/headers -j "${JOBS}" --target all_verify_interface_header_sets
}

stage_clang() {
  configure clang-asan build/clang-asan &&
    cmake --build build/clang-asan -j "${JOBS}" &&
    ctest --test-dir build/clang-asan -L '^(R0|R1|R2)$' -LE '^repository$' -j "${JOBS}" \
      --output-on-failure --no-tests=error
}

stage_simulate() {
  configure clang-asan build/clang-asan &&
    cmake --build build/clang-asan -j "${JOBS}" &&
    ctest --test-dir build/clang-asan -L '^R1$' -j "${JOBS}" --timeout 86400 --output-on-failure \
      --no-tests=error
}

stage_fuzz() {
  configure clang-asan build/fuzz -DLOADSTAR_FUZZ=ON -DLOADSTAR_SANITIZE= ||
    return 1
  local targets target
  mapfile -t targets < <(ninja -C build/fuzz -t targets all | sed -n 's/^\([a-z0-9_]*_fuzz\): phony$/\1/p' | sort -u)
  ((${#targets[@]} > 0)) || {
    echo "no target is named *_fuzz"
    return 1
  }
  cmake --build build/fuzz -j "${JOBS}" --target "${targets[@]}" || return 1
  for target in "${targets[@]}"; do
    # New inputs go beside the build; what they teach is copied into tests/fuzz/corpus by hand.
    local found="build/fuzz/found/${target}"
    mkdir -p "${found}"
    echo "--- ${target}, ${FUZZ_MINUTES} minutes"
    "build/fuzz/tests/fuzz/${target}" -max_total_time="$((FUZZ_MINUTES * 60))" -timeout=20 -rss_limit_mb=2048 \
      -artifact_prefix="${found}/crash-" -print_final_stats=1 "${found}" "tests/fuzz/corpus/${target}" || return 1
  done
}

stage_chaos() {
  configure release build/release && cmake --build build/release -j "${JOBS}" || return 1
  local round
  for ((round = 1; round <= CHAOS_ROUNDS; ++round)); do
    echo "--- round ${round} of ${CHAOS_ROUNDS}, seed ${round}"
    LOADSTAR_SEED="${round}" ctest --test-dir build/release -L '^R3$' -j 1 --output-on-failure --no-tests=error ||
      return 1
  done
}

stage_kills() {
  configure release build/release && cmake --build build/release -j "${JOBS}" || return 1
  LOADSTAR_KILLS="${LOADSTAR_KILLS:-1000}" ctest --test-dir build/release -R '^process\.exactly_once$' --timeout 86400 \
    --verbose --no-tests=error
}

stage_image() {
  local engine found=""
  for engine in docker podman buildah; do
    if command -v "${engine}" >/dev/null && "${engine}" info >/dev/null 2>&1; then
      found="${engine}"
      break
    fi
  done
  if [[ -z "${found}" ]]; then
    echo "no container engine runs here (docker, podman, buildah)"
    return "${SKIPPED}"
  fi
  "${found}" build -t loadstar:soak . && "${found}" run --rm --read-only loadstar:soak version
}

wanted=()
while (($# > 0)); do
  case "$1" in
    --stage)
      shift
      if [[ " ${STAGES[*]} " != *" ${1:-} "* ]]; then
        echo "tests/soak.sh: no stage '${1:-}'; there are: ${STAGES[*]}" >&2
        exit 64
      fi
      wanted+=("$1")
      ;;
    --list)
      printf '%s\n' "${STAGES[@]}"
      exit 0
      ;;
    *)
      echo "tests/soak.sh: unknown argument '$1'; see the first lines of the script" >&2
      exit 64
      ;;
  esac
  shift
done
((${#wanted[@]} > 0)) || wanted=("${STAGES[@]}")

deploy/install-packages.sh || exit 1
passed=0
failed=0
skipped=0
for stage in "${wanted[@]}"; do
  echo "=== ${stage}"
  started=${SECONDS}
  "stage_${stage}"
  case $? in
    0) passed=$((passed + 1)) verdict=ok ;;
    "${SKIPPED}") skipped=$((skipped + 1)) verdict="SKIPPED" ;;
    *) failed=$((failed + 1)) verdict=FAILED ;;
  esac
  echo "=== ${stage}: ${verdict}, $((SECONDS - started)) s"
done
echo "${passed} passed, ${failed} failed, ${skipped} skipped"
((failed == 0))
