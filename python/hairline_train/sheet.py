"""Pictures of what a network finds, as PNG."""
import os
import struct
import zlib

import numpy as np
import torch
import torch.nn.functional as F


def write_png(path, picture):
    """(H, W, 3) bytes; whole or not at all."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = np.concatenate([np.zeros((len(picture), 1), np.uint8), picture.reshape(len(picture), -1)], 1)
    header = struct.pack(">IIBBBBB", picture.shape[1], picture.shape[0], 8, 2, 0, 0, 0)
    partial = f"{path}.part"
    with open(partial, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) +
                   chunk(b"IEND", b""))
    os.replace(partial, path)


def sheet(truth, found, rows=8):
    """A row a sample: picture, plate, true alpha, alpha, its coarse alpha if there is one, error, foreground on grey."""
    alpha = found["pha"]
    size = alpha.shape[-2:]
    error = found["err"] if "err" in found else found["err_sm"]
    columns = [truth["src"], truth["bgr"], truth["alpha"], alpha]
    if "pha_sm" in found:
        columns.append(found["pha_sm"])
    columns += [error, found["fgr"] * alpha + 0.5 * (1 - alpha)]
    columns = [F.interpolate(c[:rows].float().expand(-1, 3, -1, -1), size) for c in columns]
    whole = torch.stack(columns, 1)  # (row, column, 3, H, W)
    n, m, _, h, w = whole.shape
    return (whole.permute(0, 3, 1, 4, 2).reshape(n * h, m * w, 3).clamp(0, 1) * 255).round().byte().numpy()
