"""hairline_train: the losses are those of the headers, samples are exact composites, and a killed run goes on bit for bit.

usage: test_hairline_train.py HAIRLINE_COMMAND [LIBHAIRLINE_SYNTH]
Without torch it says so and ends with 77. Without the library stand-in scenes of discs are trained on.
"""
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import types

try:
    import numpy as np
    import safetensors.numpy
    import safetensors.torch
    import torch
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here.parent), str(here.parent / "golden")]
import losses as golden  # noqa: E402
import hairline_torch  # noqa: E402
from hairline_train import losses, recipe, samples, train  # noqa: E402
from hairline_train.scenes import Scenes  # noqa: E402
from hairline_train.sheet import write_png  # noqa: E402


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


class Discs:
    """Scenes of one disc each."""

    def __init__(self, seed):
        self.seed = seed

    def batch(self, first, count, height, width):
        out = np.empty((count, 10, height, width), np.float32)
        for i in range(count):
            random = np.random.default_rng([self.seed, first + i])
            y, x = np.mgrid[:height, :width] / height
            cx, cy, r = random.uniform(0.3, 0.7, 2).tolist() + [random.uniform(0.15, 0.4)]
            alpha = np.clip((r - np.hypot(x - cx, y - cy)) * 20, 0, 1)
            plate, colour = (random.uniform(0, 1, (3, 1, 1)) + 0.2 * np.sin(random.uniform(5, 40) * x + y) for _ in "ab")
            plate, colour = plate.clip(0, 1), colour.clip(0, 1)
            out[i] = np.concatenate([alpha * colour + (1 - alpha) * plate, plate, colour, alpha[None]])
        return out


RECIPE = {
    "seed": 5, "log_every": 1, "save_seconds": 0,
    "validation": {"every": 6, "count": 2, "size": 32, "sides": [32]},
    "stages": [
        {"name": "base", "network": "slim-base", "steps": 8, "difference_at": "stem.conv",
         "loss": "bgmv2_base", "optimizer": {"rate": 1e-3}, "schedule": {"kind": "cosine", "warmup": 2},
         "pool": {"size": 64, "count": 24, "fresh": 3}, "samples": {"crops": [[32, 3], [48, 2]]}},
        {"name": "refine", "network": "slim", "steps": 2, "loss": "bgmv2_joint", "learn": ["refiner.", "head."],
         "fixed_rows": {"head.conv4.": 5}, "fixed_norms": ["stem.", "down", "around", "up"], "optimizer": {"rate": 1e-3},
         "options": {"backbone_scale": [0.25, 0.5]},
         "pool": {"size": 96, "count": 8, "fresh": 0, "first": 4}, "samples": {"crops": [[64, 2]]}, "validate_at": [64]},
        {"name": "mean", "mean": {"refine": 1}},
        {"name": "joint", "network": "slim", "steps": 6, "loss": "bgmv2_joint",
         "optimizer": {"rate": 1e-4, "groups": {"refiner.": 3}}, "options": {"refine_sample_pixels": 256},
         "pool": {"size": 96, "count": 16, "fresh": 2}, "samples": {"crops": [[64, 2]]}, "validate_at": [64],
         "keep": {"refiner.": 0, "": 0.5}}]}


def run_once(command, library, out):
    torch.set_num_threads(1)
    make = (lambda options, seed: Scenes(library, options, seed)) if library else (lambda options, seed: Discs(seed))
    train.Run(RECIPE, out, make, command).train()


