#!/usr/bin/env bash
# The objects of a bfloat16 library: those for AVX512-BF16 multiply with that instruction, and hold none that only AMD's
# processors, or only those with AMX or AVX512-FP16, execute. Those for AMX multiply by tiles, every one that has a
# schedule record, and hold none that Sapphire Rapids lacks.
# usage: bf16_instructions.sh OBJDUMP ARCHIVE RECORDS
set -euo pipefail
records=$(grep -o '"kernel": "[^"]*"' "$3" | cut -d'"' -f4)
# kernel, level, instruction, how often
counts=$("$1" -d --no-show-raw-insn "$2" | awk -F'\t' '
  /^[0-9a-f]+ <.*>:$/ {
    name = $0; sub(/^[0-9a-f]+ </, "", name); sub(/>:$/, "", name)
    level = name ~ /__avx512_amx/ ? "amx" : "other"
    sub(/^hairline_/, "", name); sub(/__avx512_(amx|bf16).*$/, "", name)
  }
  NF > 1 {split($2, w, " "); n[name " " level " " w[1]]++}
  END {for (k in n) print k, n[k]}')
fail() {
  echo "$archive: $1" >&2
  exit 1
}
archive=$2
products=$(awk '$2 == "other" && $3 == "vdpbf16ps" {s += $4} END {print s + 0}' <<<"$counts")
[ "$products" -ge 100 ] || fail "$products vdpbf16ps, wanted at least 100"
amd='extrq|insertq|movntss|movntsd|clzero|monitorx|mwaitx|vp2intersect[dq]|vpermil2p[sd]|vfmaddp[sd]4'
tiles='tdpb[a-z0-9]*|tileload[a-z0-9]*|tilestored|tilezero|tilerelease|ldtilecfg|sttilecfg'
if awk '{print $3}' <<<"$counts" | sort -u | grep -xE "$amd"; then
  fail "instructions of AMD's processors alone"
fi
if awk '$2 == "other" {print $3}' <<<"$counts" | sort -u | grep -xE "vp4dpwssd|vmovw|vmovsh|v(add|sub|mul|div|min|max|sqrt|fn?m(add|sub)[0-9]+)[ps]h|$tiles"; then
  fail "instructions that not every processor with AVX512-BF16 has"
fi
tiled=0
for kernel in $records; do
  present=$(awk -v k="$kernel" '$1 == k {s = 1} END {print s + 0}' <<<"$counts")
  [ "$present" = 1 ] || continue
  awk -v k="$kernel" '$1 == k && $2 == "amx" && $3 == "tdpbf16ps" {s += $4} END {exit !(s > 0)}' <<<"$counts" ||
    fail "$kernel has a record for tiles but no tdpbf16ps"
  tiled=$((tiled + 1))
done
[ "$tiled" -ge 10 ] || fail "$tiled kernels with tiles, wanted at least 10"
# Sums stay in tile registers: none is stored but where it is done, once for each that was zeroed.
if awk '$2 == "amx" && $3 == "tilezero" {z[$1] += $4} $2 == "amx" && $3 == "tilestored" {z[$1] -= $4}
        END {for (k in z) if (z[k] != 0) {print k; bad = 1}; exit !bad}' <<<"$counts"; then
  fail "tiles are spilled"
fi
echo "$products vdpbf16ps, $tiled kernels by tiles"
