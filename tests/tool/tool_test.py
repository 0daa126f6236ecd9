"""Runs the built command as people and scripts do: tool_test.py HAIRLINE [unittest arguments].
Standard library alone; every case works in a folder of its own."""
import array
import json
import math
import os
import pathlib
import pty
import random
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import unittest

import pictures
from pictures import Png, exr_bytes, png_bytes, scene

HAIRLINE = ""


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hairline test "))
        self.addCleanup(shutil.rmtree, self.folder)
        picture, trimap, plate, alpha = scene()
        for name, rows in (("picture", picture), ("trimap", trimap), ("plate", plate), ("alpha", alpha)):
            self.write(name + ".png", png_bytes(rows))
        self.rows = {"picture": picture, "trimap": trimap, "plate": plate, "alpha": alpha}

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def run_tool(self, *arguments, stdin=None):
        done = subprocess.run([HAIRLINE, *arguments], cwd=self.folder, input=stdin, capture_output=True, timeout=300)
        self.assertGreaterEqual(done.returncode, 0, f"died of signal {-done.returncode}: {arguments}")
        return done

    def ok(self, *arguments, stdin=None):
        done = self.run_tool(*arguments, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return done

    def png(self, name):
        return Png((self.folder / name).read_bytes())

    def assert_one_line(self, done, code, *parts):
        """One line on standard error, beginning with the command's name, holding all the parts."""
        text = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, code, text)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("hairline: "), text)
        for part in parts:
            self.assertIn(part, text)

    def assert_nothing_new(self, folder, before=()):
        self.assertEqual(sorted(os.listdir(folder)), sorted(before))


class WrongUse(Case):
    def test_command_line_mistakes_are_2(self):
        t, b = ("--trimap", "trimap.png"), ("--background", "plate.png")
        for arguments, part in (
            ((), "subcommand"),
            (("nonsense",), "nonsense"),
            (("matte",), "IMAGE"),
            (("matte", "picture.png", "o.png"), "given neither. --background is the same view without the subject"),
            (("matte", "picture.png", "o.png", *t, *b), "given both"),
            (("matte", "picture.png", "o.png", *t, "-m", "magic"), "unknown method 'magic', wanted one of cf, knn"),
            (("matte", "picture.png", "o.png", *t, "-m", "plate"), "needs --background"),
            (("matte", "picture.png", "o.png", *b, "-m", "cf"), "needs --trimap"),
            (("matte", "picture.png", "o.png", *t, "--depth", "12"), "--depth"),
            (("matte", "picture.png", "o.png", *t, "--radius", "0"), "--radius"),
            (("matte", "picture.png", "o.png", *t, "--tolerance", "tiny"), "--tolerance"),
            (("matte", "picture.png", "o.png", *t, "--precision", "f16"),
             "method cf has no --precision f16: networks on compiled kernels have"),
            (("matte", "picture.png", "o.png", *t, "--precision", "f8"), "--precision"),
            (("matte", "picture.png", "o.png", *t, "--preconditioner", "luck"), "--preconditioner"),
            (("matte", "picture.png", "o.png", *t, "--jobs", "0"), "--jobs"),
            (("matte", "picture.png", "o.png", *t, "--unheard-of"), "--unheard-of"),
            (("matte", "picture.png", "o.png", *t, "-m", "knn", "--epsilon", "1e-5"), "method knn has no --epsilon"),
            (("matte", "picture.png", "o.png", *t, "-m", "sm", "--tolerance", "0.1"), "does not iterate"),
            (("matte", "picture.png", "o.gif", *t), "wanted a name ending in .png or .exr"),
            (("matte", "-", "o.png", "--trimap", "-"), "once only"),
            (("matte", "picture.png", "-", *t, "--json"), "not both"),
            (("matte", "picture.png", "-", *t, "--over", "red"), "--over needs --composite"),
            (("trimap", "alpha.png", "o.png", "--fg", "10", "--bg", "20"), "--bg below --fg"),
            (("eval", "alpha.png", "alpha.png", "--as", "magic"), "composition1k"),
            (("eval", "alpha.png", "alpha.png", "--as", "mmagic"), "needs --trimap"),
            (("compare", "alpha.png", "alpha.png", "--threshold", "-1"), "--threshold"),
            (("foreground", "picture.png", "alpha.png", "o.png", "--method", "xx"), "--method"),
            (("weights",), "subcommand"),
            (("weights", "check", "alpha.png", "o.png"), "o.png"),
            (("weights", "convert", "alpha.png", "o.png"), "wanted a name ending in .safetensors"),
            (("weights", "convert", "alpha.png", "-", "--json"), "not both"),
            (("weights", "convert", "alpha.png", "o.safetensors", "--type", "f8"), "--type"),
        ):
            with self.subTest(arguments=arguments):
                self.assert_one_line(self.run_tool(*arguments), 2, part, "--help)")
                self.assertFalse((self.folder / "o.png").exists())

    def test_absent_device_is_3_and_nothing_falls_back(self):
        done = self.run_tool("matte", "picture.png", "o.png", "--trimap", "trimap.png", "--device", "cuda:0")
        self.assert_one_line(done, 3, "cuda:0", "cpu")
        self.assertFalse((self.folder / "o.png").exists())

    def test_precisions_go_with_devices(self):
        """Half floats are for devices, bfloat16 for processors; the line says what there is."""
        network = ("matte", "picture.png", "o.png", "-b", "plate.png", "-m", "slim", "-w", "none.safetensors")
        self.assert_one_line(self.run_tool(*network, "--precision", "f16"), 3,
                             "--precision f16 is for --device cuda and opencl; processors have f32, those with AVX512-BF16 bf16")
        for device in ("cuda:0", "opencl:0"):
            self.assert_one_line(self.run_tool(*network, "--precision", "bf16", "--device", device), 3,
                                 f"--precision bf16 is for processors with AVX512-BF16; --device {device} has f32 and f16")
        bench = ("bench", "slim", "--weights", "w", "--src", "picture.png", "--background", "plate.png", "--precision", "f16")
        self.assert_one_line(self.run_tool(*bench), 3, "--precision f16 is for --device cuda and opencl")
        self.assertFalse((self.folder / "o.png").exists())

    def test_help_and_version(self):
        self.assertIn(b"hairline ", self.ok("--version").stdout)
        self.assertIn(b"Exit codes", self.ok("--help").stdout)
        for verb in ("matte", "foreground", "composite", "trimap", "eval", "compare", "info", "weights"):
            self.assertIn(b"Examples:", self.ok(verb, "--help").stdout, verb)