def check_losses():
    """Value and gradient against the goldens' own functions, which the headers are tested with."""
    ours = {
        "alpha_l1/bgmv2": lambda x: losses.alpha_l1(x["alpha"], x["true_alpha"]),
        "sobel_magnitude/bgmv2": lambda x: losses.sobel_magnitude(x["alpha"], x["true_alpha"]),
        "foreground_l1/bgmv2": lambda x: losses.foreground_l1(x["foreground"], x["true_foreground"], x["true_alpha"]),
        "error_map_mse/bgmv2_base": lambda x: losses.error_map_mse(x["error"], x["alpha"], x["true_alpha"], False),
        "error_map_mse/bgmv2_joint": lambda x: losses.error_map_mse(x["error"], x["alpha"], x["true_alpha"], True)}
    recorded = safetensors.numpy.load_file(here.parents[1] / "tests" / "golden" / "losses.safetensors")
    for name, size, wanted, _ in golden.cases():
        if name not in ours:
            continue
        x = golden.inputs(size)
        for key in wanted:
            x[key] = x[key].clone().requires_grad_()
        value = ours.pop(name)(x)
        value.backward()
        expected = recorded[f"{name}/value"].item()
        check(abs(value.item() - expected) <= 1e-14 * max(1, abs(expected)), f"{name}: {value.item()}, not {expected}")
        for key in wanted:
            worst = np.abs(x[key].grad[0].permute(1, 2, 0).numpy() - recorded[f"{name}/{key}"]).max()
            check(worst <= 1e-8, f"{name}: the gradient of {key} differs by {worst}")  # recorded with 8 digits
    check(not ours, f"goldens for {', '.join(ours)}")
    draw = torch.Generator().manual_seed(5)
    found = {k: torch.rand(2, c, side, side, generator=draw) for k, c, side in (
        ("pha", 1, 16), ("fgr", 3, 16), ("pha_sm", 1, 8), ("fgr_sm", 3, 8), ("err_sm", 1, 8))}
    truth = {"alpha": torch.rand(2, 1, 16, 16, generator=draw), "foreground": torch.rand(2, 3, 16, 16, generator=draw)}
    terms = losses.bgmv2_joint_squared(found, truth)
    coarse = torch.nn.functional.interpolate(found["pha_sm"], scale_factor=2, mode="bilinear").double()
    factors = np.where((coarse - truth["alpha"]).abs().numpy() > 0.3, 3.0, 1.0)
    wanted = (factors * (found["pha"] - truth["alpha"]).double().numpy() ** 2).mean()
    check(abs(terms.pop("squared").item() - wanted) < 1e-6 and terms == losses.bgmv2_joint(found, truth),
          "squared errors count three times as much where the coarse alpha is wrong")


