"""One rival as a process of its own: imports, loads from disk, makes a first frame, then times frames of both error maps.

usage: worker.py RIVAL CASE FOLDER --threads N --warmup M --frames K [--save PREFIX]
Its last line is JSON. Pictures are float planes in memory before the clock starts; results stay where the engine leaves them.
Peak memory is the kernel's high-water mark of resident memory (VmHWM); the baseline is that mark right after the imports.
"""
import argparse
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))
from rivals.cases import CASES, MAPS, RIVALS  # noqa: E402


def memory(field):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


class Torch:
    """Eager, channels last, TorchScript or compiled, by name."""

    def __init__(self, name):
        import torch
        from rivals import patches
        self.torch, self.patches, self.name = torch, patches, name

    def load(self, case, folder, gather, threads):
        torch = self.torch
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        torch.set_grad_enabled(False)
        if self.name == "pytorch_script":
            net = torch.jit.freeze(torch.jit.load(str(folder / f"{gather}.ts")).eval())
            self.net = torch.jit.optimize_for_inference(net)
            return {}
        with torch.device("meta"):
            net = self.patches.PatchNetwork(case.backbone, case.scale, case.sample_pixels, gather).eval()
        net.load_state_dict(torch.load(folder / "weights.pth", mmap=True), assign=True)
        if self.name == "pytorch_channels_last":
            net = net.to(memory_format=torch.channels_last)
            net.refiner.layout = torch.channels_last
        if self.name == "pytorch_compiled":
            torch._inductor.config.freezing = True
            net = torch.compile(net)
        self.net = net
        return {}

    def give(self, arrays):
        planes = [self.torch.from_numpy(a) for a in arrays]
        if self.name == "pytorch_channels_last":
            planes = [p.contiguous(memory_format=self.torch.channels_last) for p in planes]
        return planes

    def run(self, given):
        return self.net(*given)

    def arrays(self, results):
        return [r.contiguous().numpy() for r in results]


class OnnxRuntime:
    def __init__(self, name):
        import onnxruntime
        self.ort, self.file = onnxruntime, "base" if name.endswith("_base") else None

    def load(self, case, folder, gather, threads):
        options = self.ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = self.ort.InferenceSession(str(folder / f"{self.file or gather}.onnx"), options,
                                                 providers=["CPUExecutionProvider"])
        return {"providers": self.session.get_providers()}

    def give(self, arrays):
        binding = self.session.io_binding()
        for name, array in zip(("src", "bgr"), arrays):
            binding.bind_ortvalue_input(name, self.ort.OrtValue.ortvalue_from_numpy(array))
        for result in self.session.get_outputs():
            binding.bind_ortvalue_output(result.name, self.ort.OrtValue.ortvalue_from_shape_and_type(result.shape, "float32"))
        return binding

    def run(self, given):
        self.session.run_with_iobinding(given)
        return given

    def arrays(self, results):
        return [v.numpy() for v in results.get_outputs()]


class OpenVino:
    def __init__(self, name):
        import openvino
        self.ov, self.file, self.default = openvino, "base" if name.endswith("_base") else None, name == "openvino_default"

    def load(self, case, folder, gather, threads):
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
        if not self.default:
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        self.net = self.ov.Core().compile_model(str(folder / f"{self.file or gather}.xml"), "CPU", settings)
        return {"precision": self.net.get_property("INFERENCE_PRECISION_HINT").get_type_name(),
                "threads": self.net.get_property("INFERENCE_NUM_THREADS"), "streams": self.net.get_property("NUM_STREAMS")}

    def give(self, arrays):
        request = self.net.create_infer_request()
        for index, array in enumerate(arrays):
            request.set_input_tensor(index, self.ov.Tensor(array, shared_memory=True))
        return request, arrays

    def run(self, given):
        given[0].infer()
        return given[0]

    def arrays(self, results):
        return [results.get_output_tensor(i).data for i in range(len(results.model_outputs))]


