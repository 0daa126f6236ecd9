"""Writes tests/golden/io: tiny pictures of every kind that hairline reads, and expected.txt with their values.

PNG, EXR and the odd BMP and TGA files are assembled here byte by byte, so that no library that hairline reads with has
a hand in them; the JPEGs and the usual BMP and TGA files come from Pillow, which also decodes what it can as a check.

usage: .venv/bin/python python/golden/io.py

expected.txt, one line a file: name width height channels alpha depth scale tolerance values...
  alpha is none, straight or associated; a value divided by scale is the pixel (row by row, channels side by side).
"""
import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "io"
rng = np.random.default_rng(20240229)
lines = []


def expect(name, data, pixels, alpha="none", depth=8, scale=255, tolerance=0):
    """Writes one file and its line; pixels: (H, W, C)."""
    (OUT / name).write_bytes(data)
    h, w, c = pixels.shape
    values = " ".join(repr(v) for v in pixels.reshape(-1).tolist())
    lines.append(f"{name} {w} {h} {c} {alpha} {depth} {scale} {tolerance} {values}")


# --- PNG -------------------------------------------------------------------------------------------------------------
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def scanlines(samples, depth):
    """Filter 0, 1 and 2 in turn, samples: (H, W, C) integers."""
    h, w, c = samples.shape
    bpp = max(1, c * depth // 8)
    out, previous = b"", None
    for y in range(h):
        row = samples[y].reshape(-1)
        if depth == 16:
            raw = row.astype(">u2").tobytes()
        elif depth == 8:
            raw = row.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            raw = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        previous = previous or bytes(len(raw))
        kind = y % 3
        if kind == 0:
            coded = raw
        elif kind == 1:
            coded = bytes((raw[i] - (raw[i - bpp] if i >= bpp else 0)) & 255 for i in range(len(raw)))
        else:
            coded = bytes((raw[i] - previous[i]) & 255 for i in range(len(raw)))
        out += bytes([kind]) + coded
        previous = raw
    return out


def png(samples, colour_type, depth, extra=b"", interlaced=False):
    h, w, _ = samples.shape
    if interlaced:
        passes = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
        raw = b""
        for y0, dy, x0, dx in passes:
            part = samples[y0::dy, x0::dx]
            if part.size:
                raw += scanlines(part, depth)
    else:
        raw = scanlines(samples, depth)
    header = struct.pack(">IIBBBBB", w, h, depth, colour_type, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw, 9)) +
            chunk(b"IEND", b""))


def noise(h, w, c, depth):
    return rng.integers(0, 2**depth, (h, w, c))