def check_samples():
    pool = samples.Pool(Discs(1), 64, 24, 2.5, first=16)
    options = {"crops": [[32, 4]], "noise": 0, "shadow": 0, "mixed": 1.0}
    for step in (0, 1, 9):
        batch = samples.Samples(pool, options, 3).batch(step)
        check(batch["src"].shape == (4, 3, 32, 32) and batch["alpha"].shape == (4, 1, 32, 32), "shapes")
        check(all(v.min() >= 0 and v.max() <= 1 for v in batch.values()), "samples lie in [0,1]")
        check((batch["alpha"] > 0.99).any() and (batch["alpha"] == 0).any(), "samples hold both kinds of pixels")
        full = (batch["alpha"] > 0.999).expand_as(batch["src"])
        worst = (batch["src"] - batch["foreground"])[full].abs().max().item()
        check(worst < 2e-3, f"where alpha is 1 the picture is the foreground (off by {worst})")
    late = samples.Pool(Discs(1), 64, 24, 2.5, first=16)  # one that did not see the steps before
    again = samples.Samples(late, options, 3).batch(9)
    check(all(torch.equal(again[k], batch[k]) for k in batch), "a batch depends on its step alone")
    other = samples.Samples(late, options, 3).batch(10)
    check(other["src"].shape != batch["src"].shape or not torch.equal(other["src"], batch["src"]), "steps differ")
    hidden = samples.Samples(late, options | {"hidden": 1.0}, 3).batch(9)
    inside = (hidden["alpha"] > 0.999).expand_as(hidden["src"])
    check(torch.equal(hidden["alpha"], again["alpha"]), "hiding leaves alpha as it is")
    apart = [(b["src"] - b["bgr"])[inside].abs().mean().item() for b in (again, hidden)]
    check(apart[1] < 0.95 * apart[0], f"hidden parts come near the plate (mean distance {apart[0]:.3f}, {apart[1]:.3f})")
    whole, rough = torch.ones(4, 1, 64, 64), torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    on = [samples.hide(whole.expand_as(rough), whole, plate, samples.Draw(3, 9), {"hidden": 1.0})
          for plate in (rough, torch.full_like(rough, 0.5))]
    worst = (on[0] - on[1]).abs().max().item()
    check(on[1].min() < 0.6 and worst < 0.1, f"hidden parts have the plate's colour, not its texture (which leaves {worst:.3f})")
    outlined = samples.Samples(late, options | {"hidden": 1.0, "outlined": 1.0, "shift": 0}, 3).batch(9)
    check(torch.equal(outlined["alpha"], again["alpha"]), "outlines leave alpha as it is")
    # what has nothing of the foreground beside it
    rim = (again["alpha"] > 0.1) & (samples.shrunk(again["alpha"], 1) == 0)
    far = [((b["foreground"] - again["foreground"]).abs().amax(1, keepdim=True) > 0.02)[rim].float().mean().item()
           for b in (hidden, outlined)]
    check(far[0] > 0.15, f"without an outline a part may reach the edge ({far[0]:.3f} of the edge are hidden)")
    more = (outlined["foreground"] - again["foreground"])[rim.expand_as(outlined["src"])].max().item()
    check(more < 0.01, f"an outline has the foreground's colour or a darker one (brighter by up to {more:.3f})")
    many = options | {"crops": [[48, 24]], "shift": 0, "outlined": 1.0}
    plain, whole, broken = (samples.Samples(late, many | more, 4).batch(9) for more in (
        {}, {"hidden": 1.0}, {"hidden": 1.0, "broken": 1.0}))
    check(torch.equal(broken["alpha"], plain["alpha"]), "broken outlines leave alpha as it is")
    rim = (plain["alpha"] > 0.1) & (samples.shrunk(plain["alpha"], 1) == 0)
    brighter = [(b["foreground"] - plain["foreground"])[rim.expand_as(b["src"])].max().item() for b in (whole, broken)]
    check(brighter[0] < 0.01 and brighter[1] > 0.1, f"in gaps alone a part reaches the edge (brighter by {brighter})")
    flat = samples.Samples(late, options | {"flat": 1.0, "walls": 1.0, "shift": 0}, 3).batch(9)
    check(torch.equal(flat["alpha"], again["alpha"]), "flat foregrounds keep their alpha")
    flat = samples.Samples(late, many | {"outlined": 0, "close": 0, "flat": 1.0, "walls": 1.0}, 3).batch(9)
    inside = (flat["alpha"] > 0.999).expand_as(flat["src"])
    near = (flat["src"] - flat["bgr"]).abs()[inside].median().item()
    check(0.005 < near < 0.1, f"flat foregrounds come near the wall, not to it (median distance {near:.3f})")
    walls = samples.Samples(late, options | {"walls": 1.0}, 3).batch(9)
    spread = [b["bgr"].std((2, 3)).max().item() for b in (again, walls)]
    check(spread[1] < 0.06 < spread[0], f"walls have one colour (deviations up to {spread[0]:.3f}, {spread[1]:.3f})")
    pierced = samples.Samples(late, options | {"pierced": 1.0, "shift": 0}, 3).batch(9)
    holes = (again["alpha"] > 0.999) & (pierced["alpha"] == 0)
    check(holes.float().mean() > 0.01 and (pierced["alpha"] <= again["alpha"]).all(), "pierced foregrounds have holes")
    there = (pierced["src"] - again["bgr"])[holes.expand_as(again["src"])].abs().median().item()
    check(there < 0.05, f"through holes the background is seen (apart by {there:.3f})")
    gappy = samples.Samples(late, options | {"gaps": 1.0, "shift": 0}, 3).batch(9)
    less = again["alpha"] - gappy["alpha"]
    deep = (samples.shrunk(again["alpha"], 5)[..., 6:-6, 6:-6] > 0.999)
    worst = less[..., 6:-6, 6:-6][deep].max().item()
    check(less.max() > 0.5 and less.min() >= 0 and deep.any() and worst < 1e-3,
          f"gaps lie near the edge (up to {less.max().item():.3f}, deeper inside {worst:.3f})")
    holes = [(plain["alpha"] - samples.Samples(late, many | {"pierced": 1.0, "walls": w}, 4).batch(9)["alpha"] > 0.5)
             .flatten(1).any(1).float().mean().item() for w in (0.0, 1.0)]
    check(0 < holes[1] < 0.6 * holes[0], f"fewer have holes before walls (shares {holes})")


