"""Writes one small set of tensors in every weights format that is read: tests/golden/weights/.

usage: weights.py OUT_DIR        (make golden)
"""
import pathlib
import sys

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from seeded import tensor
import tensor_file


class Small(nn.Module):
    """A convolution, its norm, and a head: the shapes of a checkpoint in miniature."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.head = nn.Sequential(nn.Conv2d(4, 2, 1))

    def forward(self, x):
        return self.head(self.bn(self.conv(x)))


class Wrapped(nn.Module):
    """What an export script wraps around a network: names get the prefix model."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.backbone_scale = 0.25
        self.refine_mode = "sampling"

    def forward(self, x):
        return self.model(x)


def seeded_net():
    net = Small()
    net.load_state_dict({k: torch.from_numpy(np.asarray(tensor(k, tuple(v.shape)))) for k, v in net.state_dict().items()})
    return net.eval()


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    net = seeded_net()
    state = net.state_dict()
    torch.save(state, out / "state_dict.pth")
    torch.save({"epoch": 7, "state_dict": {"module." + k: v for k, v in state.items()},
                "optimizer": {"state": {"exp_avg": torch.zeros(3)}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999)}]}},
               out / "wrapped.pth")
    torch.save(net, out / "pickled_module.pth")
    torch.save(state, out / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(net.to(memory_format=torch.channels_last).state_dict(), out / "channels_last.pth")
    for name, kind in (("half", torch.float16), ("bfloat16", torch.bfloat16), ("double", torch.float64)):
        torch.save({k: v.to(kind) if v.is_floating_point() else v for k, v in state.items()}, out / f"{name}.pth")
    torch.save({k: nn.Parameter(v) if v.is_floating_point() else v for k, v in state.items()}, out / "parameters.pth")
    torch.jit.script(Wrapped(seeded_net())).save(out / "torchscript.pt")
    tensor_file.write(out / "small.safetensors", {k: v.numpy() for k, v in state.items()}, {"made by": "weights.py"})
    floats = {k: v.numpy() for k, v in state.items() if v.is_floating_point()}
    initialisers = [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in floats.items()]
    initialisers[0] = helper.make_tensor("conv.weight", TensorProto.FLOAT, list(floats["conv.weight"].shape),
                                         floats["conv.weight"].ravel().tolist())  # float_data instead of raw_data
    half = floats["head.0.bias"].astype(np.float16)
    initialisers.append(helper.make_tensor("half", TensorProto.FLOAT16, list(half.shape), half.astype(float).tolist()))
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "small",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])], initialisers)
    onnx.save(helper.make_model(graph, producer_name="weights.py"), out / "small.onnx")
    print(sorted((p.name, p.stat().st_size) for p in out.iterdir()))


if __name__ == "__main__":
    main()