def make_png():
    for depth in (1, 2, 4, 8, 16):
        s = noise(3, 5, 1, depth)
        top = 65535 if depth == 16 else 255
        expect(f"grey{depth}.png", png(s, 0, depth), s * (top // (2**depth - 1)), depth=depth, scale=top)
    for depth in (8, 16):
        top = 2**depth - 1
        for kind, colour, channels, alpha in ((4, "grey_alpha", 2, "straight"), (2, "rgb", 3, "none"),
                                              (6, "rgba", 4, "straight")):
            s = noise(3, 5, channels, depth)
            expect(f"{colour}{depth}.png", png(s, kind, depth), s, alpha, depth, top)
            s = noise(9, 11, channels, depth)
            expect(f"{colour}{depth}_interlaced.png", png(s, kind, depth, interlaced=True), s, alpha, depth, top)
        s = noise(3, 4, 3, depth)  # one colour is transparent
        key = s[1, 2]
        a = np.where((s == key).all(-1), 0, top)[..., None]
        expect(f"rgb{depth}_key.png", png(s, 2, depth, chunk(b"tRNS", struct.pack(">3H", *key))),
               np.concatenate([s, a], -1), "straight", depth, top)
        s = noise(3, 4, 1, depth)
        key = s[2, 1]
        a = np.where(s == key, 0, top)
        expect(f"grey{depth}_key.png", png(s, 0, depth, chunk(b"tRNS", struct.pack(">H", key[0]))),
               np.concatenate([s, a], -1), "straight", depth, top)
    for depth in (1, 2, 4, 8):
        count = min(2**depth, 200)
        palette = rng.integers(0, 256, (count, 3))
        s = rng.integers(0, count, (3, 7, 1))
        plte = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
        expect(f"palette{depth}.png", png(s, 3, depth, plte), palette[s[..., 0]], depth=depth)
        transparency = rng.integers(0, 256, (count + 1) // 2)
        a = np.concatenate([transparency, np.full(count, 255)])[s]
        expect(f"palette{depth}_alpha.png",
               png(s, 3, depth, plte + chunk(b"tRNS", transparency.astype(np.uint8).tobytes()), interlaced=depth == 4),
               np.concatenate([palette[s[..., 0]], a], -1), "straight", depth)
    s = noise(1, 1, 1, 16)
    expect("one_pixel.png", png(s, 0, 16), s, depth=16, scale=65535)
    s = noise(2, 2, 1, 8)  # metadata that must not change the values
    extra = (chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"sBIT", b"\x04") + chunk(b"tEXt", b"Title\0x") +
             chunk(b"zTXt", b"Long\0\0" + zlib.compress(bytes(100000))) + chunk(b"teSt", b"private"))
    expect("metadata.png", png(s, 0, 8, extra), s)
    s = np.arange(65536).reshape(256, 256, 1)[::16, ::16]  # every 16th row and column of all values
    expect("grey16_ramp.png", png(s, 0, 16), s, depth=16, scale=65535)


# --- JPEG, BMP, TGA --------------------------------------------------------------------------------------------------
def saved(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels_of(picture):
    a = np.asarray(picture)
    return a.reshape(a.shape[0], a.shape[1], -1).astype(int)


def smooth(h, w):
    y, x = np.mgrid[:h, :w]
    return np.stack([128 + 100 * np.sin(x / 5), 128 + 90 * np.cos(y / 4), 255 * (x + y) / (h + w - 2)],
                    -1).round().astype(np.uint8)


def make_jpeg():
    # Two decoders differ in the last bits of the cosine transform and of the colour matrix; where chroma is
    # subsampled, also in how they interpolate it.
    rgb = Image.fromarray(smooth(19, 21))
    for name, picture, options, tolerance in (
            ("rgb444.jpg", rgb, dict(quality=92, subsampling=0), 3),
            ("rgb420.jpg", rgb, dict(quality=92, subsampling=2), 12),
            ("rgb422.jpg", rgb, dict(quality=92, subsampling=1), 12),
            ("progressive.jpg", rgb, dict(quality=85, subsampling=0, progressive=True), 3),
            ("restart.jpg", rgb, dict(quality=92, subsampling=0, restart_marker_rows=1), 3),
            ("grey.jpg", rgb.convert("L"), dict(quality=92), 2),
            ("one_pixel.jpg", rgb.crop((3, 3, 4, 4)), dict(quality=92, subsampling=0), 3)):
        data = saved(picture, "JPEG", **options)
        expect(name, data, pixels_of(Image.open(io.BytesIO(data))), tolerance=tolerance)


def bmp(w, h, bits, compression, masks, body, height_sign=1):
    offset = 54 + len(masks)
    return (b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) +
            struct.pack("<IiiHHIIiiII", 40, w, height_sign * h, 1, bits, compression, len(body), 0, 0, 0, 0) + masks +
            body)


def make_bmp():
    rgb = Image.fromarray(noise(3, 5, 3, 8).astype(np.uint8))
    for name, picture in (("rgb.bmp", rgb), ("palette8.bmp", rgb.convert("P", palette=Image.Palette.ADAPTIVE)),
                          ("grey.bmp", rgb.convert("L")), ("bits1.bmp", rgb.convert("1"))):
        data = saved(picture, "BMP")
        expect(name, data, pixels_of(Image.open(io.BytesIO(data)).convert("RGB")))
    rgba = noise(3, 5, 4, 8)
    body = rgba[::-1, :, [2, 1, 0, 3]].astype(np.uint8).tobytes()
    expect("rgba.bmp", bmp(5, 3, 32, 0, b"", body), rgba, "straight")
    body = rgba[:, :, [2, 1, 0, 3]].astype(np.uint8).tobytes()
    expect("rgb32_top_down.bmp",
           bmp(5, 3, 32, 3, struct.pack("<3I", 0xFF0000, 0xFF00, 0xFF), body, -1), rgba[..., :3])
    # 5-6-5 bits; of them those that every way of widening takes to the same 8 bits
    six = np.stack([rng.choice([0, 1, 2, 3, 31], (2, 2)), rng.choice([0, 2, 4, 63], (2, 2)),
                    rng.choice([0, 1, 2, 3, 31], (2, 2))], -1)
    words = (six[..., 0] << 11 | six[..., 1] << 5 | six[..., 2]).astype("<u2")
    wide = six * 255 // np.array([31, 63, 31])
    expect("rgb565.bmp", bmp(2, 2, 16, 3, struct.pack("<3I", 0xF800, 0x7E0, 0x1F), words[::-1].tobytes()), wide)


def make_tga():
    rgb = Image.fromarray(np.repeat(noise(4, 3, 3, 8), [1, 3, 2], 1).astype(np.uint8))
    rgba = Image.fromarray(np.repeat(noise(4, 3, 4, 8), [2, 1, 3], 1).astype(np.uint8))
    for compression, suffix in ((None, ""), ("tga_rle", "_rle")):
        for name, picture, alpha in (("rgb", rgb, "none"), ("rgba", rgba, "straight"), ("grey", rgb.convert("L"), "none"),
                                     ("grey_alpha", rgba.convert("LA"), "straight")):
            data = saved(picture, "TGA", compression=compression)
            expect(f"{name}{suffix}.tga", data, pixels_of(picture), alpha)
        palette = rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
        data = saved(palette, "TGA", compression=compression)
        expect(f"palette{suffix}.tga", data, pixels_of(palette.convert("RGB")))
    data = saved(rgb, "TGA", orientation=1)
    expect("rgb_top_down.tga", data, pixels_of(rgb))
    five = noise(2, 3, 3, 5)
    words = (five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]).astype("<u2")
    expect("rgb15.tga", struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 3, 2, 16, 0x20) + words.tobytes(),
           five * 255 // 31)


# --- EXR -------------------------------------------------------------------------------------------------------------
def zip_block(raw):
    a = np.frombuffer(raw, np.uint8)
    a = np.concatenate([a[0::2], a[1::2]])
    a = np.concatenate([a[:1], (a[1:].astype(int) - a[:-1] + 128) & 255]).astype(np.uint8)
    packed = zlib.compress(a.tobytes(), 9)
    return packed if len(packed) < len(raw) else raw


def exr(planes, compression=0, tile=None, origin=(0, 0), display=None, order=0, extra=b"", mip=False):
    """planes: name -> (H, W) float16 or float32; compression 0 none, 2 one line, 3 sixteen lines."""
    names = sorted(planes)
    h, w = planes[names[0]].shape
    x0, y0 = origin
    data = (x0, y0, x0 + w - 1, y0 + h - 1)

    def attribute(name, kind, value):
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value

    channels = b"".join(n.encode() + b"\0" + struct.pack("<iB3xii", 1 if planes[n].dtype == np.float16 else 2, 0, 1, 1)
                        for n in names) + b"\0"
    header = (struct.pack("<II", 20000630, 2 | (0x200 if tile else 0)) + attribute("channels", "chlist", channels) +
              attribute("compression", "compression", bytes([compression])) +
              attribute("dataWindow", "box2i", struct.pack("<4i", *data)) +
              attribute("displayWindow", "box2i", struct.pack("<4i", *(display or data))) + extra +
              attribute("lineOrder", "lineOrder", bytes([order])) +
              attribute("pixelAspectRatio", "float", struct.pack("<f", 1)) +
              attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)) +
              attribute("screenWindowWidth", "float", struct.pack("<f", 1)))
    if tile:
        header += attribute("tiles", "tiledesc", struct.pack("<IIB", tile[0], tile[1], 0))
    header += b"\0"

    def block(ys, xs):
        raw = b"".join(planes[n][y, xs].astype(planes[n].dtype.newbyteorder("<")).tobytes() for y in ys for n in names)
        return zip_block(raw) if compression else raw

    blocks = []
    if tile:
        for ty in range(0, h, tile[1]):
            for tx in range(0, w, tile[0]):
                body = block(range(ty, min(ty + tile[1], h)), slice(tx, min(tx + tile[0], w)))
                blocks.append(struct.pack("<5i", tx // tile[0], ty // tile[1], 0, 0, len(body)) + body)
    else:
        lines_each = {0: 1, 2: 1, 3: 16}[compression]
        for y in range(0, h, lines_each):
            body = block(range(y, min(y + lines_each, h)), slice(0, w))
            blocks.append(struct.pack("<2i", y0 + y, len(body)) + body)
    stored = list(range(len(blocks)))[::-1 if order == 1 else 1]
    at, offsets, tail = len(header) + 8 * len(blocks), [0] * len(blocks), b""
    for i in stored:
        offsets[i] = at + len(tail)
        tail += blocks[i]
    return header + struct.pack(f"<{len(blocks)}Q", *offsets) + tail


def make_exr():
    def planes(names, h, w, kind):
        return {n: rng.uniform(-0.5, 4, (h, w)).astype(kind) for n in names}

    def stack(p, names):
        return np.stack([p[n].astype(np.float64) for n in names], -1)

    for kind, depth, word in ((np.float16, 16, "half"), (np.float32, 32, "float")):
        for compression, how in ((0, "plain"), (2, "zips"), (3, "zip")):
            p = planes("RGBA", 5, 3, kind)
            expect(f"rgba_{word}_{how}.exr", exr(p, compression), stack(p, "RGBA"), "associated", depth, 1)
        p = planes("RGB", 18, 4, kind)
        expect(f"rgb_{word}_down.exr", exr(p, 3, order=1), stack(p, "RGB"), depth=depth, scale=1)
        p = planes("Y", 3, 5, kind)
        expect(f"grey_{word}.exr", exr(p, 2), stack(p, "Y"), depth=depth, scale=1)
    p = planes("RGBA", 7, 9, np.float16)
    expect("tiled.exr", exr(p, 3, tile=(4, 4)), stack(p, "RGBA"), "associated", 16, 1)
    p = planes("YA", 3, 3, np.float16)
    expect("grey_alpha.exr", exr(p), stack(p, "YA"), "associated", 16, 1)
    p = planes("A", 3, 3, np.float16)
    expect("matte_alone.exr", exr(p), stack(p, "A"), depth=16, scale=1)
    p = planes("RGB", 3, 3, np.float16)
    p["Z"] = rng.uniform(0, 1, (3, 3)).astype(np.float32)  # a depth channel beside the picture
    expect("rgb_and_depth.exr", exr(p, 2), stack(p, "RGB"), depth=16, scale=1)
    # A data window that reaches over the display window on the left and top and leaves room at the right and bottom.
    p = planes("RGB", 4, 5, np.float16)
    whole = np.zeros((6, 7, 3))
    whole[0:2, 0:3] = stack(p, "RGB")[2:4, 2:5]
    expect("windows.exr", exr(p, 2, origin=(8, -5), display=(10, -3, 16, 2)), whole, depth=16, scale=1)
    p = planes("Y", 2, 2, np.float16)
    expect("windows_apart.exr", exr(p, origin=(100, 100), display=(0, 0, 1, 1)), np.zeros((2, 2, 1)), depth=16, scale=1)
    p = {"Y": np.array([[np.nan, np.inf], [-np.inf, 65504]], np.float16)}
    expect("not_finite.exr", exr(p), stack(p, "Y"), depth=16, scale=1)


def check_with_pillow():
    """Pillow reads the hand-made files of up to 8 bits to the values that expected.txt gives."""
    checked = 0
    for line in lines:
        name, w, h, c, *rest = line.split()
        if not name.endswith((".png", ".bmp", ".tga")) or name.startswith(("palette4_alpha", "rgba.bmp")):
            continue
        w, h, c = int(w), int(h), int(c)
        depth, scale = int(rest[1]), int(rest[2])
        picture = Image.open(OUT / name)
        if depth == 16 and c != 1:
            continue  # Pillow keeps 8 bits of these
        if "transparency" in picture.info:
            picture = picture.convert("RGBA" if c == 4 else "LA")
        if picture.mode not in ("I;16", "I"):
            picture = picture.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[c])
        given = np.array([float(v) for v in rest[4:]]).reshape(h, w, c)
        if not np.array_equal(pixels_of(picture), given):
            raise SystemExit(f"Pillow reads other values from {name}")
        checked += 1
    print(f"{len(lines)} files, {checked} of them checked with Pillow, "
          f"{sum(f.stat().st_size for f in OUT.iterdir())} bytes")


OUT.mkdir(parents=True, exist_ok=True)
for f in OUT.iterdir():
    f.unlink()
make_png()
make_jpeg()
make_bmp()
make_tga()
make_exr()
(OUT / "expected.txt").write_text("\n".join(lines) + "\n")
check_with_pillow()
