"""The C interface of the scenes as Python calls it: batch_test.py LIBRARY. Standard library alone."""
import ctypes
import sys
import unittest

LIBRARY = sys.argv.pop(1)


class Batch(unittest.TestCase):
    def setUp(self):
        self.library = ctypes.CDLL(LIBRARY)
        self.library.hairline_synth_error.restype = ctypes.c_char_p
        self.call = self.library.hairline_synth_batch
        floats = ctypes.POINTER(ctypes.c_float)
        self.call.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64] + [ctypes.c_int] * 4 + [floats] * 4

    def batch(self, count, first=0, height=12, width=20, threads=1, options=b"", seed=3):
        arrays = [(ctypes.c_float * (count * channels * height * width))() for channels in (3, 3, 1, 3)]
        code = self.call(options, seed, first, count, height, width, threads, *arrays)
        return code, [list(a) for a in arrays]

    def test_values_and_repetition(self):
        code, parts = self.batch(5)
        self.assertEqual(code, 0)
        for part in parts:
            self.assertTrue(all(0 <= v <= 1 for v in part))
            self.assertGreater(len(set(part)), 1)
        self.assertEqual(self.batch(5, threads=3)[1], parts)
        self.assertEqual(self.batch(5, options=b"{}")[1], parts)
        self.assertNotEqual(self.batch(5, seed=4)[1], parts)
        later = self.batch(2, first=3)[1]
        for part, tail in zip(parts, later):
            self.assertEqual(tail, part[len(part) * 3 // 5:])

    def test_planes_come_one_after_the_other(self):
        # Without perturbations and subject, picture and plate are one; grey values repeat in a planar way.
        code, (picture, plate, alpha, _) = self.batch(2, options=b'{"difficulty": 0, "empty": 1}')
        self.assertEqual(code, 0)
        self.assertEqual(picture, plate)
        self.assertEqual(set(alpha), {0.0})

    def test_parts_may_be_left_out(self):
        alpha = (ctypes.c_float * 240)()
        self.assertEqual(self.call(None, 3, 0, 1, 12, 20, 1, None, None, alpha, None), 0)
        self.assertEqual(list(alpha), self.batch(1)[1][2])

    def test_errors_have_a_text(self):
        for options, part in ((b"{", "no JSON"), (b'{"shift": 1}', "no 'shift', wanted one of"), (b'{"backgrounds": "/nowhere"}', "/nowhere")):
            self.assertEqual(self.batch(1, options=options)[0], 1)
            self.assertIn(part, self.library.hairline_synth_error().decode())
        self.assertEqual(self.batch(1, height=0)[0], 1)
        self.assertIn("at least 1x1", self.library.hairline_synth_error().decode())
        self.assertEqual(self.batch(1)[0], 0)


if __name__ == "__main__":
    unittest.main()
