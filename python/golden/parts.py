"""Records what PyTorch computes for the parts of Background Matting V2, each alone, with seeded weights:
tests/golden/parts.safetensors. Of many channels only every so-manieth is stored (all depend on all inputs).

usage: parts.py OUT_FILE        (make golden)
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F

from background_matting_v2 import BackgroundMattingV2
from networks import load_seeded
from seeded import uniform
import tensor_file

BACKBONES = ("mobilenetv2", "resnet50", "resnet101")


def activations(name, height, width, channels):
    """Values in [0, 1), as after a ReLU."""
    u = uniform(name, height * width * channels).astype(np.float32)
    return torch.from_numpy(u.reshape(1, height, width, channels)).permute(0, 3, 1, 2)


def shrunk(name, height, width, channels, divisor):
    return F.interpolate(activations(name, height, width, channels), (height // divisor, width // divisor),
                         mode="bilinear", align_corners=False)


def some_channels(t, most):
    step = -(-t.shape[1] // most)
    return t[:, ::step].permute(0, 2, 3, 1).contiguous().numpy()


def encoder_and_aspp(net, backbone, results):
    for tap, value in zip(("x1", "x2", "x3", "x4"), net.backbone(activations("pictures", 37, 44, 6))):
        results[f"{backbone}.{tap}"] = some_channels(value, 8)
    if backbone != "resnet101":  # the same as resnet50's
        results[f"{backbone}.aspp"] = some_channels(net.aspp(activations("x4", 13, 11, net.backbone.channels[3])), 16)


def decoder(net, backbone, results):
    c1, c2, c3, _ = net.backbone.channels
    height, width = 23, 34
    taps = [shrunk("x3", height, width, c3, 8), shrunk("x2", height, width, c2, 4), shrunk("x1", height, width, c1, 2)]
    out = net.decoder(shrunk("aspp", height, width, 256, 16), *taps, activations("x0", height, width, 6))
    results[f"{backbone}.decoder"] = some_channels(out, 13)


def refiner(kernel, mode, results):
    net = load_seeded(BackgroundMattingV2("mobilenetv2", kernel)).refiner
    height, width = 28, 36
    coarse = [shrunk(name, height, width, channels, 4)
              for name, channels in (("pha_sm", 1), ("residual_sm", 3), ("err_sm", 1), ("hid_sm", 32))]
    pha, residual, mask = net(activations("src", height, width, 3), activations("bgr", height, width, 3), *coarse,
                              mode=mode, sample_pixels=400, threshold=0.5, prevent_oversampling=True)
    for name, value in (("pha", pha.clamp(0, 1)), ("residual", residual), ("ref_sm", mask)):
        results[f"refiner{kernel}_{mode}.{name}"] = some_channels(value, 4)


def main():
    torch.set_num_threads(1)
    results = {}
    with torch.no_grad():
        for backbone in BACKBONES:
            net = load_seeded(BackgroundMattingV2(backbone))
            encoder_and_aspp(net, backbone, results)
            if backbone != "resnet101":
                decoder(net, backbone, results)
        for kernel in (3, 1):
            for mode in ("sampling", "thresholding", "full"):
                refiner(kernel, mode, results)
    tensor_file.write(sys.argv[1], results, {"torch": torch.__version__})
    print(f"{len(results)} results of parts recorded")


if __name__ == "__main__":
    main()
