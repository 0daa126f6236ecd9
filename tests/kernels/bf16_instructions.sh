#!/usr/bin/env bash
# The objects of a bfloat16 library multiply with the machine's bfloat16 instruction, and hold none that only AMD's
# processors, or only those with AMX, execute. Each dense convolution has products of its own.
# usage: bf16_instructions.sh OBJDUMP ARCHIVE
set -euo pipefail
dump=$("$1" -d --no-show-raw-insn "$2" | awk -F'\t' 'NF > 1 {split($2, w, " "); print w[1]}' | sort | uniq -c)
products=$(awk '$2 == "vdpbf16ps" {print $1}' <<<"$dump")
if [ "${products:-0}" -lt 200 ]; then
  echo "$2: ${products:-0} vdpbf16ps, wanted at least 200" >&2
  exit 1
fi
if grep -wE 'extrq|insertq|movntss|movntsd|clzero|monitorx|mwaitx|vp4dpwssd|tdpbf16ps|tileloadd|vmovw|vfmadd[0-9]+ph' <<<"$dump"; then
  echo "$2: instructions that not every processor with AVX512-BF16 has" >&2
  exit 1
fi
echo "$products vdpbf16ps"
