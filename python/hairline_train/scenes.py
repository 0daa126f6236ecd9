"""The C++ scenes (libhairline_synth.so) as arrays."""
import ctypes
import json

import numpy as np

FLOATS = np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")


class Scenes:
    """Scenes with exact alpha and foreground; scene i of a seed is always the same picture."""

    def __init__(self, library, options=None, seed=0, threads=1):
        self._library = ctypes.CDLL(str(library))
        self._library.hairline_synth_error.restype = ctypes.c_char_p
        self._library.hairline_synth_batch.argtypes = [
            ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64, *4 * [ctypes.c_int], *4 * [FLOATS]]
        self._options = json.dumps(options or {}).encode()
        self._seed, self._threads = seed, threads

    def batch(self, first, count, height, width):
        """(count, 10, height, width) float32 in [0,1]: picture, plate, foreground (RGB each), alpha."""
        picture, plate, foreground = (np.empty((count, 3, height, width), np.float32) for _ in range(3))
        alpha = np.empty((count, 1, height, width), np.float32)
        failed = self._library.hairline_synth_batch(self._options, self._seed, first, count, height, width,
                                                    self._threads, picture, plate, alpha, foreground)
        if failed:
            raise RuntimeError(f"scenes {first} to {first + count - 1}: {self._library.hairline_synth_error().decode()}")
        return np.concatenate([picture, plate, foreground, alpha], 1)
