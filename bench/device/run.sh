#!/usr/bin/env bash
# Runs on the machine that the bundle was carried to: parity with the reference, then timings, as JSON and a table. First
# on its GPUs, each against PyTorch if the machine has it, then on its processor.
# usage: ./run.sh [RESULTS_FOLDER] [THREADS...]     default: results, and one, two and all threads; THREADS 0: GPUs alone
set -uo pipefail
cd "$(dirname "$0")"
results=${1:-results}
shift || true
threads=("$@")
[ ${#threads[@]} -gt 0 ] || mapfile -t threads < <(printf '%s\n' 1 2 "$(nproc)" | sort -nu)
[ "${threads[*]}" = 0 ] && threads=()
mkdir -p "$results"
# The bundle's own libraries, loader included: of this machine only the driver is used.
hairline() { lib/ld-linux-x86-64.so.2 --library-path "$PWD/lib:${LD_LIBRARY_PATH:-}:/usr/lib/x86_64-linux-gnu:/usr/lib64" bin/hairline "$@"; }
failed=0

{ grep -m1 'model name' /proc/cpuinfo; nproc; uname -r; } >"$results/machine.txt" 2>&1
hairline info --json="$results/info.json" >/dev/null || failed=1
command -v nvidia-smi >/dev/null &&
  nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.max.sm,power.limit --format=csv >"$results/gpu.txt" 2>&1
mapfile -t devices < <(grep -o '"\(cuda\|opencl\):[0-9]* [^"]*"' "$results/info.json" | tr -d '"')
printf '%s\n' "devices: cpu" "${devices[@]}"

# Both runs start from the same 8 bits; whole networks may differ by 5e-4 with Winograd's forms. EXR holds half floats, whose
# steps near 1 are 4.9e-4: a rounding that falls the other way shows as one such step.
# Half floats between layers (f16) round some sixty layers to 11 bits: 9e-4 is the largest of many thousands of such sums,
# 2e-3 what tests allow (4e-4 was seen on PoCL), and two steps of the EXRs come on top. Cells at the limit of the choice may
# be refined in one and not in the other, so f16 is compared with all cells refined, or none.
parity() {  # parity NET SRC BACKGROUND LABEL DEVICE [PRECISION REFINE_MODE]
  local name=$1_$4_${5//:/} precision=${6:-f32} mode=${7:-sampling} most=5e-4
  [ "$precision" = f16 ] && name=${name}_f16 most=3e-3
  hairline matte "$2" "$results/reference.exr" --background "$3" -m "$1" --weights "weights/$1.safetensors" \
    --refine-mode "$mode" --engine reference --quiet || { echo "parity $1 $4: reference failed"; failed=1; return; }
  hairline matte "$2" "$results/kernels.exr" --background "$3" -m "$1" --weights "weights/$1.safetensors" \
    --refine-mode "$mode" --engine kernels --device "$5" --precision "$precision" --quiet ||
    { echo "parity $1 $4 $5 $precision: kernels failed"; failed=1; return; }
  if hairline compare "$results/reference.exr" "$results/kernels.exr" --threshold $most \
    --json="$results/parity_$name.json" >"$results/compare.txt" 2>&1; then
    echo "parity $1 $4 $5 $precision: $(head -n 1 "$results/compare.txt")"
  else
    echo "parity $1 $4 $5 $precision: FAILED: $(cat "$results/compare.txt")"
    failed=1
  fi
  rm -f "$results/reference.exr" "$results/kernels.exr" "$results/compare.txt"
}

timed() {  # timed NET SIZE DEVICE THREADS LABEL [PRECISION]
  local scale=0.25 pixels=80000 frames=15 warmup=3 precision=${6:-f32}
  [ "${3%%:*}" = cuda ] && frames=50 warmup=10
  [ "${3%%:*}" = opencl ] && frames=5 warmup=1
  [ "$2" = 3840x2160 ] && scale=0.125 pixels=320000
  hairline bench "$1" --weights "weights/$1.safetensors" --src pictures/src.png --background pictures/background.png \
    --size "$2" --backbone-scale $scale --refine-sample-pixels $pixels --refine-prevent-oversampling 0 --device "$3" \
    --precision "$precision" --threads "$4" --frames $frames --warmup $warmup \
    --json="$results/bench_$1_$2_$5.json" >"$results/last.txt" || { echo "bench $1 $2 $3 $precision: FAILED"; failed=1; return; }
  echo "$precision: $(tail -n 1 "$results/last.txt")"
  if [ "${3%%:*}" = cuda ] && [ -z "${PLAIN:-}" ] && [ "$precision" = f16 ] && python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    CUDA_VISIBLE_DEVICES=${3##*:} python3 torch_gpu.py --net "$1" --weights "weights/$1.safetensors" --src pictures/src.png \
      --background pictures/background.png --size "$2" --scale $scale --pixels $pixels \
      --hairline "$results/bench_$1_$2_${5%_f16}.json" "$results/bench_$1_$2_$5.json" \
      --out "$results/torch_$1_$2_${5%_f16}.json" || failed=1
  fi
}

# Made-up weights, the same everywhere, so that nobody carries them; trained ones may lie there before.
mkdir -p weights
for net in $(<nets.txt); do
  [ -e "weights/$net.safetensors" ] ||
    hairline weights seed "$net" "weights/$net.safetensors" --type f16 --quiet || { failed=1; continue; }
  for device in "${devices[@]}"; do
    on=${device%% *}
    echo "== $net on $device =="
    parity "$net" pictures/small_src.png pictures/small_background.png small "$on"
    parity "$net" pictures/src.png pictures/background.png sample "$on"
    parity "$net" pictures/small_src.png pictures/small_background.png small "$on" f16 full
    parity "$net" pictures/src.png pictures/background.png sample "$on" f16 none
    # OpenCL beside CUDA is checked, not timed.
    [[ $on == opencl:* && "${devices[*]}" == *cuda:* ]] && continue
    for size in 1920x1080 3840x2160; do
      timed "$net" $size "$on" 0 "${on//:/}"
      timed "$net" $size "$on" 0 "${on//:/}_f16" f16  # and PyTorch beside both
    done
    # Schedules that OpenCL has too, beside those made for CUDA: right even where those should not be.
    [[ $on == cuda:* ]] || continue
    echo "-- schedules of OpenCL --"
    export HAIRLINE_DEVICE_KERNELS=$PWD/generic PLAIN=1
    parity "$net" pictures/small_src.png pictures/small_background.png small_generic "$on"
    parity "$net" pictures/small_src.png pictures/small_background.png small_generic "$on" f16 full
    timed "$net" 1920x1080 "$on" 0 "${on//:/}_generic"
    timed "$net" 1920x1080 "$on" 0 "${on//:/}_generic_f16" f16
    unset HAIRLINE_DEVICE_KERNELS PLAIN
  done
  [ ${#threads[@]} -gt 0 ] || continue
  parity "$net" pictures/small_src.png pictures/small_background.png small cpu
  parity "$net" pictures/src.png pictures/background.png sample cpu
  for t in "${threads[@]}"; do
    for size in 1920x1080 3840x2160; do timed "$net" $size cpu "$t" "${t}_threads"; done
  done
done
rm -f "$results/last.txt"
[ $failed = 0 ] && echo "everything ran; results in $results" || echo "something FAILED"
exit $failed
