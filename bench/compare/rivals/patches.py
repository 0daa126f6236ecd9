"""Background Matting V2 with a patch gather that engines can run: the plain torch model, but for the refiner's loops.

The plain model cuts and writes one patch after the other. Here a frame's count of patches is fixed (sampling mode without
prevention of oversampling), and they are gathered and scattered at once, in one of the forms that users of the engines
choose between:

  unfold   a strided view of all windows, indexed by the chosen cells      (PyTorch only)
  flat     elements of the plane picked by computed positions
  rows     the plane with channels last, whole pixels picked by position
  blocks   the plane cut into cells, each window put together from the cells that it covers
"""
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "python" / "golden"))
from background_matting_v2 import BackgroundMattingV2, Refiner  # noqa: E402

GATHERS = ("unfold", "flat", "rows", "blocks")
CELL = 4


def resize(x, height, width):
    return F.interpolate(x, (height, width), mode="bilinear", align_corners=False)


def window_positions(row, column, core, size, width):
    """(k, size * size) positions in a plane of that width, of the windows that start at cells times core."""
    steps = torch.arange(size)
    rows = (row * core)[:, None] + steps                                    # (k, size)
    columns = (column * core)[:, None] + steps
    return (rows[:, :, None] * width + columns[:, None, :]).flatten(1)


def crop(x, row, column, core, size, gather):
    """Windows of size x size of a padded picture (1, C, H, W) -> (k, C, size, size)."""
    _, channels, height, width = x.shape
    if gather == "unfold":
        windows = x[0].permute(1, 2, 0).unfold(0, size, core).unfold(1, size, core)   # (rows, columns, C, size, size)
        return windows[row, column]
    if gather == "blocks":
        count = size // core
        grid = x.view(channels, height // core, core, width // core, core).permute(1, 3, 0, 2, 4)
        grid = grid.reshape(-1, channels * core * core)                     # one line for every cell
        index = window_positions(row, column, 1, count, width // core)      # (k, count * count)
        parts = torch.index_select(grid, 0, index.flatten()).view(-1, count, count, channels, core, core)
        return parts.permute(0, 3, 1, 4, 2, 5).reshape(-1, channels, size, size)
    index = window_positions(row, column, core, size, width).flatten()
    if gather == "flat":
        picked = torch.index_select(x.reshape(channels, -1), 1, index)
        return picked.view(channels, -1, size, size).permute(1, 0, 2, 3)
    picked = torch.index_select(x[0].permute(1, 2, 0).reshape(-1, channels), 0, index)
    return picked.view(-1, size, size, channels).permute(0, 3, 1, 2)


class PatchRefiner(Refiner):
    """The refiner with a fixed count of patches; same parameters, same keys."""
    gather = "flat"
    patches = 5000
    layout = torch.contiguous_format

    def forward(self, src, bgr, pha, residual, err, hid, **choice):
        height, width = src.shape[-2:]
        half_pad, full_pad = (3, 2) if self.kernel == 3 else (0, 0)
        cells_high, cells_wide = height // CELL, width // CELL
        if err.shape[-2:] != (cells_high, cells_wide):
            err = resize(err, cells_high, cells_wide)
        chosen = torch.topk(err.reshape(-1), self.patches, sorted=False).indices
        chosen = torch.sort(chosen).values  # in order of the picture, as finding the marks of a mask gives them
        row = torch.div(chosen, cells_wide, rounding_mode="floor")
        column = chosen - row * cells_wide

        coarse = torch.cat([pha, residual], 1)
        full = torch.cat([src, bgr], 1)
        half = torch.cat([resize(torch.cat([hid, coarse], 1), height // 2, width // 2), resize(full, height // 2, width // 2)], 1)
        x = crop(F.pad(half, (half_pad,) * 4), row, column, 2, 2 + 2 * half_pad, self.gather)
        x = x.contiguous(memory_format=self.layout)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        y = crop(F.pad(full, (full_pad,) * 4), row, column, 4, 4 + 2 * full_pad, self.gather)
        x = self.conv4(F.relu(self.bn3(self.conv3(torch.cat([x, y], 1)))))  # (k, 4, 4, 4)
        return self.replace(resize(coarse, height, width), x, chosen, row, column)

    def replace(self, plane, x, chosen, row, column):
        _, channels, height, width = plane.shape
        if self.gather == "blocks" or self.gather == "unfold":
            grid = plane.view(channels, height // CELL, CELL, width // CELL, CELL).permute(1, 3, 0, 2, 4)
            grid = grid.reshape(-1, channels, CELL, CELL)
            grid = grid.index_put((chosen,), x)
            plane = grid.view(height // CELL, width // CELL, channels, CELL, CELL).permute(2, 0, 3, 1, 4)
            plane = plane.reshape(1, channels, height, width)
        else:
            index = window_positions(row, column, CELL, CELL, width).flatten()  # (k * 16)
            values = x.permute(1, 0, 2, 3).reshape(channels, -1)
            plane = torch.scatter(plane.reshape(channels, -1), 1, index[None].expand(channels, -1), values)
            plane = plane.view(1, channels, height, width)
        return plane[:, :1], plane[:, 1:]


class PatchNetwork(BackgroundMattingV2):
    """(src, bgr) -> (alpha, foreground) with the options fixed, as an engine's graph wants it. Sizes are multiples of 4."""

    def __init__(self, backbone, scale, sample_pixels, gather="flat"):
        super().__init__(backbone)
        self.scale = scale
        self.refiner.__class__ = PatchRefiner
        self.refiner.gather = gather
        self.refiner.patches = sample_pixels // (CELL * CELL)

    def small(self, x):
        return resize(x, int(x.shape[-2] * self.scale), int(x.shape[-1] * self.scale))

    def forward(self, src, bgr):
        pha, residual, err, hid = self.coarse(self.small(src), self.small(bgr))
        pha, residual = self.refiner(src, bgr, pha, residual, err, hid)
        return pha.clamp(0, 1), (residual + src).clamp(0, 1)


class BaseNetwork(BackgroundMattingV2):
    """The coarse network alone, on pictures of the coarse size -> (alpha, residual, error, hidden)."""

    def __init__(self, backbone):
        super().__init__(backbone)
        self.refiner = nn.Identity()

    def forward(self, src, bgr):
        return self.coarse(src, bgr)