def check_shapes():
    """What is told by shape before a wall: limbs with bays, rings around holes, clothes of the wall's colour, soft edges."""
    pool = samples.Pool(Discs(1), 64, 24, 2.5, first=16)
    options = {"crops": [[48, 24]], "noise": 0, "shadow": 0, "mixed": 1.0, "shift": 0, "close": 0, "walls": 1.0}
    plain, armed, pierced, deep, soft = (samples.Samples(pool, options | more, 4).batch(9) for more in (
        {}, {"limbs": 1.0}, {"pierced": 1.0, "fewer": 0}, {"pierced": 1.0, "fewer": 0, "deep": 1}, {"soften": 1.0}))
    more = armed["alpha"] - plain["alpha"]
    check(more.min() > -1e-3 and more.mean() > 0.02, f"limbs come to the foreground ({more.mean():.4f} of all pixels)")
    rim = (plain["alpha"] > 0.5) & (samples.shrunk(plain["alpha"], 2) < 0.5)
    left = [(plain["alpha"] - b["alpha"])[rim].clamp(min=0).mean().item() for b in (pierced, deep)]
    holes = [(plain["alpha"] - b["alpha"] > 0.5).float().mean().item() for b in (pierced, deep)]
    check(left[1] < 0.02 < left[0] and holes[1] > 0.005, f"deep holes leave the edge as it is ({left}, holes {holes})")
    edges = [((b["alpha"] > 0.05) & (b["alpha"] < 0.95)).float().mean().item() for b in (plain, soft)]
    check(edges[1] > 1.3 * edges[0], f"softened edges are wider (shares {edges})")
    steady = samples.Samples(pool, options | {"exposure": 0, "soften": 1.0}, 4).batch(9)
    sure = (steady["alpha"] > 0.2).expand_as(steady["src"])
    both = steady["alpha"] * steady["foreground"] + (1 - steady["alpha"]) * steady["bgr"]
    worst = (both - steady["src"])[sure].abs().max().item()
    check(worst < 2e-3, f"softened and evenly exposed, picture = alpha colour + (1 - alpha) plate (off by {worst:.4f})")
    draw = samples.Draw(3, 9)
    alpha = torch.zeros(8, 1, 64, 64)
    alpha[..., 8:56, 8:56] = 1
    colour = torch.tensor([0.8, 0.2, 0.2]).view(3, 1, 1) * alpha
    colour[..., 8:30] = torch.tensor([0.2, 0.3, 0.8]).view(3, 1, 1) * alpha[..., 8:30]  # a coat of two colours
    part = samples.alike(colour, alpha, draw)
    halves = torch.stack([part[..., 12:52, 12:26].mean((1, 2, 3)), part[..., 12:52, 34:52].mean((1, 2, 3))])
    check((halves.amax(0) > 0.7).all() and (halves.amin(0) < 0.05).all(), f"alike takes one of two colours ({halves})")
    dressed = samples.Samples(pool, options | {"garment": 1.0, "apart": 0.05}, 4).batch(9)
    inside = (plain["alpha"] > 0.999).expand_as(plain["src"])
    near = [((b["src"] - b["bgr"]).abs()[inside] < 0.06).float().mean().item() for b in (plain, dressed)]
    check(torch.equal(dressed["alpha"], plain["alpha"]) and near[1] > 1.2 * near[0],
          f"clothes come near the wall's colour (shares {near})")
    check(samples.alike(colour[..., 32:] * 0 + 0.5, alpha[..., 32:], draw).max() == 0, "not what is most of it")