class BadFiles(Case):
    def fails(self, *arguments, parts):
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        done = self.run_tool("matte", *arguments)
        self.assert_one_line(done, 1, *parts)
        self.assert_nothing_new(out)

    def test_trimaps_that_cannot_be_right(self):
        rows = self.rows["trimap"]
        self.write("small.png", png_bytes([row[:-1] for row in rows]))
        self.write("all_unknown.png", png_bytes([[128] * 40] * 32))
        self.write("no_foreground.png", png_bytes([[min(v, 128) for v in row] for row in rows]))
        self.write("no_background.png", png_bytes([[max(v, 128) for v in row] for row in rows]))
        for name, parts in (
            ("small.png", ("small.png: wanted 40x32", "given 39x32")),
            ("all_unknown.png", ("all_unknown.png", "foreground", "wanted at least one")),
            ("no_foreground.png", ("no_foreground.png", "no foreground")),
            ("no_background.png", ("no_background.png", "no background")),
            ("missing.png", ("missing.png", "no such file")),
        ):
            with self.subTest(name=name):
                self.fails("picture.png", "out/a.png", "--trimap", name, parts=parts)

    def test_plate_of_another_size(self):
        self.write("small.png", png_bytes([row[:-1] for row in self.rows["plate"]]))
        self.fails("picture.png", "out/a.png", "-b", "small.png", parts=("small.png: wanted 40x32", "given 39x32"))

    def test_damaged_pictures(self):
        whole = (self.folder / "picture.png").read_bytes()
        exr = exr_bytes([[0.5] * 40] * 32)
        nan = [[0.5] * 40 for _ in range(32)]
        nan[3][7] = math.nan
        jpeg = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + bytes(64)
        for name, data, parts in (
            ("cut.png", whole[: len(whole) // 2], ("cut.png",)),
            ("cut.exr", exr[: len(exr) // 2], ("cut.exr",)),
            ("cut.jpg", jpeg, ("cut.jpg",)),
            ("nan.exr", exr_bytes(nan), ("nan.exr: wanted numbers, given NaN at column 7, row 3",)),
            ("empty.png", b"", ("empty.png", "empty")),
            ("zero.png", png_bytes([[]], width=0), ("zero.png", "0x1")),
            ("text.png", b"no picture at all, just words", ("text.png", "unknown format")),
        ):
            with self.subTest(name=name):
                self.write(name, data)
                self.fails(name, "out/a.png", "--trimap", "trimap.png", parts=parts)

    def test_one_pixel(self):
        self.write("one.png", png_bytes([[(10, 20, 30)]]))
        self.write("one_trimap.png", png_bytes([[128]]))
        self.fails("one.png", "out/a.png", "--trimap", "one_trimap.png", parts=("one_trimap.png", "no foreground"))
        done = self.run_tool("matte", "one.png", "out/p.png", "--background", "one.png")
        self.assertIn(done.returncode, (0, 1))
        self.ok("foreground", "one.png", "one_trimap.png", "f.png")
        self.ok("composite", "one.png", "one_trimap.png", "red", "c.png")
        self.ok("eval", "one_trimap.png", "one_trimap.png")

    def test_places_that_cannot_be_written(self):
        (self.folder / "folder").mkdir()
        t = ("--trimap", "trimap.png")
        for place, parts in (
            ("nowhere/a.png", ("nowhere/a.png: wanted an existing folder",)),
            ("folder", ("folder: wanted the name of a file, given a folder",)),
            ("/dev/full", ("/dev/full: cannot be written: No space left",)),
        ):
            with self.subTest(place=place):
                self.assert_one_line(self.run_tool("matte", "picture.png", place, *t), 1, *parts)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))
        self.assert_nothing_new(self.folder / "folder")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_read_only_folder(self):
        (self.folder / "locked").mkdir(mode=0o555)
        done = self.run_tool("matte", "picture.png", "locked/a.png", "--trimap", "trimap.png")
        self.assert_one_line(done, 1, "locked/a.png", "Permission denied")

    def test_all_outputs_or_none(self):
        out = self.folder / "out"
        out.mkdir()
        (out / "a.png").write_bytes(b"the old one")
        t = ("--trimap", "trimap.png")
        done = self.run_tool("matte", "picture.png", "out/a.png", *t, "--foreground", "nowhere/f.png")
        self.assert_one_line(done, 1, "nowhere/f.png")
        # A composite over a picture of another size is only found out after alpha and colour are written.
        self.write("beach.png", png_bytes([[(1, 2, 3)] * 8] * 8))
        done = self.run_tool(
            "matte", "picture.png", "out/a.png", *t, "--foreground", "out/f.png", "--over", "beach.png",
            "--composite", "out/c.png",
        )
        self.assert_one_line(done, 1, "beach.png: wanted 40x32", "given 8x8")
        # Nor may one output on a full disk leave the others behind.
        done = self.run_tool("matte", "picture.png", "out/a.png", *t, "--foreground", "/dev/full")
        self.assert_one_line(done, 1, "/dev/full")
        self.assert_nothing_new(out, ["a.png"])
        self.assertEqual((out / "a.png").read_bytes(), b"the old one")


class Matte(Case):
    def test_alpha_foreground_composite_cutout(self):
        done = self.ok(
            "matte", "picture.png", "a.png", "--trimap", "trimap.png", "--foreground", "f.png", "--over", "#ff8000",
            "--composite", "c.png", "--cutout", "rgba.png",
        )
        self.assertIn(b"wrote a.png, f.png, c.png, rgba.png", done.stdout)
        alpha, colour, composite, rgba = (self.png(n) for n in ("a.png", "f.png", "c.png", "rgba.png"))
        for picture, channels in ((alpha, 1), (colour, 3), (composite, 3), (rgba, 4)):
            self.assertEqual((picture.width, picture.height, picture.depth, picture.channels), (40, 32, 16, channels))
        error = 0
        for y in range(32):
            for x in range(40):
                a = alpha.values[y][x][0]
                known = self.rows["trimap"][y][x]
                if known != 128:
                    self.assertEqual(a, 65535 if known else 0)
                error += abs(a / 65535 - self.rows["alpha"][y][x] / 255)
                self.assertEqual(rgba.values[y][x], colour.values[y][x] + [a])
                for c, over in enumerate((1, 128 / 255, 0)):
                    want = a / 65535 * colour.values[y][x][c] + (1 - a / 65535) * over * 65535
                    self.assertAlmostEqual(composite.values[y][x][c], want, delta=2)
        self.assertLess(error / (40 * 32), 0.02)  # the edge is five pixels wide; anything wrong gives 0.05 and more
        # The colour is never zeroed where there is nothing to see: the disc's red goes on.
        self.assertGreater(colour.values[0][0][0], 32768)

    def test_islands(self):
        """A speck far from the subject goes if it is asked for, and is counted."""
        def inside(x, y):
            return 20 <= x < 80 and 20 <= y < 80

        rows = [[255 if inside(x, y) or (x >= 98 and y >= 98) else 0 for x in range(100)] for y in range(100)]
        self.write("specks.png", png_bytes([[(v, v, v) for v in row] for row in rows]))
        rows[50][50] = 128
        self.write("specks_trimap.png", png_bytes(rows))
        call = ("matte", "specks.png", "a.png", "-t", "specks_trimap.png", "--json")
        self.assertNotIn("islands", json.loads(self.ok(*call).stdout))
        self.assertEqual(self.png("a.png").values[99][99][0], 65535)
        self.assertEqual(json.loads(self.ok(*call, "--islands", "0.01").stdout)["islands"], 1)
        alpha = self.png("a.png")
        self.assertEqual(alpha.values[99][99][0], 0)
        self.assertEqual(alpha.values[30][30][0], 65535)
        self.assert_one_line(self.run_tool(*call, "--islands", "2"), 2, "--islands")

    def test_every_trimap_method_in_both_precisions(self):
        for method in ("cf", "knn", "lbdm", "lkm", "rw", "sm", "ifm", "poisson"):
            for precision in ("f64", "f32"):
                with self.subTest(method=method, precision=precision):
                    done = self.ok(
                        "matte", "picture.png", "a.png", "-t", "trimap.png", "-m", method, "--precision", precision,
                        "--json",
                    )
                    report = json.loads(done.stdout)
                    self.assertEqual((report["method"], report["precision"]), (method, precision))
                    alpha = self.png("a.png")
                    error = sum(
                        abs(alpha.values[y][x][0] / 65535 - self.rows["alpha"][y][x] / 255)
                        for y in range(32) for x in range(40)
                    )
                    self.assertLess(error / (40 * 32), 0.05)

    def test_plate(self):
        for options in (("-m", "plate"), ("-m", "plate", "--align")):
            report = json.loads(self.ok("matte", "picture.png", "a.png", "-b", "plate.png", *options, "--json").stdout)
            self.assertEqual(report["method"], "plate")

    def test_a_plate_that_lies_elsewhere_is_noticed(self):
        draw = random.Random(3)
        boxes = [(draw.randrange(210), draw.randrange(150), draw.randrange(256)) for _ in range(300)]

        def shot(by):
            rows = [[(128, 120, 110)] * 200 for _ in range(140)]
            for x0, y0, value in boxes:
                for y in range(max(0, y0 - 12), min(140, y0)):
                    for x in range(max(0, x0 - 12 - by), max(0, min(200, x0 - by))):
                        rows[y][x] = (value, 255 - value, value // 2)
            return png_bytes(rows)

        self.write("there.png", shot(0))
        self.write("off.png", shot(8))
        command = ("matte", "there.png", "a.png", "-b", "off.png", "--json")
        report = json.loads(self.ok(*command).stdout)
        if report["method"] == "slim":  # a build without kernels solves, and finds 8 pixels by itself
            self.assertNotIn("warnings", report)  # as the plate is settled
            taken = json.loads(self.ok(*command, "--settle", "0").stdout)
            self.assertIn("pixels off; if it was shot from the hand, add --align", taken["warnings"][0])
            self.assertNotIn("warnings", json.loads(self.ok(*command, "--settle", "0", "--align").stdout))

    def test_default_with_a_background(self):
        """The network whose weights this build brings along; a build without such weights or kernels solves."""
        about = {m["name"]: m["about"] for m in json.loads(self.ok("info", "--json").stdout)["methods"]}
        report = json.loads(self.ok("matte", "picture.png", "a.png", "-b", "plate.png", "--json").stdout)
        if "the default with a background" in about["slim"]:
            self.assertEqual((report["method"], report["engine"], report["weights"]), ("slim", "kernels", "embedded"))
            self.ok("matte", "picture.png", "r.png", "-b", "plate.png", "--engine", "reference")
            pairs = zip(self.png("a.png").values, self.png("r.png").values)
            worst = max(abs(a[0] - b[0]) for rows in pairs for a, b in zip(*rows))
            self.assertLess(worst, 7)  # 1e-4 of 65535
        else:
            self.assertEqual((report["method"], report["engine"]), ("plate", "headers"))
            self.assert_one_line(self.run_tool("matte", "picture.png", "o.png", "-b", "plate.png", "-m", "slim"), 3,
                                 "needs --weights")
        alpha = self.png("a.png")
        self.assertGreater(alpha.values[16][20][0], 60000)
        self.assertLess(alpha.values[1][1][0], 5000)

    def test_json_object(self):
        done = self.ok("matte", "picture.png", "a.png", "-t", "trimap.png", "--foreground", "f.exr", "--json")
        self.assertEqual(done.stderr, b"")
        report = json.loads(done.stdout)
        for key in ("version", "verb", "method", "engine", "device", "precision", "image", "size", "timings_ms",
                    "solver", "outputs", "status"):
            self.assertIn(key, report)
        self.assertEqual(report["verb"], "matte")
        self.assertEqual(report["size"], {"width": 40, "height": 32})
        self.assertEqual(report["outputs"], {"alpha": "a.png", "foreground": "f.exr"})
        self.assertEqual(set(report["timings_ms"]), {"read", "solve", "foreground", "write", "total"})
        self.assertEqual(report["solver"]["status"], "converged")
        self.assertLess(report["solver"]["residual"], 1e-6)
        self.assertEqual((self.folder / "f.exr").read_bytes()[:4], b"\x76\x2f\x31\x01")
        done = self.ok("matte", "picture.png", "a.png", "-t", "trimap.png", "--json=report file.json")
        self.assertIn(b"wrote a.png", done.stdout)
        self.assertEqual(json.loads((self.folder / "report file.json").read_text())["status"], "done")

    def test_json_of_a_failure(self):
        done = self.run_tool("matte", "missing.png", "a.png", "-t", "trimap.png", "--json")
        self.assertEqual(done.returncode, 1)
        report = json.loads(done.stdout)
        self.assertEqual(report["status"], "failed")
        self.assertIn("missing.png", report["error"])

    def test_stopping_early_warns_and_still_writes(self):
        done = self.ok(
            "matte", "picture.png", "a.png", "-t", "trimap.png", "--max-iterations", "1", "--tolerance", "1e-12",
            "--preconditioner", "none", "--json",
        )
        self.assertIn(b"hairline: warning: picture.png: the solver stopped at its limit of 1 iterations", done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["solver"]["status"], "iteration_limit")
        self.assertEqual(len(report["warnings"]), 1)
        self.assertEqual(self.png("a.png").width, 40)

    def test_start_saves_steps(self):
        fixed = ("matte", "picture.png", "a.png", "-t", "trimap.png", "--preconditioner", "jacobi", "--json")
        cold = json.loads(self.ok(*fixed).stdout)["solver"]["iterations"]
        self.ok("matte", "picture.png", "start.exr", "-t", "trimap.png")
        warm = json.loads(self.ok(*fixed, "--start", "start.exr").stdout)["solver"]["iterations"]
        self.assertLess(warm, cold)

    def test_depth_and_default_composite(self):
        self.ok("matte", "picture.png", "a.png", "-t", "trimap.png", "--depth", "8", "--over", "1,2,3")
        self.assertEqual(self.png("a.png").depth, 8)
        self.assertEqual(self.png("a_over.png").values[0][0], [1, 2, 3])

    def test_quiet(self):
        done = self.ok("matte", "picture.png", "a.png", "-t", "trimap.png", "--quiet")
        self.assertEqual((done.stdout, done.stderr), (b"", b""))

    def test_link_is_written_through_and_permissions_stay(self):
        self.write("real.png", b"old")
        os.chmod(self.folder / "real.png", 0o640)
        os.symlink("real.png", self.folder / "link.png")
        self.ok("matte", "picture.png", "link.png", "-t", "trimap.png")
        self.assertTrue((self.folder / "link.png").is_symlink())
        self.assertEqual(self.png("real.png").width, 40)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder / "real.png").st_mode), 0o640)


