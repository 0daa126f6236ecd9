"""python -m hairline_train RECIPE --out DIR"""
import argparse
import signal

import torch

from . import recipe as recipes
from .scenes import Scenes
from .train import Run


def main():
    p = argparse.ArgumentParser(prog="hairline_train", description="Trains a network by a recipe; goes on where it was.")
    p.add_argument("recipe", help="a file, or a name in recipes/")
    p.add_argument("--out", required=True, help="folder for log.jsonl, checkpoints and sheets")
    p.add_argument("--scenes", default="build/python/libhairline_synth.so", help="the C++ scenes")
    p.add_argument("--hairline", default="build/hairline", help="the command, which describes networks")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--precision", choices=["f32", "bf16"],
                   help="of convolutions; bf16 on a GPU unless said otherwise (faster too on CPUs with AVX512-BF16)")
    p.add_argument("--threads", type=int, default=1, help="of PyTorch and of the scenes, each")
    p.add_argument("--steps", type=int, help="stop after so many steps more")
    a = p.parse_args()
    torch.set_num_threads(a.threads)

    def make_scenes(options, seed):
        return Scenes(a.scenes, options, seed, a.threads)

    precision = a.precision or ("bf16" if a.device.startswith("cuda") else "f32")
    run = Run(recipes.load(a.recipe), a.out, make_scenes, a.hairline, a.device, precision)
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda *_: setattr(run, "stopping", True))
    run.train(a.steps)


if __name__ == "__main__":
    main()
