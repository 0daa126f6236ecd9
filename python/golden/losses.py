"""Records what PyTorch computes for the losses of the papers, with autograd's gradients, in double.

Each loss is written as the paper or its published program has it (batch of one, NCHW), not as the headers have it.
usage: losses.py OUT_FILE        (make golden)
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F

from seeded import uniform
import tensor_file

SMALL, LARGE = (11, 13), (35, 38)  # rows, columns; the pyramids need 32 at least, and odd sizes on the way down


def picture(name, size, channels):
    h, w = size
    values = uniform(name, h * w * channels) * 1.6 - 0.3  # some of it is cut off at 0 and 1
    return torch.from_numpy(np.clip(values, 0, 1).reshape(h, w, channels)).permute(2, 0, 1)[None]


def inputs(size):
    x = {name: picture(name, size, c) for name, c in [
        ("alpha", 1), ("true_alpha", 1), ("foreground", 3), ("true_foreground", 3), ("background", 3),
        ("true_background", 3), ("picture", 3), ("error", 1), ("weights", 1), ("unknown", 1), ("equal", 1)]}
    x["unknown"] = (x["unknown"] > 0.35).double()
    same = x.pop("equal") < 0.1  # a prediction that is exactly right has derivative 0
    x["alpha"] = torch.where(same, x["true_alpha"], x["alpha"])
    x["foreground"] = torch.where(same, x["true_foreground"], x["foreground"])
    return x


# Background Matting v1: everything from -1 to 1

def signed(x):
    return 2 * x - 1


def normalized_l1(x, y, mask):
    loss = 0
    for i in range(len(x)):
        if mask[i].sum() > 0:
            loss = loss + ((x[i] * mask[i] - y[i] * mask[i]).abs().sum() / (mask[i].sum() + 1e-6))
    return loss / len(x)


def sobel_zero(x):
    kx = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=x.dtype)[None, None]
    return F.conv2d(x, kx, padding=1), F.conv2d(x, kx.transpose(2, 3), padding=1)


def bgmv1_gradient(x, y, mask):
    (ax, ay), (bx, by) = sobel_zero(x), sobel_zero(y)
    return normalized_l1(ax, bx, mask) + normalized_l1(ay, by, mask)


def bgmv1_compose(image, a, f, b, mask):
    alpha = (a + 1) / 2
    f = torch.where((a > 0.95).expand_as(f), image, f)
    return normalized_l1(image, alpha * f + (1 - alpha) * b, mask)


# Background Matting v2: kornia 0.4.1

def sobel_kornia(x):
    c = x.shape[1]
    kx = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=x.dtype) / 8
    k = torch.stack([kx, kx.T])[:, None]
    padded = F.pad(x.reshape(-1, 1, *x.shape[2:]), (1, 1, 1, 1), mode="replicate")
    g = F.conv2d(padded, k).reshape(len(x), c, 2, *x.shape[2:])
    return torch.sqrt(g[:, :, 0] ** 2 + g[:, :, 1] ** 2 + 1e-6)


# Deep Image Matting: the port's, colours from 0 to 255 in the second

def dim_alpha(p, t, unknown, stage0=False):
    d = p - t
    if stage0:
        return torch.sqrt((d * unknown) ** 2 + 1e-12).sum() / (unknown.sum() + 1)
    return (torch.sqrt(d ** 2 + 1e-12) * unknown).sum() / (unknown.sum() + 1)


def dim_composition(alpha, f, b, image, unknown):
    d = 255 * (alpha * f + (1 - alpha) * b) - 255 * image
    return (torch.sqrt(d ** 2 + 1e-12) / 255 * unknown).sum() / (unknown.sum() + 1) / 3


# FBA, as mmediting trains it

def masked_mean(loss, weight=None):
    if weight is None:
        return loss.mean()
    weight = weight.expand_as(loss)
    return (loss * weight).sum() / (weight.sum() + 1e-12)


def mmediting_kernel(size=5, sigma=2.0):
    grid = np.mgrid[0:size, 0:size].T.astype(np.float64)
    kernel = (np.exp((grid - size // 2) ** 2 / (-2 * sigma ** 2)) ** 2).sum(axis=2)
    return torch.from_numpy(kernel / kernel.sum())


def true_kernel(sigma):
    g = torch.exp(-torch.arange(-2.0, 3, dtype=torch.float64) ** 2 / (2 * sigma ** 2))
    return torch.outer(g, g) / g.sum() ** 2


def same_size_pyramid(x, kernel, levels, rest):
    bands = []
    for _ in range(levels):
        padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
        low = F.conv2d(padded, kernel.expand(x.shape[1], 1, 5, 5), groups=x.shape[1])
        bands.append(x - low)
        x = F.avg_pool2d(low, 2)
    return bands + [x] if rest else bands


def mmediting_laplacian(p, t, weight=None):
    loss = 0
    k = mmediting_kernel()
    for a, b in zip(same_size_pyramid(p, k, 5, True), same_size_pyramid(t, k, 5, True)):
        if weight is not None and weight.shape[2:] != a.shape[2:]:
            weight = F.interpolate(weight, scale_factor=0.5, mode="nearest")
        loss = loss + masked_mean((a - b).abs(), weight)
    return loss


def mmediting_gradient(p, t, weight=None):
    return sum(masked_mean((a - b).abs(), weight) for a, b in zip(sobel_zero(p), sobel_zero(t)))


def mmediting_exclusion(f, b, weight=None):
    kx = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=f.dtype)[None, None]
    steep = lambda x: sum(F.conv2d(x, k.repeat(1, 3, 1, 1), padding=1).abs() for k in (kx, kx.transpose(2, 3)))
    return masked_mean((steep(f) * steep(b)).abs(), weight)


# The papers' formulas

def weighted_bands(p, t):
    return sum(2 ** i * (a - b).abs().sum() for i, (a, b) in enumerate(zip(p, t)))


def fba_laplacian(p, t):
    k = true_kernel(1.056)
    return weighted_bands(same_size_pyramid(p, k, 5, False), same_size_pyramid(t, k, 5, False))


def burt_adelson(x, levels):
    row = torch.tensor([1.0, 4, 6, 4, 1], dtype=x.dtype) / 16
    kernel = torch.outer(row, row).expand(x.shape[1], 1, 5, 5)
    bands = []
    for _ in range(levels):
        down = F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), kernel, stride=2, groups=x.shape[1])
        wide = F.pad(down, (1, 1, 1, 1), mode="replicate")
        zeros = torch.zeros(*wide.shape[:2], 2 * wide.shape[2], 2 * wide.shape[3], dtype=x.dtype)
        zeros[..., ::2, ::2] = wide
        up = F.conv2d(zeros, 4 * kernel, groups=x.shape[1])[..., :x.shape[2], :x.shape[3]]
        bands.append(x - up)
        x = down
    return bands


def fba_slopes(x):
    k = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=x.dtype)[None, None] / 8
    k = k.expand(x.shape[1], 1, 3, 3)
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    return [F.conv2d(padded, kernel, groups=x.shape[1]) for kernel in (k, k.transpose(2, 3))]


def fba_exclusion(f, b):
    norm = lambda x: sum(g.abs() for g in fba_slopes(x))
    return (norm(f) * norm(b)).sum()


def cases():
    """name, size, the tensors that get a gradient, loss of the inputs"""
    yield "alpha_l1/bgmv2", SMALL, ["alpha"], lambda x: (x["alpha"] - x["true_alpha"]).abs().mean()
    yield "alpha_l1/gca", SMALL, ["alpha"], lambda x: (
        ((x["alpha"] - x["true_alpha"]).abs() * x["unknown"]).sum() / (x["unknown"].sum() + 1e-8))
    yield "alpha_l1/bgmv1", SMALL, ["signed_alpha"], lambda x: normalized_l1(
        signed(x["true_alpha"]), x["signed_alpha"], torch.ones_like(x["alpha"]))
    yield "alpha_l1/fba", SMALL, ["alpha"], lambda x: (x["alpha"] - x["true_alpha"]).abs().sum()
    yield "alpha_l1/fba_mmediting", SMALL, ["alpha"], lambda x: masked_mean(
        (x["alpha"] - x["true_alpha"]).abs(), x["weights"])
    yield "charbonnier/dim", SMALL, ["alpha"], lambda x: dim_alpha(x["alpha"], x["true_alpha"], x["unknown"])
    yield "charbonnier/dim_stage0", SMALL, ["alpha"], lambda x: dim_alpha(
        x["alpha"], x["true_alpha"], x["unknown"], True)
    yield "charbonnier/dim_mmediting", SMALL, ["alpha"], lambda x: masked_mean(
        torch.sqrt((x["alpha"] - x["true_alpha"]) ** 2 + 1e-12), x["unknown"])
    composed = ["alpha", "foreground", "background"]
    yield "compositional/dim", SMALL, composed, lambda x: dim_composition(
        x["alpha"], x["foreground"], x["background"], x["picture"], x["unknown"])
    yield "compositional/bgmv1", SMALL, ["alpha", "signed_foreground", "signed_background"], lambda x: bgmv1_compose(
        signed(x["picture"]), signed(x["alpha"]), x["signed_foreground"], x["signed_background"], x["unknown"])
    yield "compositional/fba", SMALL, composed, lambda x: (
        x["picture"] - x["alpha"] * x["foreground"] - (1 - x["alpha"]) * x["background"]).abs().sum()
    yield "compositional/fba_mmediting", SMALL, composed, lambda x: masked_mean(
        (x["picture"] - x["alpha"] * x["foreground"] - (1 - x["alpha"]) * x["background"]).abs(), x["weights"])
    yield "foreground_l1/bgmv2", SMALL, ["foreground"], lambda x: F.l1_loss(
        (x["true_alpha"] != 0) * x["foreground"], (x["true_alpha"] != 0) * x["true_foreground"])
    yield "foreground_l1/bgmv1", SMALL, ["signed_foreground"], lambda x: normalized_l1(
        signed(x["true_foreground"]), x["signed_foreground"], (signed(x["true_alpha"]) > -0.99).double())
    yield "foreground_l1/bgmv1_student", SMALL, ["signed_foreground"], lambda x: normalized_l1(
        signed(x["true_foreground"]), x["signed_foreground"], (signed(x["true_alpha"]) > -0.98).double())
    yield "foreground_l1/context_aware", SMALL, ["foreground"], lambda x: (
        (x["true_alpha"] > 0) * (x["true_foreground"] - x["foreground"])).abs().sum()
    yield "colour_l1/fba", SMALL, ["background"], lambda x: (x["background"] - x["true_background"]).abs().sum()
    yield "error_map_mse/bgmv2_base", SMALL, ["error"], lambda x: F.mse_loss(
        x["error"], (x["alpha"].detach() - x["true_alpha"]).abs())
    yield "error_map_mse/bgmv2_joint", SMALL, ["error", "alpha"], lambda x: F.mse_loss(
        x["error"], (x["alpha"] - x["true_alpha"]).abs())
    yield "least_squares_gan/generator", SMALL, ["foreground"], lambda x: F.mse_loss(
        x["foreground"], torch.ones_like(x["foreground"]))
    yield "least_squares_gan/discriminator", SMALL, ["foreground", "background"], lambda x: (
        0.5 * F.mse_loss(x["foreground"], torch.ones_like(x["foreground"]))
        + 0.5 * F.mse_loss(x["background"], torch.zeros_like(x["background"])))
    yield "sobel_magnitude/bgmv2", SMALL, ["alpha"], lambda x: F.l1_loss(
        sobel_kornia(x["alpha"]), sobel_kornia(x["true_alpha"]))
    yield "sobel_magnitude/weighted", SMALL, ["foreground"], lambda x: masked_mean(
        (sobel_kornia(x["foreground"]) - sobel_kornia(x["true_foreground"])).abs(), x["weights"])
    yield "sobel_components/bgmv1", SMALL, ["signed_alpha"], lambda x: bgmv1_gradient(
        signed(x["true_alpha"]), x["signed_alpha"], torch.ones_like(x["alpha"]))
    yield "sobel_components/fba", SMALL, ["alpha"], lambda x: sum(
        (a - b).abs().sum() for a, b in zip(fba_slopes(x["alpha"]), fba_slopes(x["true_alpha"])))
    yield "sobel_components/fba_mmediting", SMALL, ["alpha"], lambda x: mmediting_gradient(
        x["alpha"], x["true_alpha"], x["unknown"])
    yield "exclusion/fba", SMALL, ["foreground", "background"], lambda x: fba_exclusion(x["foreground"], x["background"])
    yield "exclusion/fba_mmediting", SMALL, ["foreground", "background"], lambda x: mmediting_exclusion(
        x["foreground"], x["background"], x["unknown"])
    yield "laplacian_pyramid/context_aware", LARGE, ["alpha"], lambda x: weighted_bands(
        burt_adelson(x["alpha"], 5), burt_adelson(x["true_alpha"], 5))
    yield "laplacian_pyramid/fba", LARGE, ["alpha"], lambda x: fba_laplacian(x["alpha"], x["true_alpha"])
    yield "laplacian_pyramid/fba_colour", LARGE, ["foreground"], lambda x: fba_laplacian(
        x["foreground"], x["true_foreground"])
    yield "laplacian_pyramid/fba_mmediting", LARGE, ["alpha"], lambda x: mmediting_laplacian(
        x["alpha"], x["true_alpha"], x["unknown"])
    yield "laplacian_pyramid/fba_mmediting_whole", LARGE, ["alpha"], lambda x: mmediting_laplacian(
        x["alpha"], x["true_alpha"])


def main():
    tensors = {}
    for name, size, wanted, loss in cases():
        x = inputs(size)
        for key in wanted:
            value = signed(x[key[len("signed_"):]]) if key.startswith("signed_") else x[key]
            x[key] = value.clone().requires_grad_()
        value = loss(x)
        value.backward()
        tensors[f"{name}/value"] = value.detach().numpy().reshape(1)
        for key in wanted:
            gradient = x[key].grad[0].permute(1, 2, 0).numpy()
            # Gradients to 8 digits; the value is what holds 16.
            tensors[f"{name}/{key.removeprefix('signed_')}"] = gradient.astype(np.float32)
    tensor_file.write(sys.argv[1], tensors, {"made_by": "python/golden/losses.py", "torch": torch.__version__})
    print(f"{len(list(cases()))} losses recorded")


if __name__ == "__main__":
    main()
