"""The training loop: stages, checkpoints, log, validation."""
import json
import os
import pathlib
import queue
import threading
import time

import safetensors.torch
import torch

import hairline_torch
from . import losses, recipe as recipes
from .samples import Pool, Samples, fixed_set
from .sheet import sheet, write_png

VALIDATION_SEED = 7_777_777  # no training seed


class KindClamp(torch.autograd.Function):
    """Clamps to [0,1]; what lies outside still gets gradients that lead inside."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.clamp(0, 1)

    @staticmethod
    def backward(context, gradient):
        x, = context.saved_tensors
        return torch.where(((x < 0) & (gradient > 0)) | ((x > 1) & (gradient < 0)), 0, gradient)


@hairline_torch.op("clamp01")
def clamp01(node, module, inputs, options):
    return KindClamp.apply(inputs[0]) if torch.is_grad_enabled() else inputs[0].clamp(0, 1)


def start(network, seed, difference_at=None):
    """Random weights. The convolution `difference_at` reads picture and plate: its first channels start as their
    difference, point by point and smoothed, both signs."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
    if difference_at:
        weight = network.get_submodule(difference_at).weight
        middle = weight.shape[-1] // 2
        with torch.no_grad():
            weight *= 0.3
            for i in range(min(12, weight.shape[0])):
                colour, sign, smooth = i % 3, 1 - 2 * (i // 3 % 2), i >= 6
                where = (slice(None), slice(None)) if smooth else (middle, middle)
                scale = 1 / weight[0, 0].numel() if smooth else 1
                weight[i, colour][where] += sign * scale
                weight[i, colour + 3][where] -= sign * scale


def read_weights(path):
    """A state dict from a file of PyTorch's or .safetensors."""
    if str(path).endswith(".safetensors"):
        return safetensors.torch.load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def at_step(options, step):
    """Run options of which lists are gone through step by step."""
    return {k: v[step % len(v)] if isinstance(v, list) else v for k, v in options.items()}


def fix_rows(parameter, count):
    """The first rows of a parameter do not learn."""
    parameter.register_hook(lambda gradient: torch.cat([torch.zeros_like(gradient[:count]), gradient[count:]]))


def begins(name, prefixes):
    return any(name.startswith(p) for p in prefixes)


class Average:
    """Exponential moving average of a network's state."""

    def __init__(self, network, decay):
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network, step):
        decay = min(self.decay, (step + 1) / (step + 10))
        for name, value in network.state_dict().items():
            mine = self.state[name]
            if mine.is_floating_point():
                mine.lerp_(value.detach(), 1 - decay)
            else:
                mine.copy_(value)


def save(path, content):
    """Written beside and renamed: a kill leaves the old file or the new one."""
    partial = pathlib.Path(f"{path}.part")
    torch.save(content, partial)
    os.replace(partial, path)


class Ahead:
    """Batches made by a thread while the last one is learnt from."""

    def __init__(self, samples, first, end, depth=3):
        self.queue, self.ended = queue.Queue(depth), threading.Event()
        self.thread = threading.Thread(target=self._make, args=(samples, first, end), daemon=True)
        self.thread.start()

    def _make(self, samples, first, end):
        try:
            for step in range(first, end):
                if self.ended.is_set():
                    return
                self._put(samples.batch(step))
        except BaseException as e:  # noqa: BLE001: whoever takes the next batch gets it
            self._put(e)

    def _put(self, item):
        while not self.ended.is_set():
            try:
                return self.queue.put(item, timeout=1)
            except queue.Full:
                pass

    def take(self):
        item = self.queue.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def end(self):
        self.ended.set()
        self.thread.join()


