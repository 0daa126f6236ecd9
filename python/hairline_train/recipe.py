"""What a recipe says, and where networks' descriptions come from."""
import json
import math
import pathlib
import subprocess

RECIPES = pathlib.Path(__file__).parent / "recipes"


def load(name):
    """A file, or the name of one in recipes/."""
    path = pathlib.Path(name)
    if path.suffix != ".json":
        path = RECIPES / f"{name}.json"
    recipe = json.loads(path.read_text())
    for i, stage in enumerate(recipe["stages"]):
        before = {s["name"]: s for s in recipe["stages"][:i]}
        if "like" in stage:
            if stage["like"] not in before:
                raise ValueError(f"{path}: stage {stage['name']!r} is like {stage['like']!r}, which is none before it")
            recipe["stages"][i] = merged(before[stage["like"]], {k: v for k, v in stage.items() if k != "like"})
        for name in stage.get("mean", {}).keys() - before.keys():
            raise ValueError(f"{path}: stage {stage['name']!r} is a mean with {name!r}, which is none before it")
    return recipe


def merged(value, patch):
    """A JSON merge patch (RFC 7396) of a value: objects are gone into, null takes a member away."""
    if not isinstance(patch, dict):
        return patch
    value = value if isinstance(value, dict) else {}
    both = value | {k: merged(value.get(k), v) for k, v in patch.items()}
    return {k: v for k, v in both.items() if v is not None}


def description(network, command):
    """The JSON of a network that the hairline command knows, or of a file."""
    if network.endswith(".json"):
        return json.loads(pathlib.Path(network).read_text())
    shown = subprocess.run([command, "net", "show", network, "--json"], check=True, capture_output=True, text=True)
    return json.loads(shown.stdout)


def rate(schedule, step, steps):
    """The learning rate's factor: linear warm-up, then constant, half a cosine down to `final`, or steps."""
    warm = schedule.get("warmup", 0)
    if step < warm:
        return (step + 1) / warm
    kind = schedule.get("kind", "constant")
    if kind == "constant":
        return 1.0
    if kind == "cosine":
        final, part = schedule.get("final", 0.0), (step - warm) / max(1, steps - warm)
        return final + (1 - final) * (1 + math.cos(math.pi * min(part, 1))) / 2
    if kind == "step":
        return schedule.get("factor", 0.1) ** sum(step >= s for s in schedule["at"])
    raise ValueError(f"schedule is {kind!r}, wanted constant, cosine or step")
