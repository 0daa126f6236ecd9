#!/usr/bin/env bash
# What takes too long for every test run: endurance, fuzzing, then all tests under the sanitizers. Ends non-zero if anything failed.
# usage: scripts/test_long.sh [FUZZ_SECONDS]        600 s for each fuzz target unless told otherwise
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
failed=()

part() {  # part NAME COMMAND...
  local name=$1
  shift
  echo
  echo "==== $name ===="
  if "$@"; then
    echo "==== $name: passed ===="
  else
    echo "==== $name: FAILED ===="
    failed+=("$name")
  fi
}

under_sanitizer() {  # under_sanitizer PRESET: all but the tests that only compile, to which a sanitizer adds nothing
  .venv/bin/cmake --preset "$1" --log-level=WARNING &&
    .venv/bin/cmake --build "build-$1" --parallel "$jobs" &&
    .venv/bin/ctest --test-dir "build-$1" --output-on-failure --parallel "$jobs" \
      --exclude-regex '^(headers|compile_fail|consume):'
}

part "10,000 frames of changing sizes; networks in HD on a device" build/tests/test_kernels "[long]"
part "fuzzing, ${1:-600} s a target" scripts/fuzz.sh "${1:-600}"
part "all tests under AddressSanitizer and UndefinedBehaviorSanitizer" under_sanitizer asan
part "all tests under ThreadSanitizer" under_sanitizer tsan

echo
if [ ${#failed[@]} -gt 0 ]; then
  printf 'test-long: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "test-long: everything passed"
