"""The training losses, equal to the headers in include/hairline/losses (a test compares both). Tensors (B, C, H, W)."""
import torch
import torch.nn.functional as F


def resize(x, like):
    return x if x.shape[-2:] == like.shape[-2:] else F.interpolate(x, like.shape[-2:], mode="bilinear")


def alpha_l1(alpha, truth):
    return (alpha - truth).abs().mean()


def sobel(x):
    """Magnitude of the gradient: Sobel / 8, borders replicated."""
    p = F.pad(x, (1, 1, 1, 1), mode="replicate")
    rows = p[:, :, :-2] + 2 * p[:, :, 1:-1] + p[:, :, 2:]
    columns = p[..., :-2] + 2 * p[..., 1:-1] + p[..., 2:]
    gx, gy = (rows[..., 2:] - rows[..., :-2]) / 8, (columns[:, :, 2:] - columns[:, :, :-2]) / 8
    return torch.sqrt(gx ** 2 + gy ** 2 + 1e-6)


def sobel_magnitude(alpha, truth):
    return (sobel(alpha) - sobel(truth)).abs().mean()


def foreground_l1(foreground, truth, true_alpha):
    """Where the true alpha is not 0; the mean is over all pixels."""
    return ((foreground - truth).abs() * (true_alpha > 0)).mean()


def error_map_mse(error, alpha, truth, alpha_learns):
    wrong = (alpha - truth).abs()
    return ((error - (wrong if alpha_learns else wrong.detach())) ** 2).mean()


def bgmv2_base(found, truth):
    """Terms of Background Matting V2's first stage, by name."""
    alpha, true_alpha = found["pha"], truth["alpha"]
    return {"alpha": alpha_l1(alpha, true_alpha),
            "gradient": sobel_magnitude(alpha, true_alpha),
            "foreground": foreground_l1(found["fgr"], truth["foreground"], true_alpha),
            "error": error_map_mse(found["err"], alpha, true_alpha, False)}


def bgmv2_joint(found, truth):
    """Terms of its second stage: refined and coarse results."""
    true_alpha, coarse = truth["alpha"], found["pha_sm"]
    true_coarse = resize(true_alpha, coarse)
    return {"alpha": alpha_l1(found["pha"], true_alpha),
            "coarse_alpha": alpha_l1(coarse, true_coarse),
            "gradient": sobel_magnitude(found["pha"], true_alpha),
            "coarse_gradient": sobel_magnitude(coarse, true_coarse),
            "foreground": foreground_l1(found["fgr"], truth["foreground"], true_alpha),
            "coarse_foreground": foreground_l1(found["fgr_sm"], resize(truth["foreground"], coarse), true_coarse),
            "error": error_map_mse(resize(found["err_sm"], true_alpha), resize(coarse, true_alpha), true_alpha, True)}


def bgmv2_joint_squared(found, truth):
    """These and squared errors of the refined alpha, three times as much where the coarse one is wrong: absolute errors
    alone leave what is more likely the subject's than not at an alpha of 1."""
    true_alpha = truth["alpha"]
    wrong = (resize(found["pha_sm"], true_alpha) - true_alpha).abs().detach() > 0.3
    return bgmv2_joint(found, truth) | {"squared": ((found["pha"] - true_alpha) ** 2 * (1 + 2 * wrong)).mean()}


LOSSES = {f.__name__: f for f in (bgmv2_base, bgmv2_joint, bgmv2_joint_squared)}


def total(terms, weights):
    return sum(weights.get(name, 1.0) * term for name, term in terms.items())