def check_loops():
    pool = samples.Pool(Discs(1), 64, 24, 2.5, first=16)
    options = {"noise": 0, "shadow": 0, "mixed": 1.0, "shift": 0, "close": 0}
    plain, looped, barred = (samples.Samples(pool, options | {"crops": [[48, 24]]} | more, 4).batch(9) for more in (
        {"loops": 1e-9}, {"loops": 1.0}, {"loops": 1.0, "hidden": 1.0}))
    locks = looped["alpha"] - plain["alpha"]
    check((locks >= 0).all() and locks.mean() > 0.005, f"locks come to the foreground ({locks.mean():.4f} of all pixels)")
    solid = (plain["alpha"] > 0.999).expand_as(plain["src"])
    worst = (looped["foreground"] - plain["foreground"])[solid].abs().max().item()
    check(worst < 1e-3, f"under locks the foreground stays as it is (off by {worst:.4f})")
    free = (looped["alpha"] == 0).expand_as(plain["src"])
    worst = (looped["src"] - plain["src"])[free].abs().max().item()
    check(worst < 2e-3, f"beside locks the background is seen (off by {worst:.4f})")
    beside, apart = samples.shrunk(1 - locks, 1) < 0.5, (barred["src"] - looped["src"]).abs().mean(1, keepdim=True)
    near, far = (apart[m & (looped["alpha"] > 0.5)].mean().item() for m in (beside, ~beside))
    check(near < 0.3 * far, f"little is hidden beside locks (on average {near:.4f}, elsewhere {far:.4f})")
    square = torch.zeros(1, 1, 21, 21)
    square[..., 10, 10] = 1
    away = samples.distance(square, 9)[0, 0]
    check(away[10, 14] == 4 and away[10, 10] == 0 and away[0, 0] == 9, "distance")
    check(abs(away[14, 14].item() - 32 ** 0.5) < 0.7, "distance across is about the same")
    small = options | {"crops": [[32, 40]], "windows": [0.25, 0.25]}
    views = [samples.Samples(pool, small | {"tries": n}, 4).batch(9)["alpha"] for n in (1, 20)]
    have = [((a > 0.1) & (a < 0.9)).flatten(1).any(1).sum().item() for a in views]
    check(have[0] < have[1], f"of 40 views {have} have an edge, taken at once and after up to 20 tries")


def check_schedules():
    cosine = {"kind": "cosine", "warmup": 10, "final": 0.1}
    values = [recipe.rate(cosine, s, 110) for s in range(111)]
    check(values[0] == 0.1 and values[9] == values[10] == 1, "warm-up")
    check(abs(values[60] - 0.55) < 1e-12 and abs(values[110] - 0.1) < 1e-12, "half a cosine")
    check(all(a >= b for a, b in zip(values[10:], values[11:])), "falling")
    steps = {"kind": "step", "at": [5, 8], "factor": 0.5}
    check([recipe.rate(steps, s, 10) for s in (4, 5, 8)] == [1, 0.5, 0.25], "steps")


def check_like(folder):
    first = {"name": "a", "steps": 5, "keep": {"": 0.5}, "pool": {"size": 64, "scenes": {"camouflage": 0.25}}}
    second = {"name": "b", "like": "a", "keep": None, "pool": {"scenes": {"plate": {"shadow": 0.5}}}}
    path = folder / "like.json"
    path.write_text(json.dumps({"stages": [first, second, {"name": "c", "like": "b", "steps": 7}]}))
    made = {"name": "b", "steps": 5, "pool": {"size": 64, "scenes": {"camouflage": 0.25, "plate": {"shadow": 0.5}}}}
    check(recipe.load(str(path))["stages"] == [first, made, made | {"name": "c", "steps": 7}], "stages like others")
    for stages, wanted in (([second, first], "like.json: stage 'b' is like 'a'"),
                           ([{"name": "m", "mean": {"a": 1}}, first], "like.json: stage 'm' is a mean with 'a'")):
        path.write_text(json.dumps({"stages": stages}))
        try:
            recipe.load(str(path))
            check(False, "a stage that names none before it is an error")
        except ValueError as e:
            check(wanted in str(e), f"the error names file and stages: {e}")


