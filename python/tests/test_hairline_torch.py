"""hairline_torch against the network written by hand: same keys, same results, state dicts both ways.

usage: test_hairline_torch.py HAIRLINE_COMMAND
"""
import json
import pathlib
import subprocess
import sys

import torch

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here.parent), str(here.parent / "golden")]
from background_matting_v2 import BackgroundMattingV2  # noqa: E402
from networks import load_seeded, picture  # noqa: E402
import hairline_torch  # noqa: E402


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def check_own_layer():
    """examples/own_layer.hpp: a layer that torch is told about with four lines."""
    @hairline_torch.op("parametric_relu")
    def parametric_relu(node, module, inputs, options):
        return torch.nn.functional.prelu(inputs[0], module.weight)

    weight = {"name": "weight", "shape": [4], "trained": True, "counter": False}
    description = {"format": "hairline graph 1", "inputs": 1, "outputs": [{"name": "y", "node": 1}], "nodes": [
        {"op": "input", "name": "src", "inputs": [], "attributes": {}, "parameters": []},
        {"op": "parametric_relu", "name": "act", "inputs": [0], "attributes": {}, "parameters": [weight]}]}
    made = hairline_torch.Network(description)
    check(list(made.state_dict()) == ["act.weight"], "a layer from outside has its key")
    made.load_state_dict({"act.weight": torch.tensor([0.5, 1.0, 2.0, 0.0])})
    x = torch.randn(2, 4, 3, 5)
    expected = x.clamp(min=0) + torch.tensor([0.5, 1.0, 2.0, 0.0]).view(1, 4, 1, 1) * x.clamp(max=0)
    check(torch.allclose(made(src=x)["y"], expected), "a layer from outside runs")
    made(src=x)["y"].sum().backward()
    check(made.get_parameter("act.weight").grad is not None, "a layer from outside gets a gradient")


def main():
    torch.set_num_threads(1)
    check_own_layer()
    for name, backbone, kernel in (("bgmv2-mobilenetv2", "mobilenetv2", 3), ("bgmv2-resnet50", "resnet50", 3),
                                   ("bgmv2-mobilenetv2-k1", "mobilenetv2", 1)):
        shown = subprocess.run([sys.argv[1], "net", "show", name, "--json"], check=True, capture_output=True, text=True)
        made = hairline_torch.Network(json.loads(shown.stdout)).eval()
        hand = load_seeded(BackgroundMattingV2(backbone, kernel))
        check(list(made.state_dict()) == list(hand.state_dict()), f"{name}: keys and their order")
        made.load_state_dict(hand.state_dict())
        src, bgr = picture("src", 2, 44, 60), picture("bgr", 2, 44, 60)
        middle = hand(src, bgr)["err_sm"].median().item()  # with fewer cells above it than there are
        for mode, fade, least in [(mode, 0, 0) for mode in hairline_torch.network.REFINE_MODES] + [
                ("sampling", 0.5, 0), ("thresholding", 0.5, 0), ("sampling", 0.5, middle), ("sampling", 0, middle)]:
            pixels = 100000 if least else 640
            with torch.no_grad():
                expected = hand(src, bgr, mode=mode, sample_pixels=pixels, least_error=least, fade=fade)
                given = made(src=src, bgr=bgr, refine_mode=mode, refine_sample_pixels=pixels, refine_least_error=least,
                             refine_fade=fade)
            for key, value in expected.items():
                worst = (given[key] - value).abs().max().item()
                check(worst <= 1e-6, f"{name} {mode} {fade} {least} {key}: differs by {worst}")
        back = BackgroundMattingV2(backbone, kernel)
        back.load_state_dict(made.state_dict())
        made.train()
        made(src=src, bgr=bgr, refine_sample_pixels=640)["pha"].mean().backward()
        check(made.get_parameter("backbone." + ("features.0.0" if backbone == "mobilenetv2" else "conv1") + ".weight").grad
              is not None, f"{name}: the first layer gets a gradient")
        print(f"{name}: {len(made.state_dict())} keys and every mode agree")


main()
