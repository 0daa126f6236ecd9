#!/usr/bin/env bash
# Runs on the machine that the bundle was carried to: parity with the reference, then timings, as JSON and a table.
# usage: ./run.sh [RESULTS_FOLDER] [THREADS...]     default: results, and one, two and all threads
set -uo pipefail
cd "$(dirname "$0")"
results=${1:-results}
shift || true
threads=("$@")
[ ${#threads[@]} -gt 0 ] || mapfile -t threads < <(printf '%s\n' 1 2 "$(nproc)" | sort -nu)
mkdir -p "$results"
# The bundle's own libraries, loader included: nothing of this machine is needed.
hairline() { lib/ld-linux-x86-64.so.2 --library-path "$PWD/lib" bin/hairline "$@"; }
failed=0

{ grep -m1 'model name' /proc/cpuinfo; nproc; uname -r; } >"$results/machine.txt" 2>&1
hairline info --json="$results/info.json" >/dev/null || failed=1

# Both runs start from the same 8 bits; whole networks may differ by 5e-4 with Winograd's forms. EXR holds half floats, whose
# steps near 1 are 4.9e-4: a rounding that falls the other way shows as one such step.
parity() {  # parity NET SRC BACKGROUND LABEL
  for engine in reference kernels; do
    hairline matte "$2" "$results/$engine.exr" --background "$3" -m "$1" --weights "weights/$1.safetensors" \
      --engine $engine --quiet || { echo "parity $1 $4: $engine failed"; failed=1; return; }
  done
  if hairline compare "$results/reference.exr" "$results/kernels.exr" --threshold 5e-4 \
    --json="$results/parity_$1_$4.json" >"$results/compare.txt" 2>&1; then
    echo "parity $1 $4: $(head -n 1 "$results/compare.txt")"
  else
    echo "parity $1 $4: FAILED: $(cat "$results/compare.txt")"
    failed=1
  fi
  rm -f "$results/reference.exr" "$results/kernels.exr" "$results/compare.txt"
}

for file in weights/*.safetensors; do
  net=$(basename "$file" .safetensors)
  parity "$net" pictures/small_src.png pictures/small_background.png small
  parity "$net" pictures/src.png pictures/background.png sample
  for t in "${threads[@]}"; do
    for size in 1920x1080 3840x2160; do
      scale=0.25 pixels=80000
      [ $size = 3840x2160 ] && scale=0.125 pixels=320000
      hairline bench "$net" --weights "$file" --src pictures/src.png --background pictures/background.png --size $size \
        --backbone-scale $scale --refine-sample-pixels $pixels --threads "$t" --frames 15 \
        --json="$results/bench_${net}_${size}_${t}_threads.json" | tail -n 1 || failed=1
    done
  done
done
[ $failed = 0 ] && echo "everything ran; results in $results" || echo "something FAILED"
exit $failed
