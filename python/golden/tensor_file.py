"""Writes .safetensors: 8 bytes of header length, a JSON header, the raw tensors."""
import json
import struct

import numpy as np

NAMES = {np.dtype("float32"): "F32", np.dtype("float64"): "F64", np.dtype("float16"): "F16", np.dtype("int64"): "I64"}


def write(path, tensors, metadata):
    header, offset, parts = {"__metadata__": {k: str(v) for k, v in metadata.items()}}, 0, []
    for name, values in tensors.items():
        values = np.ascontiguousarray(values)
        parts.append(values.tobytes())
        header[name] = {"dtype": NAMES[values.dtype], "shape": list(values.shape), "data_offsets": [offset, offset + len(parts[-1])]}
        offset += len(parts[-1])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
