#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a time. Inputs that crash are kept in tests/fuzz/regressions/<target>/, from
# where the ordinary tests replay them. New inputs that reach more code stay in build-fuzz/corpus/<target>/.
# usage: scripts/fuzz.sh SECONDS [TARGET...]      targets: png jpeg exr safetensors ... (all of tests/fuzz/*_fuzz.cpp if none)
set -euo pipefail
cd "$(dirname "$0")/.."
if ! [[ ${1:-} =~ ^[0-9]+$ ]]; then
  sed -n '4s/^# //p' "$0" >&2
  exit 2
fi
seconds=$1
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cpp; do
    name=${source##*/}
    targets+=("${name%_fuzz.cpp}")
  done
fi
for target in "${targets[@]}"; do
  if [ ! -f "tests/fuzz/${target}_fuzz.cpp" ]; then
    echo "fuzz: there is no target '$target' (no tests/fuzz/${target}_fuzz.cpp)" >&2
    exit 2
  fi
done

.venv/bin/cmake --preset fuzz --log-level=WARNING -Wno-unused-cli
.venv/bin/cmake --build build-fuzz --parallel "${JOBS:-2}" --target "${targets[@]/%/_fuzz}"

# Where a target's first inputs come from: the recorded files of its formats, and tests/fuzz/seeds/<target>.
seeds_of() {
  case $1 in
    png) ls tests/golden/io/*.png ;;
    jpeg) ls tests/golden/io/*.jpg ;;
    bmp_tga) ls tests/golden/io/*.bmp tests/golden/io/*.tga ;;
    exr) ls tests/golden/io/*.exr ;;
    safetensors) ls tests/golden/weights/*.safetensors ;;
    torch_zip) ls tests/golden/weights/*.pth tests/golden/weights/*.pt ;;
    onnx) ls tests/golden/weights/*.onnx ;;
  esac
  if [ -d "tests/fuzz/seeds/$1" ]; then ls -d "tests/fuzz/seeds/$1"/*; fi
}

# A checkpoint of PyTorch is never as small as a picture can be.
longest_of() {
  case $1 in
    torch_zip) echo 16384 ;;
    *) echo 4096 ;;
  esac
}

export ASAN_OPTIONS="${ASAN_OPTIONS:-allocator_may_return_null=1}"
failed=()
for target in "${targets[@]}"; do
  corpus=build-fuzz/corpus/$target
  regressions=tests/fuzz/regressions/$target
  log=build-fuzz/$target.log
  mkdir -p "$corpus" "$regressions"
  seeds_of "$target" | while read -r seed; do cp "$seed" "$corpus/seed_${seed##*/}"; done
  echo "== fuzz $target: $seconds s, $(find "$corpus" "$regressions" -type f | wc -l) inputs to begin with"
  if nice -n 10 "build-fuzz/tests/fuzz/${target}_fuzz" -max_total_time="$seconds" -max_len="$(longest_of "$target")" -timeout=25 \
    -rss_limit_mb=2048 -artifact_prefix="$regressions/" -print_final_stats=1 "$corpus" "$regressions" >"$log" 2>&1; then
    sed -n 's/^stat::number_of_executed_units: */   executions: /p; s/^Done.*/   &/p' "$log"
  else
    failed+=("$target")
    echo "   FOUND something; the input is in $regressions/, the log is $log, which ends:"
    grep -E 'ERROR|SUMMARY|runtime error|Test unit written' "$log" | head -10 | sed 's/^/   /' || true
  fi
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "fuzz: findings in ${failed[*]}" >&2
  exit 1
fi
echo "fuzz: nothing found"
