"""Judges the `hairline` command with its default model, as a user has it: scenes, kinds of subjects, composites of real
subjects over real plates.

    default_model.py HAIRLINE OUT.json [--weights FILE] [--options="--pits 0"] [--data FOLDER] [--only scenes,hard,composites,places]
                     [--sheets FOLDER]

scenes      48 procedural scenes of each of four sizes that no training showed, as they come
hard        24 procedural subjects of each kind over real plates (needs --data)
composites  real subjects over real plates, at six widths (needs --data)
places      mean alpha of places of captures and of a video's frames that are hard to tell (needs --data)

Plates of hard and composites are off by a pixel, by 2 % of gain, and have noise of 0.8 %. --data has trimap/, lemur/, captured/ and
video/, each with pictures, published networks' mattes of them, and plates. OUT.json gets mean squared errors of alpha in
thousandths; --sheets a PNG of each set: picture, true alpha, alpha.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage

SIZES = {"512x512": 4242, "640x480": 77, "800x600": 78, "960x720": 99}  # and the seeds of their scenes
KINDS = ["person", "animal", "foliage", "net", "glass", "smoke", "seeds", "thing"]
WIDTHS = [300, 400, 500, 640, 800, 1100]
SUBJECTS = {  # group, picture, matte
    "lemur": ("animals", "lemur/lemur.png", "lemur/lemur_alpha.png"),
    "donkey": ("animals", "trimap/donkey.png", "trimap/donkey_gca_on_trimap3.png"),
    "elephant": ("animals", "trimap/elephant.png", "trimap/elephant_gca_on_trimap3.png"),
    "doll": ("doll and plant", "trimap/troll.png", "trimap/troll_gca_on_trimap3.png"),
    "plant": ("doll and plant", "trimap/plant.png", "trimap/plant_gca_on_trimap3.png"),
}
PLATES = {  # picture, where the crop lies across it, whether it is flipped
    "street": ("captured/0001_back.png", 0.1, False),
    "tree": ("captured/1000_back.png", 0.95, True),
    "wall": ("video/waving_background.png", 0.5, False),
    "leaves": ("lemur/lemur_background.png", 0.5, True),
}
SKY, BRICK, WHITE = "blue", "orange", "white"
PLACES = [  # what, whether it is the subject's, picture, left, top, right, bottom, of which pixels
    ("sky in the top curl", 0, "captured/1000", 770, 255, 815, 276, SKY),
    ("sky in the left curls", 0, "captured/1000", 664, 268, 696, 306, SKY),
    ("sky in the top curls", 0, "captured/0001", 764, 244, 812, 273, SKY),
    ("bricks behind a lock", 0, "captured/0001", 985, 560, 1035, 605, BRICK),
    ("wall between chin and fist", 0, "frame 90", 369, 281, 391, 317, WHITE),
    ("wall between chin and fist", 0, "frame 100", 369, 257, 394, 284, WHITE),
    ("wall within the arm", 0, "frame 100", 257, 312, 292, 352, WHITE),
    ("left sleeve", 1, "frame 0", 270, 297, 278, 327, WHITE),
    ("right sleeve", 1, "frame 0", 363, 298, 370, 328, WHITE),
    ("left sleeve", 1, "frame 15", 258, 292, 278, 320, WHITE),
    ("right sleeve", 1, "frame 15", 363, 298, 370, 328, WHITE),
    ("right sleeve", 1, "frame 30", 363, 298, 370, 328, WHITE),
    ("sleeve", 1, "frame 45", 267, 285, 301, 329, WHITE),
    ("white of an eye", 1, "frame 30", 283, 216, 295, 240, WHITE),
    ("toecap", 1, "frame 15", 265, 505, 303, 546, WHITE),
    ("toecap", 1, "frame 30", 265, 505, 303, 546, WHITE),
    ("near toecap", 1, "frame 45", 333, 527, 350, 549, WHITE),
    ("far toecap", 1, "frame 45", 361, 517, 374, 531, WHITE),
    ("far toecap", 1, "frame 60", 361, 517, 374, 531, WHITE),
    ("far toecap", 1, "frame 75", 361, 517, 374, 531, WHITE),
]
WITHOUT = {("lemur", "leaves")}  # that plate holds a blurred picture of the lemur
NOISE, GAIN = 0.008, 0.02


def read(path):
    return np.asarray(Image.open(path).convert("RGB"), np.float32) / 255


def read_alpha(path):
    """Of 8 or 16 bits."""
    values = np.asarray(Image.open(path), np.float32)
    values = values if values.ndim == 2 else values[..., 0]
    return values / (65535 if values.max() > 255 else 255)


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(image.clip(0, 1) * 255).astype(np.uint8)).save(path)


class Command:
    """The command under test."""

    def __init__(self, program, weights, options):
        self.program = program
        self.model = (["-m", "slim", "--weights", weights] if weights else []) + options

    def run(self, *words):
        subprocess.run([self.program, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    def matte(self, folder):
        """folder/picture over folder/plate to folder/result; squared errors against folder/alpha by name, thousandths."""
        self.run("matte", "--quiet", folder / "picture", folder / "result", "--background", folder / "plate", *self.model)
        return {f.stem: 1e3 * float(((read_alpha(f) - read_alpha(folder / "alpha" / f.name)) ** 2).mean())
                for f in sorted((folder / "result").glob("*.png"))}


def summary(errors):
    values = list(errors.values())
    return {"mean": round(float(np.mean(values)), 2), "median": round(float(np.median(values)), 2),
            "worst": round(max(values), 1), "pictures": len(values)}


def sheet(folder, path, most=12, width=240):
    """Picture, true alpha and alpha beside each other, four to a row."""
    names = sorted(f.name for f in (folder / "result").glob("*.png"))[:most]
    rows, row = [], []
    for name in names:
        parts = [Image.fromarray((read(folder / "picture" / name) * 255).astype(np.uint8))]
        parts += [Image.fromarray((read_alpha(folder / f / name) * 255).astype(np.uint8)).convert("RGB")
                  for f in ("alpha", "result")]
        row.append(np.concatenate([np.asarray(p.resize((width, width))) for p in parts], 1))
        if len(row) == 3 or name == names[-1]:
            rows.append(np.concatenate(row + [np.zeros_like(row[0])] * (3 - len(row)), 1))
            row = []
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(path)


def scenes(command, work):
    for size, seed in SIZES.items():
        folder = work / f"scenes_{size}"
        command.run("synth", "--count", 48, "--size", size, "--seed", seed, folder)
        yield f"scenes {size}", folder


def hard(command, work, data):
    plates = work / "plates"
    for name, (path, _, _) in PLATES.items():
        write(plates / f"{name}.png", read(data / path))
    for kind in KINDS:
        scene = {"kinds": {kind: 1, **{k: 0 for k in KINDS if k != kind}}, "empty": 0, "several": 0, "camouflage": 0,
                 "plate": {"aligned": 0, "shift": 1, "rotation": 0, "zoom": 0, "far_off": 0, "gain": GAIN, "channel_gain": 0,
                           "gamma": 0, "offset": 0, "light": 0, "moved": 0, "shadow": 0},
                 "camera": {"noise": NOISE, "blur": 0, "sharpen": 0, "vignette": 0, "jpeg": 0}}
        folder = work / f"hard_{kind}"
        command.run("synth", "--count", 24, "--size", "640x480", "--seed", 5151, "--backgrounds", plates,
                    "--scene", json.dumps(scene), folder)
        yield f"hard {kind}", folder


def plate_for(name, height, width, data):
    path, across, flipped = PLATES[name]
    plate = Image.fromarray((read(data / path) * 255).astype(np.uint8))
    scale = max(height / plate.height, width / plate.width)
    plate = plate.resize((round(plate.width * scale + 0.5), round(plate.height * scale + 0.5)), Image.LANCZOS)
    left, top = round(across * (plate.width - width)), (plate.height - height) // 2
    out = np.asarray(plate.crop((left, top, left + width, top + height)), np.float32) / 255
    return out[:, ::-1] if flipped else out


def composites(command, work, data):
    colours = {}
    for subject, (_, picture, matte) in SUBJECTS.items():
        write(work / "subjects" / f"{subject}.png", read(data / picture))
        colours[subject] = work / "subjects" / f"{subject}_colour.png"
        command.run("foreground", work / "subjects" / f"{subject}.png", data / matte, colours[subject])
    for width in WIDTHS:
        random = np.random.default_rng(width)
        folders = {}
        for subject, (group, _, matte) in SUBJECTS.items():
            alpha = Image.fromarray((read_alpha(data / matte) * 255).astype(np.uint8))
            height = round(alpha.height * width / alpha.width)
            alpha = np.asarray(alpha.resize((width, height), Image.LANCZOS), np.float32)[..., None] / 255
            colour = np.asarray(Image.open(colours[subject]).convert("RGB").resize((width, height), Image.LANCZOS), np.float32) / 255
            for name in PLATES:
                turn, up = random.uniform(0, 2 * np.pi), random.choice([-1, 1])
                if (subject, name) in WITHOUT:
                    continue
                plate = plate_for(name, height, width, data)
                picture = colour * alpha + plate * (1 - alpha)
                moved = ndimage.shift(plate, (np.sin(turn), np.cos(turn), 0), order=3, mode="nearest") * (1 + up * GAIN)
                folder = folders.setdefault(group, work / f"{group}_{width}")
                for kind, image in (("picture", picture), ("plate", moved)):
                    write(folder / kind / f"{subject}_{name}.png", image + random.normal(0, NOISE, image.shape))
                write(folder / "alpha" / f"{subject}_{name}.png", alpha[..., 0])
        for group, folder in folders.items():
            yield f"{group} {width}", folder


def of_colour(image, colour):
    red, green, blue = image[..., 0], image[..., 1], image[..., 2]
    return {SKY: blue > red + 0.02, BRICK: red > blue + 0.35, WHITE: np.minimum(red, np.minimum(green, blue)) > 0.85}[colour]


def places(command, work, data):
    """(name, mean alpha) of each place."""
    for picture in dict.fromkeys(place[2] for place in PLACES):
        if picture.startswith("frame"):
            video = cv2.VideoCapture(str(data / "video/waving.mp4"))
            video.set(cv2.CAP_PROP_POS_FRAMES, int(picture.split()[1]))
            file, plate, align = work / f"{picture}.png", data / "video/waving_background.png", []
            cv2.imwrite(str(file), video.read()[1])
        else:
            file, plate, align = data / f"{picture}_img.png", data / f"{picture}_back.png", ["--align"]
        command.run("matte", "--quiet", file, work / "alpha.png", "--background", plate, "--force", *align, *command.model)
        image, alpha = read(file), read_alpha(work / "alpha.png")
        for what, _, _, left, top, right, bottom, colour in (place for place in PLACES if place[2] == picture):
            here = (slice(top, bottom), slice(left, right))
            yield f"{what}, {picture}", float(alpha[here][of_colour(image[here], colour)].mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hairline")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--weights", help="instead of those in the command")
    parser.add_argument("--options", default="", help="of hairline matte")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--only", default="scenes,hard,composites,places")
    parser.add_argument("--sheets", type=pathlib.Path)
    given = parser.parse_args()
    command, parts = Command(given.hairline, given.weights, given.options.split()), given.only.split(",")
    if unknown := set(parts) - {"scenes", "hard", "composites", "places"}:
        parser.error(f"--only: wanted scenes, hard, composites or places, given '{','.join(sorted(unknown))}'")
    results = {}
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        sets = [scenes(command, work)] if "scenes" in parts else []
        if given.data:
            sets += [f(command, work, given.data) for f in (hard, composites) if f.__name__ in parts]
        for title, folder in (pair for each in sets for pair in each):
            errors = command.matte(folder)
            results[title] = {**summary(errors), "each": {k: round(v, 2) for k, v in errors.items()}}
            print(f"{title:24} mean {results[title]['mean']:6.2f}  median {results[title]['median']:6.2f}  "
                  f"worst {results[title]['worst']:6.1f}", flush=True)
            if given.sheets:
                sheet(folder, given.sheets / f"{title.replace(' ', '_')}.png")
        if given.data and "places" in parts:
            wanted = {f"{place[0]}, {place[2]}": place[1] for place in PLACES}
            for place, alpha in places(command, work, given.data):
                results[place] = {"alpha": round(alpha, 3), "wanted": wanted[place]}
                print(f"{place:40} alpha {alpha:.2f}, wanted {wanted[place]}", flush=True)
    given.out.write_text(json.dumps({"weights": given.weights or "default", "options": given.options, "unit of errors": "1e-3", **results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
