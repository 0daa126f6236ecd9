"""Weights and pictures that C++ and Python make alike from names and a seed, so that goldens need no stored weights.

The twin of include/hairline/weights/seeded.hpp: value i of the tensor called NAME is splitmix64(fnv1a(NAME) + seed * K + i).
"""
import numpy as np

GOLDEN_RATIO = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def uniform(name, count, seed=0):
    """`count` doubles in [0, 1), multiples of 2^-24."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    start = (state + seed * GOLDEN_RATIO) & MASK
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN_RATIO) + np.uint64(start)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2.0**24


def tensor(name, shape, seed=0):
    """The weights called NAME: convolutions keep the variance of a ReLU network, statistics are really random, and the
    heads are small and centred so that alpha and error live inside (0, 1) instead of saturating."""
    count = int(np.prod(shape)) if shape else 1
    u = uniform(name, count, seed)
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if len(shape) == 4:
        fan_in = shape[1] * shape[2] * shape[3]
        values = (2 * u - 1) * np.sqrt(6.0 / fan_in)
        if name.endswith("conv4.weight"):
            values = values * 0.6
    elif leaf == "running_var":
        values = 0.5 + u
    elif leaf == "running_mean":
        values = 0.4 * u - 0.2
    elif name.endswith("conv4.bias"):
        values = 0.4 * u - 0.2
        values[0] = 0.5  # alpha
        values[4:5] = 0.6  # error: some cells below zero, some below the default threshold
    elif leaf == "weight":
        values = 0.5 + u
        if name.endswith("bn3.weight") or name.endswith("conv.3.weight"):
            values = values * 0.3  # keeps a sum of many residuals from growing
    else:
        values = 0.4 * u - 0.2
    return values.astype(np.float32).reshape(shape)