class Ncnn:
    def __init__(self, name):
        import ncnn
        import numpy
        self.ncnn, self.numpy = ncnn, numpy

    def load(self, case, folder, gather, threads):
        if (folder / "base.ncnn.error").exists():
            raise RuntimeError((folder / "base.ncnn.error").read_text())
        self.net = self.ncnn.Net()
        self.net.opt.num_threads = threads
        self.net.opt.use_vulkan_compute = False
        for narrow in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
            setattr(self.net.opt, narrow, False)
        for what, done in (("param", self.net.load_param), ("bin", self.net.load_model)):
            if done(str(folder / f"base.ncnn.{what}")):
                raise RuntimeError(f"ncnn cannot load base.ncnn.{what}")
        return {}

    def give(self, arrays):
        return [self.ncnn.Mat(a[0]) for a in arrays], arrays

    def run(self, given):
        extractor = self.net.create_extractor()
        for index, mat in enumerate(given[0]):
            extractor.input(f"in{index}", mat)
        results = []
        for index in range(4):
            code, mat = extractor.extract(f"out{index}")
            if code:
                raise RuntimeError(f"ncnn: extracting out{index} failed with {code}")
            results.append(mat)
        return results

    def arrays(self, results):
        return [self.numpy.array(m)[None] for m in results]


def engine_of(name):
    for start, engine in (("pytorch", Torch), ("onnxruntime", OnnxRuntime), ("openvino", OpenVino), ("ncnn", Ncnn)):
        if name.startswith(start):
            return engine(name)
    raise ValueError(f"unknown rival {name}")


def measure(args):
    import numpy as np
    started = time.monotonic()
    rival, case = RIVALS[args.rival], CASES[args.case]
    engine = engine_of(args.rival)
    imported, baseline = time.monotonic(), memory("VmHWM")
    suffix = "_small" if rival.base else ""
    arrays = {kind: [np.load(args.folder / f"{kind}_{n}{suffix}.npy") for n in ("src", "bgr")] for kind in MAPS}
    read = time.monotonic()
    notes = engine.load(case, args.folder, rival.gather, args.threads)
    loaded = time.monotonic()
    given = {MAPS[0]: engine.give(arrays[MAPS[0]])}
    results = engine.run(given[MAPS[0]])
    first = time.monotonic()
    if args.save:
        save(args, engine.arrays(results), MAPS[0])
    for kind in MAPS[1:]:
        given[kind] = engine.give(arrays[kind])
        results = engine.run(given[kind])
        if args.save:
            save(args, engine.arrays(results), kind)
    for _ in range(args.warmup):
        for kind in MAPS:
            results = engine.run(given[kind])
    milliseconds, processor = {kind: [] for kind in MAPS}, {kind: [] for kind in MAPS}
    for _ in range(args.frames):
        for kind in MAPS:
            begin, used = time.perf_counter(), time.process_time()
            results = engine.run(given[kind])
            milliseconds[kind].append(1e3 * (time.perf_counter() - begin))
            processor[kind].append(1e3 * (time.process_time() - used))
    return {"ms": milliseconds, "cpu_ms": processor, "first_frame_at": first, "imports_ms": 1e3 * (imported - started),
            "read_pictures_ms": 1e3 * (read - imported), "load_ms": 1e3 * (loaded - read),
            "first_run_ms": 1e3 * (first - loaded), "baseline_bytes": baseline, "peak_bytes": memory("VmHWM"), "notes": notes}


def save(args, arrays, kind):
    import numpy as np
    names = ("pha_sm",) if RIVALS[args.rival].base else ("pha", "fgr")
    for name, array in zip(names, arrays):
        np.save(f"{args.save}_{kind}_{name}.npy", array)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("rival", choices=RIVALS)
    options.add_argument("case", choices=CASES)
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--warmup", type=int, default=2)
    options.add_argument("--frames", type=int, default=3)
    options.add_argument("--save")
    args = options.parse_args()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to the error stream
    print(json.dumps(measure(args)), file=answer, flush=True)


if __name__ == "__main__":
    main()
