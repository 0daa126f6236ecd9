"""Builds the module tree from the nodes' names and runs the nodes in order."""
import json

import torch
import torch.nn.functional as F
from torch import nn

OPS = {}
REFINE_MODES = ("sampling", "thresholding", "full", "none")
CELL_PIXELS = 16


def op(name):
    """Registers how a node kind runs: f(node, module, inputs, options). A new layer of the C++ side needs one of these."""
    def register(function):
        OPS[name] = function
        return function
    return register


class Network(nn.Module):
    """The network of a description; parameters under their published keys."""

    def __init__(self, description):
        super().__init__()
        if description.get("format") != "hairline graph 1":
            raise ValueError(f"wanted a description of format 'hairline graph 1', given {description.get('format')!r}")
        unknown = sorted({n["op"] for n in description["nodes"]} - OPS.keys() - {"input"})
        if unknown:
            raise ValueError(f"no torch operation for {', '.join(unknown)}; register one with hairline_torch.op")
        self.description = description
        for node in description["nodes"]:
            module = make_module(node)
            if module is not None:
                self._place(node["name"], module)

    @classmethod
    def from_file(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    def _place(self, path, module):
        parent, *_ = self,
        *parts, last = path.split(".")
        for part in parts:
            if part not in parent._modules:
                parent.add_module(part, nn.Module())
            parent = parent._modules[part]
        if last in parent._modules:
            raise ValueError(f"two nodes with parameters are called {path}")
        parent.add_module(last, module)

    def forward(self, **given):
        """Pictures by input name, run options by theirs (refine_mode also as text); returns the results by name."""
        nodes = self.description["nodes"]
        values = []
        names = [n["name"] for n in nodes[:self.description["inputs"]]]
        missing = [n for n in names if n not in given]
        if missing:
            raise ValueError(f"wanted pictures {', '.join(names)}; missing {', '.join(missing)}")
        options = {k: v for k, v in given.items() if k not in names}
        if isinstance(options.get("refine_mode"), int):
            options["refine_mode"] = REFINE_MODES[options["refine_mode"]]
        for node in nodes:
            if node["op"] == "input":
                values.append(given[node["name"]])
                continue
            module = self.get_submodule(node["name"]) if node["parameters"] else None
            values.append(OPS[node["op"]](node, module, [values[i] for i in node["inputs"]], options))
        return {o["name"]: values[o["node"]] for o in self.description["outputs"]}


def make_module(node):
    a = node["attributes"]
    if node["op"] == "conv2d":
        return nn.Conv2d(node["in_channels"], node["channels"], a["kernel"], a["stride"], a["padding"], a["dilation"],
                         a["groups"], bool(a["bias"]))
    if node["op"] == "batch_norm":
        return nn.BatchNorm2d(node["channels"], eps=a["epsilon"])
    return Tensors(node["parameters"]) if node["parameters"] else None


class Tensors(nn.Module):
    """The tensors of a layer that torch has no module for, all zero until a state dict is loaded."""

    def __init__(self, parameters):
        super().__init__()
        for p in parameters:
            if p["trained"]:
                self.register_parameter(p["name"], nn.Parameter(torch.zeros(p["shape"])))
            else:
                self.register_buffer(p["name"], torch.zeros(p["shape"], dtype=torch.int64 if p["counter"] else None))


def resize(x, height, width):
    return F.interpolate(x, (height, width), mode="bilinear", align_corners=False)


@op("conv2d")
@op("batch_norm")
def call_module(node, module, inputs, options):
    return module(inputs[0])


@op("relu")
def relu(node, module, inputs, options):
    return F.relu(inputs[0])


@op("relu6")
def relu6(node, module, inputs, options):
    return F.relu6(inputs[0])


@op("clamp01")
def clamp01(node, module, inputs, options):
    return inputs[0].clamp(0, 1)


@op("max_pool")
def max_pool(node, module, inputs, options):
    a = node["attributes"]
    return F.max_pool2d(inputs[0], a["kernel"], a["stride"], a["padding"])


@op("global_average_pool")
def global_average_pool(node, module, inputs, options):
    return inputs[0].mean((2, 3), keepdim=True)


@op("resize_bilinear_like")
def resize_like(node, module, inputs, options):
    divisor = node["attributes"]["divisor"]
    return resize(inputs[0], inputs[1].shape[-2] // divisor, inputs[1].shape[-1] // divisor)


@op("upsample_nearest")
def upsample_nearest(node, module, inputs, options):
    return F.interpolate(inputs[0], scale_factor=node["attributes"]["factor"], mode="nearest")


@op("downsample_bilinear")
def downsample(node, module, inputs, options):
    divisor = node["attributes"]["divisor"]
    return resize(inputs[0], inputs[0].shape[-2] // divisor, inputs[0].shape[-1] // divisor)


@op("scale_bilinear")
def scale(node, module, inputs, options):
    factor = options.get("backbone_scale", node["attributes"]["scale"])
    return resize(inputs[0], int(inputs[0].shape[-2] * factor), int(inputs[0].shape[-1] * factor))


@op("pad_to_multiple")
def pad_to_multiple(node, module, inputs, options):
    multiple = node["attributes"]["multiple"]
    height, width = inputs[0].shape[-2:]
    return F.pad(inputs[0], (0, -width % multiple, 0, -height % multiple), mode="replicate")


@op("crop_like")
def crop_like(node, module, inputs, options):
    return inputs[0][..., :inputs[1].shape[-2], :inputs[1].shape[-1]]


@op("add")
def add(node, module, inputs, options):
    return inputs[0] + inputs[1]


@op("concat")
def concat(node, module, inputs, options):
    return torch.cat(inputs, 1)


@op("slice")
def take_channels(node, module, inputs, options):
    first = node["attributes"]["first"]
    return inputs[0][:, first:first + node["channels"]]


@op("select_cells")
def select_cells(node, module, inputs, options):
    """(n, 4): picture, row, column, share of the refinement that counts; larger errors first, ties to the lower index."""
    error = inputs[0][:, 0].detach()
    mode = options.get("refine_mode", "sampling")
    line = torch.zeros(len(error))
    if mode == "thresholding":
        line += options.get("refine_threshold", 0.1)
        mask = error > options.get("refine_threshold", 0.1)
    elif mode == "sampling":
        flat = error.flatten(1)
        count = min(int(options.get("refine_sample_pixels", 80000)) // CELL_PIXELS, flat.shape[1])
        found = torch.sort(flat, dim=1, descending=True, stable=True)
        if 0 < count < flat.shape[1]:
            line = found.values[:, count - 1]
        mask = torch.zeros_like(flat, dtype=torch.bool).scatter_(1, found.indices[:, :count], True)
        if options.get("refine_prevent_oversampling", True):
            least = max(options.get("refine_least_error", 0.0), 0.0)
            mask &= flat > least
            line = line.clamp(min=least)
        mask = mask.view_as(error)
    elif mode in ("full", "none"):
        mask = torch.zeros_like(error, dtype=torch.bool)
    else:
        raise ValueError(f"refine_mode is {mode!r}, wanted one of {', '.join(REFINE_MODES)}")
    cells, fade = torch.nonzero(mask), options.get("refine_fade", 0.0)
    line = line.to(error)[cells[:, 0]]
    share = torch.where((line > 0) & (fade > 0), (error[mask] - line) / (line * fade), 1).clamp(0, 1)
    return torch.cat([cells, share.double()[:, None]], 1)


def places(cells):
    """Picture, row and column of each cell."""
    return cells[:, :3].long().unbind(1)


def dense(options):
    return options.get("refine_mode", "sampling") == "full"


@op("crop_patches")
def crop_patches(node, module, inputs, options):
    core, pad = node["attributes"]["core"], node["attributes"]["padding"]
    x = F.pad(inputs[0], (pad,) * 4)
    if dense(options):
        return x
    cells, size = inputs[1], core + 2 * pad
    windows = x.unfold(2, size, core).unfold(3, size, core)  # (B, C, rows, columns, size, size)
    picture, row, column = places(cells)
    return windows[picture, :, row, column]


@op("replace_patches")
def replace_patches(node, module, inputs, options):
    base, patches, cells = inputs
    if dense(options):
        return patches
    size = patches.shape[-1] if len(patches) else 4
    batch, channels, height, width = base.shape
    grid = base.view(batch, channels, height // size, size, width // size, size).permute(0, 2, 4, 1, 3, 5).clone()
    share = cells[:, 3].to(patches)[:, None, None, None]
    coarse = grid[places(cells)]
    grid[places(cells)] = torch.where(share < 1, coarse + share * (patches - coarse), patches)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(base.shape)


@op("cells_mask")
def cells_mask(node, module, inputs, options):
    mask = torch.ones_like(inputs[0]) if dense(options) else torch.zeros_like(inputs[0])
    picture, row, column = places(inputs[1])
    mask[picture, 0, row, column] = 1
    return mask
