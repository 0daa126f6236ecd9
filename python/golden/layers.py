"""Records what PyTorch computes for single layers with seeded weights: tests/golden/layers.safetensors.

usage: layers.py OUT_FILE        (make golden)
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from seeded import tensor, uniform
import tensor_file


def signed(name, batch, height, width, channels):
    """Values in [-1, 1), so that ReLU has something to cut."""
    u = uniform(name, batch * height * width * channels) * 2 - 1
    return torch.from_numpy(u.astype(np.float32).reshape(batch, height, width, channels)).permute(0, 3, 1, 2)


def seeded_module(module):
    named = nn.Module()
    named.layer = module
    named.load_state_dict({k: torch.from_numpy(np.asarray(tensor(k, tuple(v.shape)))) for k, v in named.state_dict().items()})
    return module.eval()


def conv(inputs, outputs, *args, **kwargs):
    return lambda x: seeded_module(nn.Conv2d(inputs, outputs, *args, **kwargs))(x)


def resize(height, width, mode):
    extra = {} if mode == "nearest" else {"align_corners": False}
    return lambda x: F.interpolate(x, (height, width), mode=mode, **extra)


# name, input (batch, height, width, channels), function
CASES = [
    ("conv3", (2, 7, 9, 5), conv(5, 8, 3, padding=1)),
    ("conv3_bare", (2, 7, 9, 5), conv(5, 8, 3, padding=1, bias=False)),
    ("conv1", (1, 4, 6, 16), conv(16, 4, 1)),
    ("conv7_stride2", (1, 13, 11, 6), conv(6, 16, 7, stride=2, padding=3, bias=False)),
    ("conv3_stride2", (1, 8, 9, 4), conv(4, 6, 3, stride=2, padding=1)),
    ("conv3_dilated", (1, 9, 11, 4), conv(4, 6, 3, padding=6, dilation=6)),
    ("conv3_valid", (3, 8, 8, 7), conv(7, 5, 3)),
    ("conv3_grouped", (1, 7, 9, 8), conv(8, 12, 3, padding=1, groups=4)),
    ("depthwise_stride2", (1, 9, 7, 6), conv(6, 6, 3, stride=2, padding=1, groups=6, bias=False)),
    ("depthwise_dilated", (1, 9, 7, 6), conv(6, 6, 3, padding=2, dilation=2, groups=6, bias=False)),
    ("batch_norm", (2, 5, 3, 7), lambda x: seeded_module(nn.BatchNorm2d(7))(x)),
    ("relu", (1, 3, 5, 4), F.relu),
    ("relu6", (1, 3, 5, 4), lambda x: F.relu6(x)),
    ("max_pool", (1, 9, 8, 3), lambda x: F.max_pool2d(x, 3, 2, 1)),
    ("max_pool2", (1, 9, 8, 3), lambda x: F.max_pool2d(x, 2, 2)),
    ("global_average_pool", (2, 5, 7, 3), lambda x: F.adaptive_avg_pool2d(x, 1)),
    ("bilinear_up", (1, 4, 5, 3), resize(9, 13, "bilinear")),
    ("bilinear_down", (1, 11, 13, 3), resize(4, 5, "bilinear")),
    ("nearest", (1, 3, 4, 2), resize(6, 8, "nearest")),
]


def main():
    torch.set_num_threads(1)
    results = {}
    for name, shape, function in CASES:
        with torch.no_grad():
            results[name] = function(signed("x", *shape)).permute(0, 2, 3, 1).contiguous().numpy()
    tensor_file.write(sys.argv[1], results, {"torch": torch.__version__})
    print(f"{len(results)} layers recorded")


if __name__ == "__main__":
    main()
