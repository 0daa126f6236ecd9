"""A torch.nn.Module of any hairline network, from the JSON that `hairline net show NET --json` prints.

    net = hairline_torch.Network.from_file("bgmv2.json")
    net.load_state_dict(torch.load("pytorch_mobilenetv2.pth"))
    results = net(src=src, bgr=bgr, refine_mode="sampling")       # tensors (B, C, H, W), results by name

The modules' names are the published keys, so state dicts go both ways unchanged: train here, deploy with hairline.
"""
from .network import Network, OPS, op

__all__ = ["Network", "OPS", "op"]
