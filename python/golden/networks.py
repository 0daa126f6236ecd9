"""Records what PyTorch computes for Background Matting V2 with seeded weights: tests/golden/networks/*.safetensors.

Weights and pictures are made from names and a seed on both sides (seeded.py), so only results are stored.
usage: networks.py OUT_DIR [NAME...]        (make golden)
"""
import pathlib
import sys

import numpy as np
import torch

from background_matting_v2 import BackgroundMattingV2
from seeded import tensor, uniform
import tensor_file


def load_seeded(net, seed=0):
    state = {k: torch.from_numpy(np.asarray(tensor(k, tuple(v.shape), seed))) for k, v in net.state_dict().items()}
    net.load_state_dict(state)
    return net.eval()


def picture(name, batch, height, width):
    values = uniform(name, batch * height * width * 3).astype(np.float32).reshape(batch, height, width, 3)
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def channels_last(t):
    return t.permute(0, 2, 3, 1).contiguous().numpy()


# name, backbone, kernel, batch, height, width, options
CASES = [
    ("mobilenetv2_sampling", "mobilenetv2", 3, 1, 60, 84, dict(mode="sampling", sample_pixels=1600)),
    ("mobilenetv2_oversampling", "mobilenetv2", 3, 1, 60, 84,
     dict(mode="sampling", sample_pixels=4000, prevent_oversampling=False)),
    ("mobilenetv2_prevented", "mobilenetv2", 3, 1, 60, 84, dict(mode="sampling", sample_pixels=80000)),
    ("mobilenetv2_thresholding", "mobilenetv2", 3, 2, 36, 52, dict(mode="thresholding", threshold=0.1)),
    ("mobilenetv2_fade", "mobilenetv2", 3, 1, 60, 84, dict(mode="sampling", sample_pixels=1600, fade=0.5)),
    ("mobilenetv2_fade_threshold", "mobilenetv2", 3, 2, 36, 52, dict(mode="thresholding", threshold=0.1, fade=1.5)),
    ("mobilenetv2_full", "mobilenetv2", 3, 1, 44, 60, dict(mode="full")),
    ("mobilenetv2_none", "mobilenetv2", 3, 1, 44, 60, dict(mode="none")),
    ("mobilenetv2_kernel1", "mobilenetv2", 1, 2, 36, 52, dict(mode="sampling", sample_pixels=800)),
    ("mobilenetv2_half_scale", "mobilenetv2", 3, 1, 59, 83, dict(mode="sampling", sample_pixels=1600, scale=0.5)),
    ("resnet50_sampling", "resnet50", 3, 1, 61, 83, dict(mode="sampling", sample_pixels=1600)),
    ("resnet50_full", "resnet50", 3, 1, 36, 52, dict(mode="full")),
    ("resnet50_eighth_scale", "resnet50", 3, 1, 136, 72, dict(mode="thresholding", threshold=0.15, scale=0.125)),
    ("resnet101_sampling", "resnet101", 3, 1, 52, 76, dict(mode="sampling", sample_pixels=800)),
]


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for name, backbone, kernel, batch, height, width, options in CASES:
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        net = load_seeded(BackgroundMattingV2(backbone, kernel))
        with torch.no_grad():
            results = net(picture("src", batch, height, width), picture("bgr", batch, height, width), **options)
        stored = {k: channels_last(v) for k, v in results.items() if k != "fgr_sm"}
        if height * width > 3000:
            stored.pop("fgr")
        tensor_file.write(out / f"{name}.safetensors", stored,
                          dict(torch=torch.__version__, backbone=backbone, kernel=kernel, batch=batch, height=height,
                               width=width, **options))
        print(f"{name}: refined {int(results['ref_sm'].sum())} cells, alpha {float(results['pha'].min()):.3f} to "
              f"{float(results['pha'].max()):.3f}")


if __name__ == "__main__":
    main()
