"""What is compared: the cases, the two error maps, and the rivals with what each is given."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    backbone: str
    width: int
    height: int
    scale: float
    sample_pixels: int

    @property
    def network(self):
        """The network's name for `hairline bench`."""
        return f"bgmv2-{self.backbone}"

    @property
    def small(self):
        """Height and width of the coarse pictures."""
        return int(self.height * self.scale), int(self.width * self.scale)


CASES = {
    "mobilenetv2_1920x1080": Case("mobilenetv2", 1920, 1080, 0.25, 80000),
    "mobilenetv2_3840x2160": Case("mobilenetv2", 3840, 2160, 0.125, 320000),
    "resnet50_1920x1080": Case("resnet50", 1920, 1080, 0.25, 80000),
    "resnet101_1920x1080": Case("resnet101", 1920, 1080, 0.25, 80000),
}

MAPS = ("scattered", "clustered")


@dataclasses.dataclass(frozen=True)
class Rival:
    label: str
    about: str
    gather: str = ""    # form of the patch gather (patches.py): the quickest of them for this engine
    base: bool = False  # the coarse network alone
    f32: bool = True    # counts among the f32 rivals


RIVALS = {
    "pytorch_eager": Rival("PyTorch, eager", "as published, contiguous tensors", "rows"),
    "pytorch_channels_last": Rival("PyTorch, channels last", "weights and pictures in channels-last memory", "rows"),
    "pytorch_script": Rival("PyTorch, TorchScript", "traced, frozen and optimised for inference", "rows"),
    "pytorch_compiled": Rival("PyTorch, compiled", "torch.compile with inductor's freezing", "rows"),
    "onnxruntime": Rival("ONNX Runtime", "CPU provider, all graph optimisations, bound inputs and outputs", "rows"),
    "openvino_f32": Rival("OpenVINO, f32", "latency hint, inference precision f32", "flat"),
    "openvino_default": Rival("OpenVINO, default", "latency hint, precision of its own choice", "flat", f32=False),
    "onnxruntime_base": Rival("ONNX Runtime, base", "the coarse network alone", base=True),
    "openvino_f32_base": Rival("OpenVINO f32, base", "the coarse network alone", base=True),
    "ncnn_base": Rival("ncnn, base", "the coarse network alone, converted by pnnx, f32", base=True),
}
