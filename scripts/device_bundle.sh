#!/usr/bin/env bash
# Packs what a bare x86-64 Linux machine needs to check and time the compiled kernels: the command with its libraries,
# made-up weights, pictures and one script. Nothing is installed there and nothing of that machine is used.
# usage: scripts/device_bundle.sh [NET...]      default: bgmv2-mobilenetv2; leaves out/device-bundle.tar.gz
set -euo pipefail
cd "$(dirname "$0")/.."
nets=("$@")
[ ${#nets[@]} -gt 0 ] || nets=(bgmv2-mobilenetv2)
hairline=build/hairline
bundle=build/device-bundle
.venv/bin/cmake --build build --target hairline_demo >build/demo.log 2>&1 || { cat build/demo.log >&2; exit 1; }
rm -rf "$bundle"
mkdir -p "$bundle"/{bin,lib,weights,pictures} out
cp "$hairline" "$bundle/bin/"
strip "$bundle/bin/hairline"
ldd "$hairline" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }' |
  xargs -I{} cp -L {} "$bundle/lib/"
# What the C library opens by itself when threads end.
cp -L /lib/x86_64-linux-gnu/libpthread.so.0 /lib/x86_64-linux-gnu/libdl.so.2 "$bundle/lib/" 2>/dev/null || true
build/demo/render_sample build/demo/sample
cp build/demo/sample/image.png "$bundle/pictures/src.png"
cp build/demo/sample/plate.png "$bundle/pictures/background.png"
build/demo/render_sample build/demo/small_sample 97
cp build/demo/small_sample/image.png "$bundle/pictures/small_src.png"
cp build/demo/small_sample/plate.png "$bundle/pictures/small_background.png"
for net in "${nets[@]}"; do
  # f16 halves what is carried; both engines read the same numbers.
  "$hairline" weights seed "$net" "$bundle/weights/$net.safetensors" --type f16 --quiet
done
cp bench/device/run.sh "$bundle/"
tar -C build -czf out/device-bundle.tar.gz device-bundle
echo "out/device-bundle.tar.gz: $(du -h out/device-bundle.tar.gz | cut -f1); there: tar xzf device-bundle.tar.gz && device-bundle/run.sh"