def check_recipes(command):
    """What the bundled recipes name is there."""
    bundled = sorted(recipe.RECIPES.glob("*.json"))
    check([b.stem for b in bundled] == ["bgmv2", "slim"], f"recipes: {bundled}")
    for path in bundled:
        for stage in (s for s in recipe.load(path.stem)["stages"] if "mean" not in s):
            what = f"{path.name}, {stage['name']}"
            check(stage["loss"] in losses.LOSSES, f"{what}: the loss")
            network = hairline_torch.Network(recipe.description(stage["network"], command))
            named = [*stage["optimizer"].get("groups", {}), *stage.get("learn", []), *stage.get("fixed_rows", {}),
                     *stage.get("fixed_norms", [])]
            names = [name for name, _ in network.named_parameters()]
            check(all(any(n.startswith(p) for n in names) for p in named), f"{what}: parameters that begin with {named}")


def check_options():
    given = {"backbone_scale": [0.25, 0.5], "refine_mode": "full"}
    check([train.at_step(given, s)["backbone_scale"] for s in range(3)] == [0.25, 0.5, 0.25], "lists of options by turns")
    check(train.at_step(given, 1)["refine_mode"] == "full", "other options stay")
    stage = {"name": "a", "fixed_rows": {"head.": 5}, "optimizer": {"rate": 1e-3, "weight_decay": 1e-4}}
    try:
        train.Run.make_optimizer(None, torch.nn.Linear(2, 2), stage)
        check(False, "fixed rows that would decay are an error")
    except ValueError as e:
        check("'a'" in str(e) and "fixed_rows" in str(e), f"the error names the stage and the key: {e}")


def check_from(command, folder):
    """The first stage begins with the weights of a file of either kind."""
    shipped = here.parents[1] / "weights" / "default.safetensors"
    run = types.SimpleNamespace(command=command, device="cpu", recipe={"seed": 1})
    tensors = safetensors.torch.load_file(shipped)
    torch.save(tensors, folder / "default.pt")
    for path in (shipped, folder / "default.pt"):
        state = train.Run.make_network(run, {"network": "slim-base", "from": str(path)}, None).state_dict()
        same_here = [torch.equal(v, tensors[k].float()) for k, v in state.items() if k in tensors]
        check(all(same_here) and len(same_here) > 0.8 * len(state), f"weights of {path.name} to begin with")
    safetensors.torch.save_file({"other.weight": torch.zeros(2)}, folder / "other.safetensors")
    try:
        train.Run.make_network(run, {"network": "slim-base", "from": str(folder / "other.safetensors")}, None)
        check(False, "weights of nothing in the network are an error")
    except ValueError as e:
        check(all(word in str(e) for word in ("other.safetensors", "'stem.conv.weight'", "'other.weight'")), f"the error: {e}")


def check_clamp():
    x = torch.tensor([-0.5, -0.5, 0.5, 1.5, 1.5], requires_grad=True)
    train.KindClamp.apply(x).backward(torch.tensor([1.0, -1, 1, 1, -1]))
    check(x.grad.tolist() == [0, -1, 1, 1, 0], "clamps keep the gradients that lead inside")


def check_keep(folder):
    torch.save({"stem.weight": torch.ones(2), "stem.count": torch.tensor(3)}, folder / "before.pt")
    run = types.SimpleNamespace(out=folder, device="cpu", recipe={"stages": [{"name": "before"}]})
    stage = {"steps": 9, "keep": {"refiner.": 0, "": 0.75}}
    state = {"stem.weight": torch.zeros(2), "stem.count": torch.tensor(5), "refiner.weight": torch.zeros(1)}
    made = train.Run.result(run, 1, stage, state, 9)
    check(made["stem.weight"].tolist() == [0.75, 0.75] and made["stem.count"] == 5 and made["refiner.weight"] == 0,
          "kept weights go back three quarters of the way, counters and others do not")
    check(train.Run.result(run, 1, stage, state, 8) is state, "before its end a stage's weights are its own")