class Run:
    """One recipe into one folder: log.jsonl, checkpoint.pt, STAGE.pt, sheets/."""

    def __init__(self, recipe, out, make_scenes, command="hairline", device="cpu", precision="f32"):
        self.recipe, self.out, self.make_scenes, self.command = recipe, pathlib.Path(out), make_scenes, command
        self.device, self.precision = torch.device(device), precision
        self.truths = {}  # of validation, by side
        self.stopping = False  # set it, and the run ends after its present step as if it had been asked to
        (self.out / "sheets").mkdir(parents=True, exist_ok=True)

    def log(self, **record):
        with open(self.out / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def train(self, stop_after=None):
        """All stages that are not done yet; stop_after: only so many steps more."""
        resumed = None
        if (self.out / "checkpoint.pt").exists():
            resumed = torch.load(self.out / "checkpoint.pt", map_location="cpu", weights_only=True)
        first = resumed["stage"] if resumed else 0
        state = None
        for index in range(first, len(self.recipe["stages"])):
            stage = self.recipe["stages"][index]
            if "mean" in stage:
                state = self.mean(stage)
                continue
            here = resumed if resumed and index == first else None
            if here is None and index > 0 and state is None:
                before = self.recipe["stages"][index - 1]["name"]
                state = read_weights(self.out / f"{before}.pt")
            state, left = self.train_stage(index, stage, here, state, stop_after)
            if left is not None:
                stop_after = left
                if left <= 0:
                    return

    def mean(self, stage):
        """A stage of no steps: what those that "mean" names handed on, each with its weight."""
        states = {n: read_weights(self.out / f"{n}.pt") for n in stage["mean"]}
        whole, last = sum(stage["mean"].values()), list(states.values())[-1]
        state = {k: sum(w / whole * states[n][k].double() for n, w in stage["mean"].items()).to(v.dtype)
                 if v.is_floating_point() else v for k, v in last.items()}
        save(self.out / f"{stage['name']}.pt", state)
        return state

    def make_network(self, stage, before):
        network = hairline_torch.Network(recipes.description(stage["network"], self.command))
        start(network, self.recipe["seed"], stage.get("difference_at"))
        if "from" in stage and before is None:
            before = read_weights(stage["from"])
            if not before.keys() & network.state_dict().keys():
                raise ValueError(f"{stage['from']} has no weights of {stage['network']}: wanted "
                                 f"{next(iter(network.state_dict()))!r} and others, given {next(iter(before), 'none')!r}")
        if before is not None:  # the weights of the stage before, as far as this network has them
            kept = {k: v for k, v in before.items() if k in network.state_dict()}
            network.load_state_dict({**network.state_dict(), **kept})
        return network.to(self.device).to(memory_format=torch.channels_last)

    def make_optimizer(self, network, stage):
        o, learn = stage["optimizer"], stage.get("learn")
        if "fixed_rows" in stage and o.get("weight_decay"):
            raise ValueError(f"stage {stage['name']!r} has fixed_rows and weight_decay, which would move them")
        groups = {prefix: [] for prefix in o.get("groups", {})} | {"": []}
        for name, parameter in network.named_parameters():
            if learn is not None and not begins(name, learn):
                parameter.requires_grad_(False)
                continue
            for rows in (n for prefix, n in stage.get("fixed_rows", {}).items() if name.startswith(prefix)):
                fix_rows(parameter, rows)
            groups[next(p for p in groups if name.startswith(p))].append(parameter)
        factors = o.get("groups", {}) | {"": 1.0}
        return torch.optim.AdamW([{"params": g, "factor": factors[p]} for p, g in groups.items() if g], lr=o["rate"],
                                 betas=tuple(o.get("betas", [0.9, 0.999])), weight_decay=o.get("weight_decay", 0.0))

    def learn(self, network, optimizer, stage, step, batch):
        """One step; the terms of its loss."""
        torch.manual_seed(self.recipe["seed"] * 7919 + step)
        network.train()
        for name, module in network.named_modules():
            if isinstance(module, torch.nn.BatchNorm2d) and begins(name, stage.get("fixed_norms", [])):
                module.eval()
        for group in optimizer.param_groups:
            group["lr"] = stage["optimizer"]["rate"] * group["factor"] * recipes.rate(
                stage.get("schedule", {}), step, stage["steps"])
        batch = {k: v.to(self.device, memory_format=torch.channels_last) for k, v in batch.items()}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            found = network(src=batch["src"], bgr=batch["bgr"], **at_step(stage.get("options", {}), step))
        terms = losses.LOSSES[stage["loss"]]({k: v.float() for k, v in found.items()}, batch)
        loss = losses.total(terms, stage.get("weights", {}))
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} at step {step}")
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), stage["optimizer"].get("clip", 1.0))
        optimizer.step()
        return {k: v.item() for k, v in terms.items()}

    def train_stage(self, index, stage, resumed, before, stop_after):
        network = self.make_network(stage, before)
        optimizer = self.make_optimizer(network, stage)
        average = Average(network, stage.get("average", 0.999))
        step = 0
        if resumed:
            step = resumed["step"]
            network.load_state_dict(resumed["network"])
            optimizer.load_state_dict(resumed["optimizer"])
            average.state = {k: v.to(self.device) for k, v in resumed["average"].items()}
        p = stage["pool"]
        scenes = self.make_scenes(p.get("scenes", {}), self.recipe["seed"] + index)
        pool = Pool(scenes, **{k: v for k, v in p.items() if k != "scenes"})
        samples = Samples(pool, stage["samples"], self.recipe["seed"] + index)
        end = stage["steps"] if stop_after is None else min(stage["steps"], step + stop_after)
        ahead, began, sums, saved = Ahead(samples, step, end), time.monotonic(), {}, time.monotonic()
        every, checks = self.recipe.get("log_every", 100), self.recipe["validation"]
        left = None if stop_after is None else stop_after - (end - step)
        try:
            since = step
            while step < end:
                for name, value in self.learn(network, optimizer, stage, step, ahead.take()).items():
                    sums[name] = sums.get(name, 0.0) + value
                average.update(network, step)
                step += 1
                if self.stopping:
                    end, left = step, 0
                if step % every == 0 or step == end:
                    done = step - since
                    self.log(stage=stage["name"], step=step, seconds=round(time.monotonic() - began, 1),
                             rate=optimizer.param_groups[-1]["lr"], **{k: round(v / done, 6) for k, v in sums.items()})
                    sums, since, began = {}, step, time.monotonic()
                if step % checks["every"] == 0 or step == stage["steps"]:
                    self.validate(index, stage, network, average, step)
                if step == end or time.monotonic() - saved > self.recipe.get("save_seconds", 300):
                    save(self.out / "checkpoint.pt", {
                        "stage": index, "step": step, "network": network.state_dict(),
                        "optimizer": optimizer.state_dict(), "average": average.state})
                    state = self.result(index, stage, average.state, step)
                    save(self.out / f"{stage['name']}.pt", {k: v.contiguous() for k, v in state.items()})
                    saved = time.monotonic()
        finally:
            ahead.end()
        return self.result(index, stage, average.state, step), left

    def result(self, index, stage, state, step):
        """What a stage hands on: its averaged weights, at its end those that "keep" names on the way back to its start."""
        keep = stage.get("keep", {})
        if not keep or step < stage["steps"]:
            return state
        before = torch.load(self.out / f"{self.recipe['stages'][index - 1]['name']}.pt", map_location=self.device,
                            weights_only=True)
        share = {k: next((keep[p] for p in keep if k.startswith(p)), 0.0) for k in state}
        return {k: v + share[k] * (before[k] - v) if k in before and v.is_floating_point() else v
                for k, v in state.items()}

    @torch.no_grad()
    def validate(self, index, stage, network, average, step):
        """Errors of the averaged weights on scenes that training never shows, at several sizes; a sheet of the first."""
        own = {k: v.clone() for k, v in network.state_dict().items()}
        network.load_state_dict(average.state)
        network.eval()
        checks, record = self.recipe["validation"], {}
        for side in stage.get("validate_at", checks["sides"]):
            if side not in self.truths:
                scenes = self.make_scenes(checks.get("scenes", {}), VALIDATION_SEED)
                self.truths[side] = fixed_set(scenes, 0, checks["count"], max(side, checks["size"]), side)
            truth = self.truths[side]
            parts = []
            for first in range(0, checks["count"], 8):
                some = {k: v[first:first + 8].to(self.device) for k, v in truth.items()}
                parts.append(network(src=some["src"], bgr=some["bgr"], **at_step(stage.get("options", {}), 0)))
            found = {k: torch.cat([p[k].float().cpu() for p in parts]) for k in parts[0]}
            d = found["pha"] - truth["alpha"]
            record[f"mse_{side}"], record[f"mad_{side}"] = round((d ** 2).mean().item(), 6), round(d.abs().mean().item(), 6)
            write_png(self.out / "sheets" / f"{stage['name']}_{step:07d}_{side}.png", sheet(truth, found))
        network.load_state_dict(own)
        self.log(stage=stage["name"], step=step, validation=record)
