#!/bin/bash
# Installs, builds and runs every ring of tests (architecture.md 5).
#
# Usage: tests/run.sh [--quick | --sanitizers] [--stage NAME]... [--list]
#   --quick        only the release build and its tests
#   --sanitizers   also R0 to R2 with ASan and UBSan
#   --stage NAME   only this stage; the ones it builds on must have run before
#   --list         names the stages
#
# The last line is `N passed, N failed, N skipped`, summed over all stages. Exit status 0 only if
# nothing failed. LOADSTAR_JOBS (default: the processors, at most 2 for each 3 GiB of
# memory) is how many compilers and tests run at once; LOADSTAR_TIDY_SECONDS limits clang-tidy. Logs are in build/logs.
#
# A CI run may take 45 minutes (LOADSTAR_CI_SECONDS). From nothing, on two processors, the builds with sanitizers,
# which come last, do not fit into it. What the time was too short for is named with `!!!` and counted as skipped;
# the next run goes on where this one stopped, and LOADSTAR_CI_SECONDS=0 sets no limit.
set -uo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly ROOT
readonly LOGS="${ROOT}/build/logs"
cd "${ROOT}" || exit 1

readonly STAGES=(packages release-build release-tests tidy tsan-build tsan-tests asan-build asan-tests)
readonly QUICK=(packages release-build release-tests)
# Without --sanitizers: from nothing, on two processors, three builds take longer than a CI run may.
readonly DEFAULT=(packages release-build release-tests tidy tsan-build tsan-tests)
readonly CI_SECONDS="${LOADSTAR_CI_SECONDS:-2700}"

# A translation unit with Beast and coroutines takes 0.7 GB (style-anchors.md 2.11); 1.5 GiB is safe.
default_jobs() {
  local by_memory
  by_memory=$(awk '/^MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
  local jobs
  jobs=$(nproc)
  ((by_memory < jobs)) && jobs=${by_memory}
  ((jobs < 1)) && jobs=1
  echo "${jobs}"
}
export LOADSTAR_JOBS="${LOADSTAR_JOBS:-$(default_jobs)}"

passed=0
failed=0
skipped=0

add() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# Runs a command with its output in build/logs/NAME.log; shows the end of that if it fails.
logged() {
  local log="${LOGS}/$1.log"
  shift
  "$@" >"${log}" 2>&1 </dev/null && return 0
  echo "--- failed: $*"
  grep -E -m 20 -B 1 -A 8 '(error|Error|FAILED)\b' "${log}" || true
  echo "--- end of ${log}:"
  tail -n 25 "${log}"
  return 1
}

configure() {
  local launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  logged "$1-configure" cmake --preset "$1" "${launcher[@]}" "${@:2}"
}

# Builds the named targets of a preset, all without one.
build() {
  local targets=()
  (($# > 1)) && targets=(--target "${@:2}")
  logged "$1-build" timeout "${build_limit:-86400}" cmake --build "build/$1" -j "${LOADSTAR_JOBS}" "${targets[@]}"
}

# Seconds that are left of the run; a day if it has no limit.
seconds_left() {
  if ((CI_SECONDS == 0)); then echo 86400; else echo $((CI_SECONDS - SECONDS)); fi
}

# build_in_time PRESET [TARGET]...: builds, but not past the limit. The stages that use it and its tests are
# skipped then, aloud: a run that was killed for its length would tell nothing at all.
build_in_time() {
  # The tests that follow need this long.
  local left=$(($(seconds_left) - 400))
  local status=1
  ((left > 0)) && {
    build_limit=${left} build "$@"
    status=$?
  }
  ((status == 0)) && return 0
  (($(seconds_left) > 400)) && return 1
  echo "!!! $1: NOT RUN TO ITS END, the limit of ${CI_SECONDS} s came first; run it again, it goes on from here"
  add 0 0 1
  late+=("$1-tests")
}

# ctests PRESET RINGS [ctest argument]...: runs a selection; RINGS must each have a test in it.
ctests() {
  local preset="$1" rings="$2"
  shift 2
  local junit="${LOGS}/${preset}-ctest.xml" listing="${LOGS}/${preset}-ctest.json"
  rm -f "${junit}"
  if ! ctest --test-dir "build/${preset}" "$@" --show-only=json-v1 >"${listing}"; then
    echo "--- failed: ctest cannot list the tests of ${preset}"
    return 1
  fi
  ctest --test-dir "build/${preset}" "$@" -j "${LOADSTAR_JOBS}" --output-on-failure --no-tests=error \
    --test-output-size-passed 1024 --test-output-size-failed 20000 --output-junit "${junit}" \
    >"${LOGS}/${preset}-ctest.log" 2>&1 </dev/null
  local counts
  if ! counts=$(python3 tests/runner/ctest_summary.py "${junit}" "${listing}" --rings "${rings}"); then
    tail -n 25 "${LOGS}/${preset}-ctest.log"
    return 1
  fi
  # shellcheck disable=SC2086
  add ${counts}
}

# The test programs of core/: what ThreadSanitizer can read (no gRPC in them).
core_tests() {
  ninja -C build/tsan -t targets all 2>/dev/null | sed -n 's/^\(core_[a-z0-9_]*_tests\): phony$/\1/p' | sort -u
}

stage_packages() { logged packages deploy/install-packages.sh; }
stage_release_build() { configure release && build release; }
# Names the tests of a preset that only tests/soak.sh runs: what is left out is said.
left_to_soak() {
  ctest --test-dir "build/$1" -N -L '^soak$' | sed -n 's/^ *Test *#[0-9]*: //p' | while read -r name; do
    echo "=== ${name}: NOT PART OF THIS RUN; tests/soak.sh --stage strangers runs it"
  done
}
stage_release_tests() {
  left_to_soak release
  ctests release R0,R1,R2,R3,R4,repository,deploy -LE '^soak$'
}
stage_asan_build() { configure asan && build_in_time asan; }
# The simulation is ten times slower here: fewer seeds. Mutants prove the checker, not the memory.
stage_asan_tests() {
  LOADSTAR_SEEDS=100 ctests asan R0,R1,R2 -L '^(R0|R1|R2)$' -LE '^(repository|deploy)$' -E 'MutantTest|MutantsTest'
}
stage_tsan_build() {
  configure tsan || return 1
  local targets
  mapfile -t targets < <(core_tests)
  if ((${#targets[@]} == 0)); then
    echo "--- failed: no target is named core_*_tests"
    return 1
  fi
  build_in_time tsan "${targets[@]}"
}
stage_tsan_tests() { ctests tsan "" -R '^core_'; }
stage_tidy() {
  local counts
  counts=$(python3 tests/runner/tidy.py build/release)
  # shellcheck disable=SC2086
  [[ -n "${counts}" ]] && add ${counts}
}

# What a stage cannot do without.
needs() {
  case "$1" in
    release-tests | tidy) echo release-build ;;
    asan-tests) echo asan-build ;;
    tsan-tests) echo tsan-build ;;
  esac
}

wanted=("${DEFAULT[@]}")
chosen=()
while (($# > 0)); do
  case "$1" in
    --quick) wanted=("${QUICK[@]}") ;;
    --sanitizers) wanted=("${STAGES[@]}") ;;
    --stage)
      shift
      if [[ " ${STAGES[*]} " != *" ${1:-} "* ]]; then
        echo "tests/run.sh: no stage '${1:-}'; there are: ${STAGES[*]}" >&2
        exit 64
      fi
      chosen+=("$1")
      ;;
    --list)
      printf '%s\n' "${STAGES[@]}"
      exit 0
      ;;
    *)
      echo "tests/run.sh: unknown argument '$1'; see the first lines of the script" >&2
      exit 64
      ;;
  esac
  shift
