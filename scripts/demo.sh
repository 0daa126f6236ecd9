#!/usr/bin/env bash
# The demonstration: draws a sample, mattes it with a trimap and again with a captured background, and shows both.
# usage: scripts/demo.sh        (after `make tool`; `make demo` does both)
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/cmake --build build --target hairline_demo >build/demo.log 2>&1 || { cat build/demo.log >&2; exit 1; }
hairline=build/hairline
out=out
sample=$out/sample
mkdir -p "$out"
if [ ! -e "$sample/seaside.png" ] || [ build/demo/render_sample -nt "$sample/seaside.png" ]; then
  echo "drawing the sample ($sample)"
  build/demo/render_sample "$sample"
fi

echo "matting with the trimap (closed form)"
$hairline matte "$sample/image.png" $out/alpha.png --trimap "$sample/trimap.png" \
  --foreground $out/foreground.png --over "$sample/seaside.png" --composite $out/composite.png
echo "matting with the captured background (the network in build/hairline)"
$hairline matte "$sample/image.png" $out/plate_alpha.png --background "$sample/plate.png" \
  --foreground $out/plate_foreground.png --over "$sample/seaside.png" --composite $out/plate_composite.png
build/demo/sheet $out/sheet.png 4 \
  "picture=$sample/image.png" "trimap=$sample/trimap.png" "alpha by trimap=$out/alpha.png" "composite=$out/composite.png" \
  "true alpha=$sample/alpha.png" "captured background=$sample/plate.png" "alpha by background=$out/plate_alpha.png" \
  "composite=$out/plate_composite.png"

echo
echo "against the true alpha (SAD in thousands, over the trimap's unknown region and the whole picture):"
$hairline eval $out/alpha.png "$sample/alpha.png" --trimap "$sample/trimap.png" 2>/dev/null
$hairline eval $out/plate_alpha.png "$sample/alpha.png" --trimap "$sample/trimap.png" 2>/dev/null
echo
echo "look at  $out/sheet.png (everything side by side)"
echo "         $out/alpha.png, $out/foreground.png, $out/composite.png (from the trimap)"
echo "         $out/plate_alpha.png, $out/plate_foreground.png, $out/plate_composite.png (from the captured background)"
echo "the command is $hairline; try: $hairline --help"
echo "done in $SECONDS s"
