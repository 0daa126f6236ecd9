"""PyTorch on the GPU beside `hairline bench --device cuda`: the same network, weights and pictures, batch 1.

Eager and compiled, each with TF32 off, TF32 on and in half precision. Tensors lie on the GPU before the clock starts and
stay there; a frame ends when the device has done it (torch.cuda.synchronize), and frames in a row are waited for once.
It needs torch alone: weights and PNG are read here.

usage: torch_gpu.py --net bgmv2-mobilenetv2 --weights W --src P --background B --size 1920x1080 --scale 0.25 --pixels 80000
                    [--hairline RESULT.json...] [--frames 30] [--device cuda] [--out RESULT.json]
"""
import argparse
import json
import pathlib
import statistics
import struct
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
for place in (HERE, HERE / "torch_model", HERE.parents[1] / "bench/compare" if len(HERE.parents) > 1 else HERE):
    sys.path.insert(0, str(place))


def read_weights(path):
    import torch
    types = {"F32": torch.float32, "F16": torch.float16, "I64": torch.int64, "F64": torch.float64}
    data = pathlib.Path(path).read_bytes()
    length, = struct.unpack_from("<Q", data)
    state = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name == "__metadata__" or name.startswith("hairline"):
            continue
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(bytearray(data[8 + length + begin:8 + length + end]), dtype=types[entry["dtype"]])
        value = flat.reshape(entry["shape"])
        state[name] = value.float() if value.is_floating_point() else value
    return state


def read_png(path):
    """Eight-bit RGB as rows of bytes: (height, width, bytes)."""
    data = pathlib.Path(path).read_bytes()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", data, at + 8)
            if (depth, colour) != (8, 2):
                raise ValueError(f"{path}: wanted eight-bit RGB")
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw, stride = zlib.decompress(packed), 3 * width
    rows, above = [], bytearray(stride)
    for y in range(height):
        line = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        kind = raw[y * (stride + 1)]
        for i in range(stride if kind else 0):
            left = line[i - 3] if i >= 3 else 0
            up, corner = above[i], above[i - 3] if i >= 3 else 0
            if kind == 1:
                add = left
            elif kind == 2:
                add = up
            elif kind == 3:
                add = (left + up) // 2
            else:
                guess = left + up - corner
                near = (abs(guess - left), abs(guess - up), abs(guess - corner))
                add = (left, up, corner)[near.index(min(near))]
            line[i] = (line[i] + add) & 255
        rows.append(line)
        above = line
    return height, width, b"".join(bytes(r) for r in rows)


def picture(path, size, device):
    """(1, 3, H, W) in [0,1], brought to the size by the nearest pixel as `hairline bench --size` does."""
    import torch
    height, width, pixels = read_png(path)
    image = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(height, width, 3)
    to_width, to_height = size
    rows = torch.arange(to_height, device="cpu") * height // to_height
    columns = torch.arange(to_width, device="cpu") * width // to_width
    return (image[rows][:, columns].permute(2, 0, 1)[None].float() / 255).contiguous().to(device)


def measure(run, frames, synchronize):
    for _ in range(5):
        run()
    synchronize()
    each = []
    for _ in range(frames):
        begin = time.perf_counter()
        run()
        synchronize()
        each.append(1e3 * (time.perf_counter() - begin))
    begin = time.perf_counter()
    for _ in range(frames):
        run()
    synchronize()
    return {"ms_median": statistics.median(each), "ms_min": min(each),
            "ms_in_a_row": 1e3 * (time.perf_counter() - begin) / frames}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--net", "--weights", "--src", "--background"):
        parser.add_argument(name, required=True)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--scale", type=float, default=0.25)
    parser.add_argument("--pixels", type=int, default=80000)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--hairline", nargs="+", help="what `hairline bench --device cuda --json` wrote for the same case, one for each precision")
    parser.add_argument("--out")
    o = parser.parse_args()
    import torch
    from rivals.patches import PatchNetwork
    if o.device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch sees no CUDA device")
    on_gpu = o.device == "cuda"
    synchronize = torch.cuda.synchronize if on_gpu else lambda: None
    torch.set_grad_enabled(False)
    torch.set_default_device(o.device)
    size = tuple(int(v) for v in o.size.split("x"))
    net = PatchNetwork(o.net.removeprefix("bgmv2-"), o.scale, o.pixels, "rows").eval()
    missing = net.load_state_dict(read_weights(o.weights), strict=False).missing_keys
    missing = [m for m in missing if not m.endswith("num_batches_tracked")]
    if missing:
        sys.exit(f"{o.weights} has no {missing[:3]}")
    net = net.to(o.device)
    planes = [picture(p, size, o.device) for p in (o.src, o.background)]
    report = {"net": o.net, "size": size, "torch": torch.__version__, "frames": o.frames,
              "device": torch.cuda.get_device_name() if on_gpu else "cpu",
              "cudnn": torch.backends.cudnn.version() if on_gpu else None, "rivals": {}}
    torch.backends.cudnn.benchmark = True
    precise = None
    for form in ("eager", "compiled"):
        for precision in ("f32", "tf32", "f16"):
            name = f"pytorch_{form}_{precision}"
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
            model, given = net, planes
            try:
                if precision == "f16":
                    import copy
                    model, given = copy.deepcopy(net).half(), [p.half() for p in planes]
                if form == "compiled":
                    torch._dynamo.reset()
                    model = torch.compile(model)
                begin = time.perf_counter()
                result = model(*given)
                synchronize()
                times = {"ms_first": 1e3 * (time.perf_counter() - begin)}
                times.update(measure(lambda: model(*given), o.frames, synchronize))
                alpha = result[0].float()
                precise = alpha if precise is None else precise
                times["alpha_mean_difference"] = (alpha - precise).abs().mean().item()
                report["rivals"][name] = times
                print(f"{name:24} {times['ms_median']:9.3f} ms, in a row {times['ms_in_a_row']:9.3f} ms")
            except Exception as error:  # one rival that fails does not end the others
                report["rivals"][name] = {"error": f"{type(error).__name__}: {error}"[:500]}
                print(f"{name:24} failed: {type(error).__name__}: {str(error)[:120]}")
    if o.hairline:
        report["hairline"] = {}
        for file in o.hairline:
            ours = json.loads(pathlib.Path(file).read_text())
            precision = ours["precision"]
            report["hairline"][precision] = {"device": ours["device"], "total": ours["total"],
                                             "on_device": ours.get("on_device"), "memory": ours["memory"]}
            base = (ours.get("on_device") or ours["total"])["ms_median"]
            print(f"hairline {precision:15} {base:9.3f} ms on the device")
            for name, times in report["rivals"].items():
                if "ms_median" in times:
                    times[f"over_hairline_{precision}"] = times["ms_median"] / base
                    print(f"  {name:22} takes {times[f'over_hairline_{precision}']:.2f} times as long")
    if o.out:
        pathlib.Path(o.out).write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