def check_mean(folder):
    for name, value in (("a", 1.0), ("b", 3.0)):
        torch.save({"stem.weight": torch.full((2,), value), "stem.count": torch.tensor(int(value))}, folder / f"{name}.pt")
    made = train.Run.mean(types.SimpleNamespace(out=folder), {"name": "m", "mean": {"a": 0.6, "b": 0.2}})
    check(made["stem.weight"].tolist() == [1.5, 1.5] and made["stem.count"] == 3, "a weighted mean, counters from the last")
    check(same(torch.load(folder / "m.pt", weights_only=True), made), "the mean is kept as the stage's weights")


def check_resume(command, library, folder):
    """A run killed at some step and started again against one that was left alone."""
    def start(out):
        return subprocess.Popen([sys.executable, __file__, "--run", command, library or "-", str(out)])

    whole, broken = folder / "whole", folder / "broken"
    check(start(whole).wait() == 0, "a whole run")
    for wanted in (3, 15):  # lines of the log: in the first stage, in the last
        process, log = start(broken), broken / "log.jsonl"
        end = time.monotonic() + 300
        while not log.exists() or len(log.read_text().splitlines()) < wanted:
            check(process.poll() is None and time.monotonic() < end, "the run goes on until it is killed")
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    check(start(broken).wait() == 0, "the killed run, started again")
    for name in ("base.pt", "joint.pt", "checkpoint.pt"):
        a, b = (torch.load(f / name, weights_only=True) for f in (whole, broken))
        check(same(a, b), f"{name} of a killed run is that of one left alone, to the bit")
    last = [{k: v for k, v in json.loads((f / "log.jsonl").read_text().splitlines()[-1]).items() if k != "seconds"}
            for f in (whole, broken)]
    check(last[0] == last[1] and math.isfinite(last[0]["validation"]["mse_64"]), "their logs end alike")
    sheets = sorted(p.name for p in (whole / "sheets").iterdir())
    check(sheets == [f"{n}.png" for n in ("base_0000006_32", "base_0000008_32", "joint_0000006_64", "refine_0000002_64")],
          f"sheets: {sheets}")
    base, refine, joint = (torch.load(whole / f"{s}.pt", weights_only=True) for s in ("base", "refine", "joint"))
    check(all(torch.equal(refine[k], v) for k, v in base.items() if "head." not in k), "what does not learn stays, statistics too")
    for k in ("head.conv4.weight", "head.conv4.bias"):
        check(torch.equal(refine[k][:5], base[k][:5]) and not torch.equal(refine[k][5:], base[k][5:]),
              f"the first rows of {k} stay, the others learn")
    check(refine.keys() > base.keys() and not torch.equal(joint["stem.conv.weight"], base["stem.conv.weight"]),
          "the refiner comes to it, and then all learns")


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def check_png(folder):
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    write_png(folder / "a.png", picture)
    check((folder / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and not (folder / "a.png.part").exists(), "a PNG")


def main():
    if sys.argv[1] == "--run":
        return run_once(sys.argv[2], None if sys.argv[3] == "-" else sys.argv[3], sys.argv[4])
    command, library = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    check_losses()
    check_samples()
    check_loops()
    check_shapes()
    check_schedules()
    check_options()
    check_recipes(command)
    check_clamp()
    with tempfile.TemporaryDirectory() as folder:
        check_png(pathlib.Path(folder))
        check_like(pathlib.Path(folder))
        check_keep(pathlib.Path(folder))
        check_mean(pathlib.Path(folder))
        check_from(os.path.abspath(command), pathlib.Path(folder))
        check_resume(os.path.abspath(command), library and os.path.abspath(library), pathlib.Path(folder))
    print("losses, samples, schedules and resuming agree")


if __name__ == "__main__":
    main()