done
((${#chosen[@]} > 0)) && wanted=("${chosen[@]}")

mkdir -p "${LOGS}"
# GoogleTest programs of one build share a directory, and bytecode has no place in the sources.
export PYTHONDONTWRITEBYTECODE=1
# Another clone of the same sources finds what this one has compiled.
export CCACHE_BASEDIR="${ROOT}" CCACHE_NOHASHDIR=1
broken=()
late=()
started=${SECONDS}
for stage in "${wanted[@]}"; do
  need="$(needs "${stage}")"
  if [[ -n "${need}" && " ${broken[*]-} " == *" ${need} "* ]]; then
    echo "=== ${stage}: did not run, because ${need} failed"
    broken+=("${stage}")
    failed=$((failed + 1))
    continue
  fi
  if [[ " ${late[*]-} " == *" ${stage} "* ]]; then
    echo "!!! ${stage}: DID NOT RUN, its build did not end in time"
    skipped=$((skipped + 1))
    continue
  fi
  echo "=== ${stage}"
  stage_started=${SECONDS}
  before=${failed}
  if ! "stage_${stage//-/_}"; then
    broken+=("${stage}")
    ((failed == before)) && failed=$((failed + 1))
  fi
  verdict=ok
  ((failed > before)) && verdict=FAILED
  echo "=== ${stage}: ${verdict}, $((SECONDS - stage_started)) s"
done

for stage in "${STAGES[@]}"; do
  [[ " ${wanted[*]} " == *" ${stage} "* ]] || echo "=== ${stage}: NOT PART OF THIS RUN"
done
echo "=== all: $((SECONDS - started)) s with ${LOADSTAR_JOBS} jobs; logs in build/logs"
((${#broken[@]} > 0)) && echo "=== stages that failed or did not run: ${broken[*]}"
echo "${passed} passed, ${failed} failed, ${skipped} skipped"
((failed == 0))
