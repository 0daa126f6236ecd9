"""Background Matting V2 in plain PyTorch, written from its description: the second opinion of the C++ reference.

Names of modules give the published state dict's keys.
"""
import torch
import torch.nn.functional as F
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride=1, dilation=1, downsample=False):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = (nn.Sequential(nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
                           if downsample else None)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    channels = (64, 256, 512, 2048)

    def __init__(self, stage3):
        super().__init__()
        self.conv1 = nn.Conv2d(6, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        def stage(inputs, width, count, stride, dilation):
            first = Bottleneck(inputs, width, stride, 1, True)
            return nn.Sequential(first, *(Bottleneck(4 * width, width, 1, dilation) for _ in range(count - 1)))
        self.layer1 = stage(64, 64, 3, 1, 1)
        self.layer2 = stage(256, 128, 4, 2, 1)
        self.layer3 = stage(512, 256, stage3, 2, 1)
        self.layer4 = stage(1024, 512, 3, 1, 2)

    def forward(self, x0):
        x1 = F.relu(self.bn1(self.conv1(x0)))
        x2 = self.layer1(F.max_pool2d(x1, 3, 2, 1))
        x3 = self.layer2(x2)
        return x1, x2, x3, self.layer4(self.layer3(x3))


def conv_bn(inputs, outputs, kernel=1, stride=1, dilation=1, groups=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, dilation * (kernel - 1) // 2, dilation, groups, bias=False),
                         nn.BatchNorm2d(outputs), nn.ReLU6())


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, expand, stride, dilation):
        super().__init__()
        hidden = inputs * expand
        parts = [] if expand == 1 else [conv_bn(inputs, hidden)]
        parts += [conv_bn(hidden, hidden, 3, stride, dilation, hidden), nn.Conv2d(hidden, outputs, 1, bias=False),
                  nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*parts)
        self.add = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.conv(x)
        return x + y if self.add else y


class MobileNetV2(nn.Module):
    channels = (16, 24, 32, 320)

    def __init__(self):
        super().__init__()
        rows = [(32, 16, 1, 1, 1), (16, 24, 6, 2, 1), (24, 24, 6, 1, 1), (24, 32, 6, 2, 1), (32, 32, 6, 1, 1),
                (32, 32, 6, 1, 1), (32, 64, 6, 2, 1), (64, 64, 6, 1, 1), (64, 64, 6, 1, 1), (64, 64, 6, 1, 1),
                (64, 96, 6, 1, 1), (96, 96, 6, 1, 1), (96, 96, 6, 1, 1), (96, 160, 6, 1, 1), (160, 160, 6, 1, 2),
                (160, 160, 6, 1, 2), (160, 320, 6, 1, 2)]
        self.features = nn.Sequential(conv_bn(6, 32, 3, 2), *(InvertedResidual(*row) for row in rows))

    def forward(self, x):
        taps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in (1, 3, 6):
                taps.append(x)
        return (*taps, x)


class AsppPooling(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x):
        return F.interpolate(super().forward(x), x.shape[-2:], mode="bilinear", align_corners=False)


class Aspp(nn.Module):
    def __init__(self, inputs, outputs=256, rates=(3, 6, 9)):
        super().__init__()
        def branch(kernel, rate):
            return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=rate * (kernel - 1) // 2, dilation=rate, bias=False),
                                 nn.BatchNorm2d(outputs), nn.ReLU())
        self.convs = nn.ModuleList([branch(1, 1), *(branch(3, rate) for rate in rates), AsppPooling(inputs, outputs)])
        self.project = nn.Sequential(nn.Conv2d(5 * outputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                                     nn.Dropout(0.5))

    def forward(self, x):
        return self.project(torch.cat([branch(x) for branch in self.convs], 1))


class Decoder(nn.Module):
    def __init__(self, skips, outputs=(128, 64, 48, 37)):
        super().__init__()
        x1, x2, x3 = skips
        self.conv1 = nn.Conv2d(256 + x3, outputs[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs[0])
        self.conv2 = nn.Conv2d(outputs[0] + x2, outputs[1], 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs[1])
        self.conv3 = nn.Conv2d(outputs[1] + x1, outputs[2], 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs[2])
        self.conv4 = nn.Conv2d(outputs[2] + 6, outputs[3], 3, padding=1)

    def forward(self, x, x3, x2, x1, x0):
        def join(low, skip):
            return torch.cat([F.interpolate(low, skip.shape[-2:], mode="bilinear", align_corners=False), skip], 1)
        x = F.relu(self.bn1(self.conv1(join(x, x3))))
        x = F.relu(self.bn2(self.conv2(join(x, x2))))
        x = F.relu(self.bn3(self.conv3(join(x, x1))))
        return self.conv4(join(x, x0))


class Refiner(nn.Module):
    def __init__(self, kernel=3):
        super().__init__()
        self.kernel = kernel
        self.conv1 = nn.Conv2d(42, 24, kernel, bias=False)
        self.bn1 = nn.BatchNorm2d(24)
        self.conv2 = nn.Conv2d(24, 16, kernel, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.conv3 = nn.Conv2d(22, 12, kernel, bias=False)
        self.bn3 = nn.BatchNorm2d(12)
        self.conv4 = nn.Conv2d(12, 4, kernel)

    def choose(self, err, mode, sample_pixels, threshold, prevent_oversampling, least_error=0):
        """Mask (B, h, w) of the cells to refine; ties go to the lower index."""
        if mode == "full":
            return torch.ones_like(err[:, 0], dtype=torch.bool)
        if mode == "none":
            return torch.zeros_like(err[:, 0], dtype=torch.bool)
        if mode == "thresholding":
            return err[:, 0] > threshold
        flat = err.flatten(1)
        count = min(sample_pixels // 16, flat.shape[1])
        order = torch.sort(flat, dim=1, descending=True, stable=True).indices[:, :count]
        mask = torch.zeros_like(flat, dtype=torch.bool).scatter_(1, order, True)
        if prevent_oversampling:
            mask &= flat > least_error
        return mask.view_as(err[:, 0])

    def shares(self, err, mask, mode, sample_pixels, threshold, fade, least_error=0):
        """How much of each chosen cell's refinement counts: 0 at the error that divides them from the others, 1 from
        (1 + fade) times that on."""
        of_all = []
        for errors, chosen in zip(err[:, 0], mask):
            ranked = sorted(errors.flatten().tolist(), reverse=True)
            count = min(sample_pixels // 16, len(ranked))
            line = threshold if mode == "thresholding" else 0.0
            if mode == "sampling" and 0 < count < len(ranked):
                line = ranked[count - 1]
            if mode == "sampling":
                line = max(line, least_error)
            of_all += [min(max((e - line) / (fade * line), 0.0), 1.0) if line > 0 and fade > 0 else 1.0
                       for e in errors[chosen].tolist()]
        return of_all

    def forward(self, src, bgr, pha, residual, err, hid, fade=0.0, **choice):
        height, width = src.shape[-2:]
        half_pad, full_pad = (3, 2) if self.kernel == 3 else (0, 0)
        def resize(x, h, w):
            return F.interpolate(x, (h, w), mode="bilinear", align_corners=False)
        cell_errors = resize(err, height // 4, width // 4)
        mask = self.choose(cell_errors, **choice)
        coarse = resize(torch.cat([pha, residual], 1), height, width)
        half = torch.cat([resize(torch.cat([hid, pha, residual], 1), height // 2, width // 2),
                          resize(torch.cat([src, bgr], 1), height // 2, width // 2)], 1)
        half = F.pad(half, (half_pad,) * 4)
        details = F.pad(torch.cat([src, bgr], 1), (full_pad,) * 4)
        batch, rows, columns = torch.where(mask)
        if len(batch):
            def crop(x, core, pad):
                size = core + 2 * pad
                return torch.stack([x[b, :, i * core:i * core + size, j * core:j * core + size]
                                    for b, i, j in zip(batch.tolist(), rows.tolist(), columns.tolist())])
            x = F.relu(self.bn1(self.conv1(crop(half, 2, half_pad))))
            x = F.relu(self.bn2(self.conv2(x)))
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = torch.cat([x, crop(details, 4, full_pad)], 1)
            x = self.conv4(F.relu(self.bn3(self.conv3(x))))
            coarse = coarse.clone()
            shares = self.shares(cell_errors, mask, choice["mode"], choice["sample_pixels"], choice["threshold"], fade,
                                 choice.get("least_error", 0))
            for n, (b, i, j) in enumerate(zip(batch.tolist(), rows.tolist(), columns.tolist())):
                cell = coarse[b, :, 4 * i:4 * i + 4, 4 * j:4 * j + 4]
                cell.copy_(x[n] if shares[n] == 1 else (1 - shares[n]) * cell + shares[n] * x[n])
        return coarse[:, :1], coarse[:, 1:], mask[:, None].float()


class BackgroundMattingV2(nn.Module):
    def __init__(self, backbone, refiner_kernel=3):
        super().__init__()
        self.backbone = {"resnet50": lambda: ResNet(6), "resnet101": lambda: ResNet(23), "mobilenetv2": MobileNetV2}[backbone]()
        channels = self.backbone.channels
        self.aspp = Aspp(channels[3])
        self.decoder = Decoder(channels[:3])
        self.refiner = Refiner(refiner_kernel)

    def coarse(self, src, bgr):
        x0 = torch.cat([src, bgr], 1)
        x1, x2, x3, x4 = self.backbone(x0)
        x = self.decoder(self.aspp(x4), x3, x2, x1, x0)
        return x[:, :1].clamp(0, 1), x[:, 1:4], x[:, 4:5].clamp(0, 1), F.relu(x[:, 5:])

    def forward(self, src, bgr, scale=0.25, mode="sampling", sample_pixels=80000, threshold=0.1, prevent_oversampling=True,
                least_error=0.0, fade=0.0):
        height, width = src.shape[-2:]
        pad = (0, -width % 4, 0, -height % 4)
        src, bgr = F.pad(src, pad, mode="replicate"), F.pad(bgr, pad, mode="replicate")
        small = (int(src.shape[-2] * scale), int(src.shape[-1] * scale))
        src_sm = F.interpolate(src, small, mode="bilinear", align_corners=False)
        bgr_sm = F.interpolate(bgr, small, mode="bilinear", align_corners=False)
        pha_sm, residual_sm, err_sm, hid_sm = self.coarse(src_sm, bgr_sm)
        pha, residual, ref_sm = self.refiner(src, bgr, pha_sm, residual_sm, err_sm, hid_sm, mode=mode,
                                             sample_pixels=sample_pixels, threshold=threshold,
                                             prevent_oversampling=prevent_oversampling, least_error=least_error,
                                             fade=fade)
        return {"pha": pha.clamp(0, 1)[..., :height, :width], "fgr": (residual + src).clamp(0, 1)[..., :height, :width],
                "pha_sm": pha_sm, "fgr_sm": (residual_sm + src_sm).clamp(0, 1), "err_sm": err_sm, "ref_sm": ref_sm}
