#!/usr/bin/env bash
# Packs what a bare x86-64 Linux machine needs to check and time the compiled networks, on its processor and on its GPU: the
# command with its libraries, kernels for OpenCL and CUDA, pictures and one script, which makes weights up. Nothing is installed
# there; of that machine only the GPU's driver is used, and PyTorch to compare with if it has it.
# usage: scripts/device_bundle.sh [NET...]      default: both headline networks; leaves out/device-bundle.tar.gz
set -euo pipefail
cd "$(dirname "$0")/.."
nets=("$@")
[ ${#nets[@]} -gt 0 ] || nets=(bgmv2-mobilenetv2 bgmv2-resnet50)
hairline=build/hairline
bundle=build/device-bundle
.venv/bin/cmake --build build --target hairline_demo hairline_opencl hairline_cuda hairline_cuda_generic >build/demo.log 2>&1 ||
  { cat build/demo.log >&2; exit 1; }
rm -rf "$bundle"
mkdir -p "$bundle"/{bin,lib,generic,pictures,torch_model/rivals} out
cp "$hairline" "$bundle/bin/"
cp build/hairline_opencl.so build/hairline_cuda.so "$bundle/lib/"
cp build/generic/hairline_cuda.so "$bundle/generic/"
strip "$bundle/bin/hairline"
ldd "$hairline" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }' |
  xargs -I{} cp -L {} "$bundle/lib/"
# What the C library opens by itself when threads end, and what a driver may want: all of one C library.
for library in libpthread.so.0 libdl.so.2 librt.so.1 libm.so.6 libutil.so.1 libresolv.so.2; do
  cp -L "/lib/x86_64-linux-gnu/$library" "$bundle/lib/" 2>/dev/null || true
done
build/demo/render_sample build/demo/sample
cp build/demo/sample/image.png "$bundle/pictures/src.png"
cp build/demo/sample/plate.png "$bundle/pictures/background.png"
build/demo/render_sample build/demo/small_sample 97
cp build/demo/small_sample/image.png "$bundle/pictures/small_src.png"
cp build/demo/small_sample/plate.png "$bundle/pictures/small_background.png"
printf '%s\n' "${nets[@]}" >"$bundle/nets.txt"
cp bench/device/run.sh bench/device/torch_gpu.py "$bundle/"
cp bench/compare/rivals/{__init__,patches}.py "$bundle/torch_model/rivals/"
cp python/golden/background_matting_v2.py "$bundle/torch_model/"
tar -C build -czf out/device-bundle.tar.gz device-bundle
echo "out/device-bundle.tar.gz: $(du -h out/device-bundle.tar.gz | cut -f1); there: tar xzf device-bundle.tar.gz && device-bundle/run.sh"