class Pipes(Case):
    def test_standard_input_and_output(self):
        data = (self.folder / "picture.png").read_bytes()
        done = self.ok("matte", "-", "-", "-t", "trimap.png", stdin=data)
        self.ok("matte", "picture.png", "a.png", "-t", "trimap.png")
        self.assertEqual(Png(done.stdout).values, self.png("a.png").values)

    def test_trimap_through_a_pipe(self):
        data = (self.folder / "trimap.png").read_bytes()
        self.ok("matte", "picture.png", "a.png", "-t", "-", stdin=data)
        done = self.run_tool("matte", "picture.png", "b.png", "-t", "-", stdin=b"")
        self.assert_one_line(done, 1, "standard input")
        done = self.run_tool("matte", "-", "b.png", "-t", "trimap.png", stdin=data[: len(data) // 2])
        self.assert_one_line(done, 1, "standard input")

    def test_closed_reader_is_an_error_not_a_signal(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        done = subprocess.run(
            [HAIRLINE, "matte", "picture.png", "-", "-t", "trimap.png"], cwd=self.folder, stdout=write_end,
            stderr=subprocess.PIPE, timeout=300,
        )
        os.close(write_end)
        self.assert_one_line(done, 1, "standard output", "Broken pipe")


class Batches(Case):
    def setUp(self):
        super().setUp()
        for folder, kind in (("in", "picture"), ("t", "trimap"), ("p", "plate"), ("truth", "alpha")):
            for stem in ("a", "b", "c"):
                self.write(f"{folder}/{stem}.png", png_bytes(self.rows[kind]))

    def test_folder_with_a_broken_file(self):
        self.write("in/bad.png", b"broken")
        self.write("in/lonely.png", png_bytes(self.rows["picture"]))
        self.write("in/notes.txt", b"no picture")
        self.write("t/bad.png", png_bytes(self.rows["trimap"]))
        done = self.run_tool("matte", "in", "out", "-t", "t", "--jobs", "2")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(sorted(os.listdir(self.folder / "out")), ["a.png", "b.png", "c.png"])
        text = done.stderr.decode()
        self.assertIn("hairline: in/bad.png: cannot read", text)
        self.assertIn("hairline: in/lonely.png: wanted a trimap named 'lonely' in 't', given none", text)
        self.assertIn("2 of 5 files failed:\n  in/bad.png\n  in/lonely.png\n", text)
        self.assertIn(b"3 done, 0 skipped, 2 failed", done.stdout)

    def test_finished_files_are_skipped(self):
        first = json.loads(self.ok("matte", "in", "out", "-t", "t", "--json").stdout)
        self.assertEqual((first["done"], first["skipped"], first["failed"]), (3, 0, 0))
        (self.folder / "out/b.png").unlink()
        again = json.loads(self.ok("matte", "in", "out", "-t", "t", "--json").stdout)
        self.assertEqual([f["status"] for f in again["files"]], ["skipped", "done", "skipped"])
        forced = json.loads(self.ok("matte", "in", "out", "-t", "t", "--json", "--force").stdout)
        self.assertEqual(forced["done"], 3)
        # One more output asked for: nothing is finished any more.
        more = json.loads(self.ok("matte", "in", "out", "-t", "t", "--foreground", "colours", "--json").stdout)
        self.assertEqual(more["done"], 3)

    def test_patterns(self):
        self.ok("matte", "in/[ab].png", "mattes/*_alpha.exr", "-t", "t/*.png", "--over", "red", "--cutout", "cut")
        self.assertEqual(
            sorted(os.listdir(self.folder / "mattes")),
            ["a_alpha.exr", "a_alpha_over.exr", "b_alpha.exr", "b_alpha_over.exr"],
        )
        self.assertEqual(sorted(os.listdir(self.folder / "cut")), ["a.png", "b.png"])
        self.assert_one_line(self.run_tool("matte", "in/x*.png", "out", "-t", "t"), 1, "in/x*.png", "matches none")
        self.assert_one_line(self.run_tool("matte", "in", "one.png", "-t", "t"), 2, "several pictures need a folder")

    def test_one_plate_for_all_pictures(self):
        self.ok("matte", "in", "out", "-b", "plate.png")
        self.assertEqual(sorted(os.listdir(self.folder / "out")), ["a.png", "b.png", "c.png"])

    def test_other_verbs(self):
        self.ok("foreground", "in", "truth", "colours")
        self.ok("composite", "colours", "truth", "p", "results", "--depth", "8")
        self.ok("trimap", "truth", "trimaps", "--erode", "2")
        for folder in ("colours", "results", "trimaps"):
            self.assertEqual(sorted(os.listdir(self.folder / folder)), ["a.png", "b.png", "c.png"])

    def test_same_names_would_collide(self):
        self.write("in/a.bmp", b"whatever")
        done = self.run_tool("matte", "in", "out", "-t", "t")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"in/a.png: wanted an output of its own, given 'out/a.png', which in/a.bmp has", done.stderr)

    def test_outputs_that_would_overwrite(self):
        before = (self.folder / "picture.png").read_bytes()
        done = self.run_tool("matte", "picture.png", "picture.png", "-t", "trimap.png")
        self.assert_one_line(done, 1, "picture.png: wanted an output that is not an input too")
        self.assertEqual((self.folder / "picture.png").read_bytes(), before)
        done = self.run_tool("matte", "picture.png", "x.png", "-t", "trimap.png", "--foreground", "x.png")
        self.assert_one_line(done, 1, "x.png: wanted for two outputs at once")
        self.assertFalse((self.folder / "x.png").exists())

    def test_progress_on_a_terminal_only(self):
        try:
            leader, follower = pty.openpty()
        except OSError as error:  # a bare chroot has none
            self.skipTest(f"no terminal can be had: {error}")
        rows = [[(x % 251, y % 241, (x * y) % 239) for x in range(420)] for y in range(420)]
        trimap = [[0 if x < 20 else 255 if x > 400 else 128 for x in range(420)] for y in range(420)]
        for stem in ("a", "b"):
            self.write(f"big/{stem}.png", png_bytes(rows))
            self.write(f"bigt/{stem}.png", png_bytes(trimap))
        command = ["matte", "big", "out", "-t", "bigt", "--preconditioner", "none", "--tolerance", "1e-12",
                   "--json=report.json", "--max-iterations"]
        subprocess.run([HAIRLINE, *command, "1000"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=follower, timeout=500)
        os.close(follower)
        seen = b""
        try:
            while block := os.read(leader, 65536):
                seen += block
        except OSError:  # how Linux says that the other side is closed
            pass
        os.close(leader)
        self.assertIn("/2 [".encode(), seen)
        self.assertIn(b"\r\x1b[K", seen)
        done = self.ok(*command, "5", "--force", "--quiet")
        self.assertNotIn(b"\x1b", done.stderr)


class OddNames(Case):
    def test_json_stays_valid(self):
        for raw in (b"with space", b"it's", b'"quoted"', b"back\\slash", b"new\nline", "Käse 毛.x".encode(), b"\xff\xfe",
                    b"[1]", b"percent%s", b"-dash"):
            with self.subTest(name=raw):
                name = os.fsdecode(raw)
                shutil.copy(self.folder / "picture.png", self.folder / (name + ".png"))
                shutil.copy(self.folder / "trimap.png", self.folder / (name + "_t.png"))
                done = self.ok(
                    "matte", f"./{name}.png", f"./{name}_a.png", f"--trimap=./{name}_t.png", "--json",
                )
                self.assertTrue((self.folder / (name + "_a.png")).exists())
                report = json.loads(done.stdout.decode("utf-8"))
                if raw != b"\xff\xfe":
                    self.assertEqual(report["image"], f"./{name}.png")


class Evaluation(Case):
    def setUp(self):
        super().setUp()
        # The synthetic vectors of docs/metrics.md: 12 rows, 16 columns.
        a = [[int(255 * min(max((x - 3) / 10, 0), 1) + 0.5) for x in range(16)] for y in range(12)]
        for y in (4, 5, 6):
            for x in (3, 4):
                a[y][x] = 230
        t = [[0 if x < 2 else 255 if x > 13 else 128 for x in range(16)] for y in range(12)]
        p = [[min(max(a[y][x] + (7 * x + 13 * y) % 31 - 15, 0), 255) for x in range(16)] for y in range(12)]
        p = [[v if k == 128 else k for v, k in zip(pr, tr)] for pr, tr in zip(p, t)]
        for name, rows in (("p", p), ("a", a), ("t", t)):
            self.write(name + ".png", png_bytes(rows))
        self.wanted = {
            "unknown": {"sad": 3.886274510e-3, "mse": 0.00109135375, "mad": 0.0269880174, "grad": 0.0813456822e-3,
                        "conn": 0.164705882e-3},
            "whole": {"sad": 3.886274510e-3, "mse": 0.00081851531, "mad": 0.0202410131, "grad": 0.1011740393e-3},
        }

    def check(self, report):
        for region, values in self.wanted.items():
            self.assertEqual(set(report[region]), {"sad", "mse", "mad", "grad", "conn"})
            for key, value in values.items():
                # The table has nine digits or so; Grad is summed from single-precision maps.
                self.assertAlmostEqual(report[region][key] / value, 1, delta=1e-6, msg=f"{region} {key}")

    def test_published_vectors(self):
        self.check(json.loads(self.ok("eval", "p.png", "a.png", "--trimap", "t.png", "--json").stdout))

    def test_text_names_the_numbers(self):
        text = self.ok("eval", "p.png", "a.png", "--trimap", "t.png").stdout.decode()
        self.assertIn("unknown:  sad 0.00388627", text)

    def test_without_trimap(self):
        report = json.loads(self.ok("eval", "p.png", "a.png", "--json").stdout)
        self.assertIsNone(report["unknown"])
        self.assertAlmostEqual(report["whole"]["mse"], self.wanted["whole"]["mse"], delta=1e-9)

    def test_presets(self):
        report = json.loads(self.ok("eval", "p.png", "a.png", "--as", "rvm_lr", "--json").stdout)
        self.assertAlmostEqual(report["published"]["mad"], 20.2410131, delta=1e-4)
        self.assertIsNone(report["published"]["sad"])
        report = json.loads(self.ok("eval", "p.png", "a.png", "-t", "t.png", "--as", "bgmv2", "--json").stdout)
        self.assertAlmostEqual(report["published"]["conn"], 0.164705882, delta=1e-6)

    def test_folders_means_and_table(self):
        for stem in ("one", 'two, "2"'):
            for folder, name in (("ps", "p"), ("as", "a"), ("ts", "t")):
                (self.folder / folder).mkdir(exist_ok=True)
                shutil.copy(self.folder / f"{name}.png", self.folder / folder / f"{stem}.png")
        done = self.ok("eval", "ps", "as", "--trimap", "ts", "--json", "--csv", "table.csv")
        report = json.loads(done.stdout)
        self.check(report)  # the means of two equal files
        self.assertEqual(len(report["files"]), 2)
        self.check(report["files"][0])
        import csv

        with open(self.folder / "table.csv", newline="") as table:
            rows = list(csv.DictReader(table))
        self.assertEqual([r["file"] for r in rows], ["ps/one.png", 'ps/two, "2".png', "mean"])
        self.assertAlmostEqual(float(rows[2]["unknown_mse"]), 0.00109135375, delta=1e-9)

    def test_another_size_and_missing(self):
        self.write("small.png", png_bytes([[0] * 16] * 11))
        self.assert_one_line(self.run_tool("eval", "p.png", "small.png"), 1, "small.png: wanted 16x12", "given 16x11")
        self.assert_one_line(self.run_tool("eval", "p.png", "none.png"), 1, "none.png")

    def test_compare(self):
        done = self.ok("compare", "a.png", "a.png", "--threshold", "0", "--json")
        report = json.loads(done.stdout)
        self.assertEqual((report["max_abs"], report["mean_abs"], report["psnr_db"]), (0, 0, None))
        done = self.run_tool("compare", "p.png", "a.png", "--threshold", "0.01", "--json")
        self.assertEqual(done.returncode, 4)
        report = json.loads(done.stdout)
        self.assertFalse(report["within"])
        self.assertAlmostEqual(report["mean_abs"], 0.0202410131, delta=1e-6)
        self.ok("compare", "p.png", "a.png", "--threshold", "0.2")
        self.assert_one_line(self.run_tool("compare", "p.png", "none.png"), 1, "none.png")


class OtherVerbs(Case):
    def test_trimap_levels(self):
        self.ok("trimap", "alpha.png", "t.png", "--erode", "3")
        trimap = self.png("t.png")
        self.assertEqual((trimap.depth, trimap.channels), (8, 1))
        values = {v[0] for row in trimap.values for v in row}
        self.assertEqual(values, {0, 128, 255})
        report = json.loads(self.ok("trimap", "alpha.png", "u.png", "--from-alpha", "--erode", "0", "--json").stdout)
        mixed = sum(0 < v < 255 for row in self.rows["alpha"] for v in row)
        self.assertEqual(report["pixels"]["unknown"], mixed)
        done = self.ok("trimap", "alpha.png", "v.png", "--erode", "1000")
        self.assertIn(b"no foreground left", done.stderr)

    def test_mask_in_an_alpha_channel(self):
        rows = [[p + (a,) for p, a in zip(pr, ar)] for pr, ar in zip(self.rows["picture"], self.rows["alpha"])]
        self.write("rgba.png", png_bytes(rows))
        self.ok("trimap", "alpha.png", "t.png")
        self.ok("trimap", "rgba.png", "u.png")
        self.assertEqual(self.png("t.png").values, self.png("u.png").values)

    def test_foreground_methods(self):
        for method in ("ml", "cf"):
            self.ok("foreground", "picture.png", "alpha.png", "f.png", "--method", method)
            self.assertAlmostEqual(self.png("f.png").values[16][20][0] / 257, 220, delta=6)

    def test_composite_in_display_values_and_in_light(self):
        self.write("white.png", png_bytes([[(255, 255, 255)] * 2] * 2))
        self.write("half.png", png_bytes([[128] * 2] * 2))
        self.ok("composite", "white.png", "half.png", "black", "display.png", "--depth", "8")
        self.ok("composite", "white.png", "half.png", "black", "light.png", "--depth", "8", "--linear")
        self.assertEqual(self.png("display.png").values[0][0], [128, 128, 128])
        self.assertEqual(self.png("light.png").values[0][0], [188, 188, 188])  # sRGB of 128/255 of full light

    def test_info(self):
        report = json.loads(self.ok("info", "--json").stdout)
        for key in ("version", "verb", "compiler", "kernels", "methods", "formats"):
            self.assertIn(key, report)
        names = {m["name"] for m in report["methods"]}
        networks = {"slim", "bgmv2-mobilenetv2", "bgmv2-resnet50", "bgmv2-resnet101"}
        solvers = {"cf", "knn", "lbdm", "lkm", "rw", "sm", "ifm", "poisson", "plate"}
        self.assertEqual(names, solvers | networks)
        text = self.ok("info").stdout.decode()
        self.assertIn("CPU level", text)
        self.assertIn("devices", text)


SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8}


def read_safetensors(data):
    """Header and tensors as Python's own package reads them: name -> (dtype, shape, bytes), and the metadata."""
    length, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors, ends = {}, []
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert end - begin == SIZES[entry["dtype"]] * math.prod(entry["shape"]), name
        tensors[name] = (entry["dtype"], entry["shape"], data[8 + length + begin:8 + length + end])
        ends.append((begin, end))
    at = 0
    for begin, end in sorted(ends):
        assert begin == at
        at = end
    assert at == len(data) - 8 - length and length % 8 == 0
    return tensors, metadata


def write_safetensors(tensors, metadata=None):
    header, parts, at = ({"__metadata__": metadata} if metadata else {}), [], 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


class Weights(Case):
    NET = "bgmv2-mobilenetv2"
    RESERVED = "hairline.self_test."

    def setUp(self):
        super().setUp()
        draw = random.Random(1)
        noise = [draw.uniform(-1, 1) for _ in range(10007)]
        description = json.loads(self.ok("net", "show", self.NET, "--json").stdout)
        self.tensors = {}
        for node in description["nodes"]:
            for p in node["parameters"]:
                count = math.prod(p["shape"])
                if p["counter"]:
                    data = struct.pack("<q", 7)
                else:
                    fan_in = math.prod(p["shape"][1:]) if len(p["shape"]) == 4 else 0
                    middle, spread = (0, (6 / fan_in) ** 0.5) if fan_in else (1, 0.3) if p["name"] != "bias" else (0.3, 0.2)
                    start = len(self.tensors) * 101 % len(noise)
                    row = [middle + spread * v for v in noise[start:] + noise[:start]]
                    values = array.array("f", row * (count // len(row) + 1))[:count]
                    data = values.tobytes()
                self.tensors[node["name"] + "." + p["name"]] = ("I64" if p["counter"] else "F32", p["shape"], data)
        self.write("w.safetensors", write_safetensors({"module." + k: v for k, v in self.tensors.items()}))

    def read(self, name):
        return read_safetensors((self.folder / name).read_bytes())

    def test_list(self):
        lines = self.ok("weights", "list", "w.safetensors").stdout.decode().splitlines()
        self.assertEqual(len(lines), len(self.tensors) + 1)
        self.assertTrue(any(line.split() == ["module.refiner.conv4.bias", "f32", "[4]"] for line in lines))
        self.assertIn("382 tensors", lines[-1])
        report = json.loads(self.ok("weights", "list", "w.safetensors", "--json").stdout)
        self.assertEqual(report["total"]["tensors"], 382)
        self.assertEqual(report["total"]["numbers_by_type"], {"f32": 5006839 + 35208, "i64": 63})

    def test_check(self):
        self.assertIn(f"fits {self.NET} without 'module.'", self.ok("weights", "check", "w.safetensors").stdout.decode())
        self.ok("weights", "check", "w.safetensors", "--net", self.NET)
        done = self.run_tool("weights", "check", "w.safetensors", "--net", "bgmv2-resnet50")
        self.assert_one_line(done, 4, "do not fit bgmv2-resnet50 (")
        self.assertIn(b"missing     backbone.layer4.2.bn3.weight\n", done.stdout)
        self.assertIn(b"unexpected  module.backbone.features.0.0.weight\n", done.stdout)
        self.assertIn(b"mis-shaped  decoder.conv1.weight: wanted [128, 768, 3, 3], given [128, 288, 3, 3]\n", done.stdout)
        report = json.loads(self.run_tool("weights", "check", "w.safetensors", "--net", "bgmv2-resnet50", "--json").stdout)
        self.assertFalse(report["fits"])
        self.assertIn("backbone.layer4.2.bn3.weight", report["missing"])
        self.assert_one_line(self.run_tool("weights", "check", "w.safetensors", "--net", "magic"), 2, "bgmv2-resnet101")

    def test_closest_network(self):
        del self.tensors["refiner.conv4.bias"]
        self.write("part.safetensors", write_safetensors(self.tensors))
        done = self.run_tool("weights", "check", "part.safetensors")
        self.assert_one_line(done, 4, f"fit no network; the closest is {self.NET} (1 missing, 0 unexpected, 0 mis-shaped)")

    def test_files_that_cannot_be_read(self):
        self.assert_one_line(self.run_tool("weights", "check", "none.pth"), 3, "no such file")
        self.write("cut.safetensors", (self.folder / "w.safetensors").read_bytes()[:100000])
        for verb in (("list",), ("check",), ("convert", "o.safetensors")):
            done = self.run_tool("weights", verb[0], "cut.safetensors", *verb[1:])
            self.assert_one_line(done, 1, "hairline: cut.safetensors: ")
        self.assert_one_line(self.run_tool("weights", "list", "picture.png"), 1, "wanted safetensors, a PyTorch zip")
        self.assertFalse((self.folder / "o.safetensors").exists())

    def test_made_up_weights(self):
        self.ok("weights", "seed", self.NET, "made_up.safetensors", "--seed", "3")
        done = self.ok("weights", "check", "made_up.safetensors", "--net", self.NET)
        self.assertIn("self-test passed", done.stdout.decode())
        other = self.ok("weights", "seed", self.NET, "-", "--seed", "4").stdout
        self.assertEqual(len(other), (self.folder / "made_up.safetensors").stat().st_size)
        self.assertNotEqual(other, (self.folder / "made_up.safetensors").read_bytes())
        self.assert_one_line(self.run_tool("weights", "seed", "magic", "o.safetensors"), 2, "bgmv2-resnet101")

    def test_convert(self):
        before = set(os.listdir(self.folder))
        self.ok("weights", "convert", "w.safetensors", "o.safetensors", "--net", self.NET)
        self.assertEqual(set(os.listdir(self.folder)) - before, {"o.safetensors"})
        tensors, metadata = self.read("o.safetensors")
        mine = {k: v for k, v in tensors.items() if not k.startswith(self.RESERVED)}
        self.assertEqual(mine, self.tensors)
        self.assertEqual(tensors[self.RESERVED + "input.src"][1], [1, 3, 64, 64])
        self.assertEqual(tensors[self.RESERVED + "output.pha"][1], [1, 1, 64, 64])
        self.assertEqual(metadata[self.RESERVED + "network"], "bgmv2")
        self.assertIn("self-test passed", self.ok("weights", "check", "o.safetensors").stdout.decode())
        report = json.loads(self.ok("weights", "check", "o.safetensors", "--json").stdout)
        self.assertTrue(report["self_test"]["passed"])
        self.assertEqual(report["self_test"]["options"], {"backbone_scale": 0.5, "refine_mode": 2.0})
        self.ok("weights", "convert", "o.safetensors", "o.safetensors")  # in place
        self.assertEqual(self.read("o.safetensors"), (tensors, metadata))
        piped = self.ok("weights", "convert", "w.safetensors", "-").stdout
        self.assertEqual(piped, (self.folder / "o.safetensors").read_bytes())

    def test_types(self):
        for kind, dtype in (("f16", "F16"), ("bf16", "BF16")):
            done = self.ok("weights", "convert", "w.safetensors", kind + ".safetensors", "--type", kind)
            self.assertIn(f"rounding to {kind} moves", done.stdout.decode())
            tensors, _ = self.read(kind + ".safetensors")
            for name, (_, shape, _) in self.tensors.items():
                self.assertEqual(tensors[name][0], dtype if len(shape) == 4 else self.tensors[name][0], name)
            self.ok("weights", "check", kind + ".safetensors")
        before = sorted(os.listdir(self.folder))
        done = self.run_tool("weights", "convert", "w.safetensors", "o.safetensors", "--type", "bf16", "--allow-rounding", "1e-6")
        self.assert_one_line(done, 4, "wanted a type of more bits")
        self.assert_nothing_new(self.folder, before)

    def test_pack(self):
        self.ok("weights", "convert", "w.safetensors", "o.safetensors")
        done = self.run_tool("weights", "pack", "o.safetensors", "packed.safetensors")
        if b"holds no compiled kernels" in done.stderr:
            self.skipTest("built without kernels")
        self.assertIn(f"packed.safetensors: {self.NET} packed for ", done.stdout.decode())
        for weights in ("o.safetensors", "packed.safetensors"):
            self.ok("matte", "picture.png", weights + ".png", "-b", "plate.png", "-m", self.NET, "-w", weights)
        self.assertEqual((self.folder / "o.safetensors.png").read_bytes(), (self.folder / "packed.safetensors.png").read_bytes())
        done = self.run_tool("weights", "check", "packed.safetensors")
        self.assert_one_line(done, 4, "holds weights packed for compiled kernels")
        done = self.run_tool("matte", "picture.png", "r.png", "-b", "plate.png", "-m", self.NET, "-w", "packed.safetensors",
                             "--engine", "reference")
        self.assert_one_line(done, 1, "holds weights packed for compiled kernels")
        self.assert_one_line(self.run_tool("weights", "pack", "none.pth", "x.safetensors"), 3, "no such file")
        self.assertFalse((self.folder / "x.safetensors").exists())

    def test_changed_files_are_noticed(self):
        self.ok("weights", "convert", "w.safetensors", "o.safetensors")
        tensors, metadata = self.read("o.safetensors")
        a, b = "aspp.convs.1.0.weight", "aspp.convs.2.0.weight"
        tensors[a], tensors[b] = tensors[b], tensors[a]
        self.write("swapped.safetensors", write_safetensors(tensors, metadata))
        for verb in (("check",), ("convert", "x.safetensors")):
            done = self.run_tool("weights", verb[0], "swapped.safetensors", *verb[1:])
            self.assert_one_line(done, 4, f"changed after its self-test was made: {a}, {b}")
        del tensors[self.RESERVED + "fingerprints"]
        self.write("swapped.safetensors", write_safetensors(tensors, metadata))
        done = self.run_tool("weights", "check", "swapped.safetensors")
        self.assert_one_line(done, 4, "the self-test of these weights fails")
        self.assertFalse((self.folder / "x.safetensors").exists())


class Synth(Case):
    def test_a_data_set_that_can_be_made_again(self):
        done = self.ok("synth", "--count", "3", "--size", "40x24", "--seed", "5", "--with-background", "set")
        self.assertIn("wrote 3 samples of 40x24", done.stdout.decode())
        self.ok("synth", "--count", "1", "--first", "2", "--size", "40x24", "--seed", "5", "--with-background", "again", "--threads", "1")
        for folder in ("picture", "plate", "alpha", "foreground", "background"):
            self.assertEqual(sorted(os.listdir(self.folder / "set" / folder)), ["000000.png", "000001.png", "000002.png"])
            self.assertEqual(os.listdir(self.folder / "again" / folder), ["000002.png"])
            self.assertEqual((self.folder / "set" / folder / "000002.png").read_bytes(),
                             (self.folder / "again" / folder / "000002.png").read_bytes())
            png = self.png(f"set/{folder}/000001.png")
            self.assertEqual((png.width, png.height), (40, 24))

    def test_json_and_scene(self):
        report = json.loads(self.ok("synth", "--count", "2", "--size", "8x8", "--scene", '{"kinds": {"net": 9}}', "set", "--json").stdout)
        self.assertEqual((report["verb"], report["count"], report["size"]), ("synth", 2, {"width": 8, "height": 8}))

    def test_own_pictures(self):
        for folder, name in (("fg", "picture"), ("mattes", "alpha"), ("rooms", "plate")):
            (self.folder / folder).mkdir()
            shutil.copy(self.folder / (name + ".png"), self.folder / folder / "one.png")
        self.ok("synth", "--count", "2", "--size", "32x32", "--foregrounds", "fg", "--alphas", "mattes", "--backgrounds", "rooms", "set")
        os.rename(self.folder / "mattes" / "one.png", self.folder / "mattes" / "two.png")
        done = self.run_tool("synth", "--count", "2", "--foregrounds", "fg", "--alphas", "mattes", "other")
        self.assert_one_line(done, 1, "one.png has no alpha of that name in mattes")
        self.assertFalse((self.folder / "other").exists())

    def test_mistakes(self):
        for arguments, part in (
            (("synth",), "OUT"),
            (("synth", "set", "--size", "big"), "--size: wanted WIDTHxHEIGHT"),
            (("synth", "set", "--size", "0x4"), "--size: wanted WIDTHxHEIGHT"),
            (("synth", "set", "--count", "0"), "--count"),
            (("synth", "set", "--scene", "{"), "no JSON"),
            (("synth", "set", "--scene", '{"plate": {"shfit": 1}}'), "no 'shfit', wanted one of aligned, shift"),
        ):
            self.assert_one_line(self.run_tool(*arguments), 2, part)
        self.assertFalse((self.folder / "set").exists())


if __name__ == "__main__":
    HAIRLINE = os.path.abspath(sys.argv.pop(1))
    unittest.main()
