"""Tiny picture files, written and read with the standard library alone."""
import math
import struct
import zlib


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bytes(rows, depth=8, width=None):
    """rows[y][x] is a number (grey) or a tuple of 3 (RGB) or 4 (RGBA), already in 0..2^depth-1."""
    height = len(rows)
    width = len(rows[0]) if width is None else width
    first = rows[0][0] if height and rows[0] else 0
    channels = len(first) if isinstance(first, tuple) else 1
    colour = {1: 0, 3: 2, 4: 6}[channels]
    raw = b""
    for row in rows:
        raw += b"\0"
        for pixel in row:
            for value in pixel if channels > 1 else (pixel,):
                raw += struct.pack(">H" if depth == 16 else ">B", value)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(raw)) + _chunk(b"IEND", b"")


class Png:
    """What a PNG holds: width, height, depth, channels, and values [y][x][c]."""

    def __init__(self, data):
        assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
        at, packed = 8, b""
        while at < len(data):
            size, kind = struct.unpack(">I4s", data[at : at + 8])
            body = data[at + 8 : at + 8 + size]
            if kind == b"IHDR":
                self.width, self.height, self.depth, colour = struct.unpack(">IIBB", body[:10])
            elif kind == b"IDAT":
                packed += body
            at += 12 + size
        self.channels = {0: 1, 2: 3, 6: 4}[colour]
        self.values = self._decode(zlib.decompress(packed))

    def _decode(self, raw):
        step = self.channels * self.depth // 8
        stride = self.width * step
        above, rows = bytearray(stride), []
        for y in range(self.height):
            kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
            for i in range(stride):
                left = line[i - step] if i >= step else 0
                up = above[i]
                corner = above[i - step] if i >= step else 0
                if kind == 4:
                    guess = left + up - corner
                    a, b, c = abs(guess - left), abs(guess - up), abs(guess - corner)
                    add = left if a <= b and a <= c else up if b <= c else corner
                else:
                    add = (0, left, up, (left + up) // 2)[kind]
                line[i] = (line[i] + add) & 255
            above = line
            size = self.depth // 8
            numbers = [int.from_bytes(line[i : i + size], "big") for i in range(0, stride, size)]
            rows.append([numbers[x * self.channels : (x + 1) * self.channels] for x in range(self.width)])
        return rows


def exr_bytes(rows):
    """An uncompressed EXR of one float channel Y."""
    height, width = len(rows), len(rows[0])

    def attribute(name, kind, data):
        return name + b"\0" + kind + b"\0" + struct.pack("<i", len(data)) + data

    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = b"\x76\x2f\x31\x01" + struct.pack("<I", 2)
    header += attribute(b"channels", b"chlist", b"Y\0" + struct.pack("<iBBBBii", 2, 0, 0, 0, 0, 1, 1) + b"\0")
    header += attribute(b"compression", b"compression", b"\0")
    header += attribute(b"dataWindow", b"box2i", box) + attribute(b"displayWindow", b"box2i", box)
    header += attribute(b"lineOrder", b"lineOrder", b"\0")
    header += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1))
    header += attribute(b"screenWindowCenter", b"v2f", struct.pack("<2f", 0, 0))
    header += attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)) + b"\0"
    lines = [struct.pack("<ii", y, 4 * width) + struct.pack(f"<{width}f", *rows[y]) for y in range(height)]
    at, table = len(header) + 8 * height, b""
    for line in lines:
        table += struct.pack("<Q", at)
        at += len(line)
    return header + table + b"".join(lines)


def scene(width=40, height=32):
    """A disc with a soft edge before stripes: (picture, trimap, plate, alpha), rows of 8-bit values."""
    picture, trimap, plate, alpha = [], [], [], []
    for y in range(height):
        rows = ([], [], [], [])
        for x in range(width):
            distance = math.hypot(x - width / 2, y - height / 2)
            a = min(max((min(width, height) / 3 - distance) / 4 + 0.5, 0), 1)
            behind = (40 + 20 * (x // 4 % 2), 90 + 30 * (y // 5 % 2), 160)
            front = (220, 120 - y, 40 + x)
            rows[0].append(tuple(round(a * f + (1 - a) * b) for f, b in zip(front, behind)))
            rows[1].append(128 if 0.001 < a < 0.999 else 255 * round(a))
            rows[2].append(behind)
            rows[3].append(round(255 * a))
        for rows_of, row in zip((picture, trimap, plate, alpha), rows):
            rows_of.append(row)
    return picture, trimap, plate, alpha
