"""Training samples: views of scenes, some with their foreground over another scene's background."""
import math

import numpy as np
import torch
import torch.nn.functional as F

PICTURE, PLATE, FOREGROUND, ALPHA = slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 10)
MARGIN = 6  # pixels around a view, so that a moved plate has no border


class Pool:
    """The most recent scenes, in memory as bytes. What it holds at a step depends on the step alone; a scene is rendered
    when it is first taken, so that a run that goes on does not wait for all of them."""

    def __init__(self, scenes, size, count, fresh, first=64):
        self.scenes, self.size, self.count, self.fresh, self.first = scenes, size, count, fresh, first
        self.slots = np.empty((count, 10, size, size), np.uint8)  # scene i lies in slot i % count
        self.rendered = np.full(count, -1)
        self.held = range(0)

    def go_to(self, step):
        end = self.first + math.ceil(step * self.fresh)
        self.held = range(max(0, end - self.count), end)

    def take(self, scene):
        slot = scene % self.count
        if self.rendered[slot] != scene:
            self.slots[slot] = np.rint(self.scenes.batch(scene, 1, self.size, self.size)[0] * 255)
            self.rendered[slot] = scene
        return torch.from_numpy(self.slots[slot])


def cut(scene, channels, top, left, window, side, smooth):
    """A square window of a scene, resized to side; not smoothed it is sampled as networks do that scale down by bilinear
    interpolation."""
    part = scene[channels, top:top + window, left:left + window][None].float().mul_(1 / 255)
    return F.interpolate(part, (side, side), mode="bilinear", antialias=smooth)[0]


class Draw:
    """Random numbers of one batch, all from one generator."""

    def __init__(self, seed, step):
        self.generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2 ** 63)

    def uniform(self, low, high, *shape):
        return torch.rand(*shape, generator=self.generator) * (high - low) + low

    def number(self, low, high):
        return self.uniform(low, high, 1).item()

    def below(self, n):
        return int(torch.randint(max(n, 1), (1,), generator=self.generator))

    def normal(self, like):
        return torch.randn(like.shape, generator=self.generator)

    def chosen(self, probability, count):
        """(count, 1, 1, 1) of 0 and 1."""
        return (torch.rand(count, 1, 1, 1, generator=self.generator) < probability).float()


def view(pool, draw, side, options):
    """Of one sample (10, side + 2 MARGIN, ...): a scene as it is, or its foreground over another's background.
    Returns the channels and whether it was mixed; colours of the foreground come multiplied by alpha."""
    held, size = pool.held, pool.size
    whole = side + 2 * MARGIN
    low, high = options.get("windows", [0.35, 1.0])
    window = int(size * math.exp(draw.number(math.log(low), math.log(high))))
    window = max(16, min(window * whole // side, size))
    smooth = draw.number(0, 1) < 0.7
    free = size - window + 1
    for _ in range(options.get("tries", 1)):
        scene, top, left = pool.take(held[draw.below(len(held))]), draw.below(free), draw.below(free)
        part = scene[:, top:top + window, left:left + window]
        seen = part[ALPHA, ::4, ::4]
        if ((seen > 20) & (seen < 235)).float().mean() > 0.03:  # of 255: an edge is in view
            break
    mixed = draw.number(0, 1) < options.get("mixed", 0.5)
    alpha = cut(scene, ALPHA, top, left, window, whole, smooth)
    part = part.float().mul_(1 / 255)[None]
    colour = F.interpolate(part[:, FOREGROUND] * part[:, ALPHA], (whole, whole), mode="bilinear", antialias=smooth)[0]
    if mixed:
        other = pool.take(held[draw.below(len(held))])
        plate = cut(other, PLATE, draw.below(free), draw.below(free), window, whole, smooth)
        if draw.number(0, 1) < 0.5:
            plate = plate.flip(-1)
        picture = plate
    else:
        plate = cut(scene, PLATE, top, left, window, whole, smooth)
        picture = cut(scene, PICTURE, top, left, window, whole, smooth)
    out = torch.cat([picture, plate, colour, alpha])
    return (out.flip(-1) if draw.number(0, 1) < 0.5 else out), mixed


def moved(x, draw, amount):
    """Each picture of a batch shifted by up to `amount` pixels and turned a little, bilinearly."""
    n, _, h, w = x.shape
    turn = draw.uniform(-1, 1, n) ** 3 * 0.01
    shift = draw.uniform(-1, 1, n, 2) * draw.uniform(0, 1, n, 1) * amount
    matrix = torch.stack([torch.stack([turn.cos(), -turn.sin(), shift[:, 0] * 2 / w], 1),
                          torch.stack([turn.sin(), turn.cos(), shift[:, 1] * 2 / h], 1)], 1)
    grid = F.affine_grid(matrix, (n, 1, h, w), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def shadow(alpha, draw, strength):
    """What the foreground leaves of the background's light: 1 but for a soft, shifted shape of it."""
    n = len(alpha)
    box = 2 * draw.below(4) + 1
    soft = moved(F.avg_pool2d(alpha, 4), draw, 6)
    for _ in range(2):
        soft = F.avg_pool2d(F.pad(soft, (box // 2,) * 4, mode="replicate"), box, 1)
    soft = F.interpolate(soft, alpha.shape[-2:], mode="bilinear")
    return 1 - soft * draw.uniform(0, strength, n, 1, 1, 1) * draw.chosen(0.5, n)


def smooth_field(draw, like, cells):
    """(n, 1, side, side): a smooth random field of deviation about 1, `cells` bumps across, or (down, across)."""
    down, across = cells if isinstance(cells, tuple) else (cells, cells)
    rough = draw.normal(like.new_empty(len(like), 1, down, across))
    return F.interpolate(rough, like.shape[-2:], mode="bicubic", align_corners=True)


def recolour(colour, alpha, plate, draw, options):
    """Foregrounds of other colours; some are given the mean colour of the background behind them."""
    n = len(alpha)
    gain = draw.uniform(0.8, 1.2, n, 3, 1, 1) * draw.uniform(0.75, 1.2, n, 1, 1, 1)
    colour = colour * gain
    weight = alpha.sum((2, 3), keepdim=True) + 1
    wanted, mean = (plate * alpha).sum((2, 3), keepdim=True) / weight, colour.sum((2, 3), keepdim=True) / weight
    close = draw.chosen(options.get("close", 0.15), n) * draw.uniform(0.5, 1, n, 1, 1, 1)
    colour = flatten(colour + close * (wanted - mean) * alpha, alpha, wanted, weight, draw, options.get("flat", 0.0))
    return torch.minimum(colour.clamp(min=0), alpha)


def flatten(colour, alpha, wanted, weight, draw, probability):
    """Foregrounds of which some, whole or in part, lose contrast and come near the colour behind them, mostly a little
    darker: white fur, white cloth before a white wall."""
    if probability == 0:
        return colour
    n = len(alpha)
    field = smooth_field(draw, alpha, (3, 4, 6)[draw.below(3)])
    part = (field * 8 + draw.uniform(-2, 10, n, 1, 1, 1)).sigmoid() * draw.chosen(probability, n)
    contrast = torch.exp(draw.uniform(math.log(0.08), 0, n, 1, 1, 1))
    aim = wanted * (1 + draw.uniform(-0.16, 0.08, n, 1, 1, 1) + draw.uniform(-0.02, 0.02, n, 3, 1, 1))
    mean = colour.sum((2, 3), keepdim=True) / weight
    return colour + part * (aim * alpha + contrast * (colour - mean * alpha) - colour)


def walls(plate, draw, probability):
    """Backgrounds of which some become a wall of one colour, lit a little unevenly; half of these walls are bright.
    Returns 1 for those too."""
    n = len(plate)
    bright = draw.uniform(0.85, 1, n, 1, 1, 1) * draw.uniform(0.96, 1, n, 3, 1, 1)
    colour = torch.where(draw.chosen(0.5, n) > 0, bright, draw.uniform(0, 1, n, 3, 1, 1))
    uneven = smooth_field(draw, plate, 3) * draw.uniform(0, 1, n, 1, 1, 1) ** 2 * 0.05
    made = draw.chosen(probability, n)
    return torch.where(made > 0, (colour + uneven).clamp(0, 1), plate), made


def pierce(alpha, draw, probability, deep=None):
    """How much of each foreground's pixels is left by sharp holes and bays through which the background is seen. Where
    deep is 1 a ring is left around them, as of limbs."""
    field = smooth_field(draw, alpha, (4, 5, 6, 8)[draw.below(4)])
    holes = ((field - draw.uniform(0.6, 1.2, len(alpha), 1, 1, 1)) * draw.number(40, 160)).sigmoid()
    if deep is not None:
        side = alpha.shape[-1]
        ring = shrunk(alpha, max(3, int(side * draw.number(0.02, 0.07))))
        holes = holes * torch.lerp(torch.ones_like(ring), ring, deep)
    return 1 - holes * draw.chosen(probability, len(alpha))


def gaps(alpha, draw, probability):
    """How much is left by small gaps near the edge, as between locks of hair; most are longer than wide, and in many hairs
    too fine to see leave a part."""
    field = smooth_field(draw, alpha, ((12, 28), (28, 12), (18, 40), (40, 18), (26, 26))[draw.below(5)])
    depth = draw.below(alpha.shape[-1] // 8 - 2) + 3
    open = ((field - draw.uniform(0.8, 2, len(alpha), 1, 1, 1)) * draw.number(3, 30)).sigmoid()
    open = open * (draw.uniform(0.3, 1.3, len(alpha), 1, 1, 1) + 0.15 * smooth_field(draw, alpha, 30)).clamp(0.2, 1)
    return 1 - open * (1 - shrunk(alpha, depth)) * draw.chosen(probability, len(alpha))


def mean_around(image, pixels):
    """The mean of what is at most so many pixels away, across and down."""
    size = 2 * pixels + 1
    down = F.avg_pool2d(image, (size, 1), 1, (pixels, 0), count_include_pad=False)
    return F.avg_pool2d(down, (1, size), 1, (0, pixels), count_include_pad=False)


def distance(alpha, most):
    """How many pixels away the foreground is, at most so many; what is equally far lies on an octagon."""
    away = torch.zeros_like(alpha)
    for i in range(most):
        away += 1 - alpha
        across, down = F.max_pool2d(alpha, (1, 3), 1, (0, 1)), F.max_pool2d(alpha, (3, 1), 1, (1, 0))
        alpha = torch.maximum(across, down) if i % 3 else F.max_pool2d(across, (3, 1), 1, (1, 0))
    return away


def from_zero(field, least):
    """About how many pixels away a field is 0, where its slope is at least so much."""
    slope = torch.stack(torch.gradient(field, dim=(2, 3))).square().sum(0).sqrt()
    return field.abs() / slope.clamp(min=least)


def loops(colour, alpha, draw, probability):
    """Foregrounds of which some get locks in their own colours that leave the edge and come back to it; the background
    is seen between lock and edge. Returns the locks' alpha too."""
    n, side = len(alpha), alpha.shape[-1]
    most = side // 8
    away = mean_around(distance(alpha, most), 1)
    around = mean_around(torch.cat([colour, alpha], 1), side // 12)
    tone = around[:, :3] / around[:, 3:].clamp(min=1e-2) * draw.uniform(0.6, 1.2, n, 1, 1, 1)
    bump = smooth_field(draw, alpha, (6, 9, 13, 18)[draw.below(4)]) - draw.uniform(-0.3, 0.8, n, 1, 1, 1)
    reach = bump * draw.uniform(0.01, 0.07, n, 1, 1, 1) * side
    width = torch.exp(draw.uniform(math.log(0.25), math.log(2.5), n, 1, 1, 1))
    locks = torch.zeros_like(alpha)
    for level in (1.0, draw.number(0.5, 0.9), draw.number(0.2, 0.6))[:1 + draw.below(3)]:
        off = away - level * reach
        line = (width - from_zero(off, 0.7) + 0.5).clamp(0, 1)
        locks = torch.maximum(locks, line * (reach > 0) * (away < most - 1))
    locks = locks * draw.uniform(0.5, 1.5, n, 1, 1, 1).clamp(max=1) * draw.chosen(probability, n)
    more = (locks - alpha).clamp(min=0)
    return colour + more * tone.clamp(0, 1), alpha + more, locks


def limbs(colour, alpha, draw, probability):
    """Foregrounds of which some get thick bands that leave the edge and come back to it, or nearly: bent arms, handles. The
    background is seen between band and edge."""
    n, side = len(alpha), alpha.shape[-1]
    most = side // 4
    away = F.interpolate(2 * mean_around(distance(F.max_pool2d(alpha, 2), most // 2), 1), (side, side), mode="bilinear")
    around = F.avg_pool2d(torch.cat([colour, alpha], 1), 4)
    around = F.interpolate(mean_around(around, side // 16), (side, side), mode="bilinear")
    own = around[:, :3] / around[:, 3:].clamp(min=1e-2)
    tone = torch.lerp(own, draw.uniform(0.1, 1, n, 3, 1, 1).expand_as(own), draw.chosen(0.5, n)).clamp(0, 1)
    bump = smooth_field(draw, alpha, (3, 4, 5, 7)[draw.below(4)]) - draw.uniform(-0.4, 0.5, n, 1, 1, 1)
    reach = bump * draw.uniform(0.04, 0.16, n, 1, 1, 1) * side
    width = torch.exp(draw.uniform(math.log(0.012), math.log(0.05), n, 1, 1, 1)) * side
    across = from_zero(away - reach, 0.6)
    ends = (6 * (smooth_field(draw, alpha, 6) + draw.uniform(0.5, 3, n, 1, 1, 1))).sigmoid()
    band = (width - across + 0.5).clamp(0, 1) * (reach > 0) * (away < most - 1) * (ends > 0.5)
    band = band * draw.chosen(probability, n)
    lit = 1 - draw.uniform(0, 0.5, n, 1, 1, 1) * (across / width).clamp(max=1) ** 2
    line = draw.chosen(0.5, n) * draw.uniform(0.3, 0.9, n, 1, 1, 1) * (across > width - 1.5)
    more = (band - alpha).clamp(min=0)
    return colour + more * tone * lit * (1 - line), alpha + more


def shrunk(alpha, pixels):
    """Alpha less what is within so many pixels of its edge."""
    size = 2 * pixels + 1
    return -F.max_pool2d(F.max_pool2d(-alpha, (size, 1), 1, (pixels, 0)), (1, size), 1, (0, pixels))


def alike(colour, alpha, draw):
    """(n, 1, side, side): of each foreground what has about the colour of one of its pixels, drawn at random, as a piece
    of clothing has; nothing if that is most of the foreground."""
    n = len(alpha)
    inside = shrunk(alpha, 3).flatten(1).clamp(min=0) ** 4 + 1e-6
    at = torch.multinomial(inside, 1, generator=draw.generator)
    straight = colour / alpha.clamp(min=1e-2)
    mean = mean_around(straight, 2).flatten(2)
    own = mean.gather(2, at[:, None].expand(-1, 3, -1))[..., None]
    light = straight.mean(1, keepdim=True), own.mean(1, keepdim=True)
    hue = (straight / light[0].clamp(min=0.05) - own / light[1].clamp(min=0.05)).abs().amax(1, keepdim=True) * light[1]
    apart = torch.maximum((light[0] - light[1]).abs() / draw.uniform(0.1, 0.4, n, 1, 1, 1), hue / 0.12)  # folds differ in light
    part = ((1 - mean_around(apart, 1)) * draw.uniform(4, 20, n, 1, 1, 1)).sigmoid() * (alpha > 0.1)
    most = part.sum((2, 3), keepdim=True) > 0.6 * alpha.sum((2, 3), keepdim=True)
    return part * ~most


def hide(colour, alpha, plate, draw, options, locks=None):
    """Foregrounds of which a part has the colour of the background behind it, so that only what is around tells: either
    the part ends softly, or it is sharp and near the edge of the foreground, which keeps its outline, or it is what has
    one colour, as a piece of clothing; some of the outlines are drawn as dark lines, around the part too, and some are
    broken: in their gaps the part reaches the edge. Nothing is hidden beside locks."""
    n, side = len(alpha), alpha.shape[-1]
    outlined = draw.chosen(options.get("outlined", 0.0), n)
    sharp = torch.exp(math.log(8) + outlined * draw.uniform(0, 3, n, 1, 1, 1))
    field, shade = smooth_field(draw, alpha, (5, 6, 10, 16)[draw.below(4)]), smooth_field(draw, alpha, 6)
    part = ((field - draw.uniform(0, 1.2, n, 1, 1, 1)) * sharp).sigmoid()
    gaps = smooth_field(draw, alpha, (10, 16, 24)[draw.below(3)]) - draw.uniform(0.2, 1.5, n, 1, 1, 1)
    gaps = (gaps * 12).sigmoid() * draw.chosen(options.get("broken", 0.0), n)
    near_edge = torch.lerp(shrunk(alpha, 1 + draw.below(3)), alpha, gaps) - shrunk(alpha, side // 10)
    part = part * torch.lerp(torch.ones_like(part), near_edge, outlined) * draw.chosen(options.get("hidden", 0.0), n)
    if options.get("garment"):
        within = torch.lerp(shrunk(alpha, 1 + draw.below(2)), alpha, gaps)
        part = torch.lerp(part, alike(colour, alpha, draw) * within, draw.chosen(options["garment"], n))
    if locks is not None:
        part = part * shrunk(1 - locks, side // 24)
    behind = mean_around(plate, side // 8)  # no subject repeats the texture behind it
    behind = behind * (1 - shade.clamp(min=0) * outlined * draw.uniform(-0.15, 0.15, n, 1, 1, 1).clamp(min=0))
    if options.get("apart"):
        off = draw.uniform(-1, 0.4, n, 1, 1, 1) + draw.uniform(-0.4, 0.4, n, 3, 1, 1)
        off = off + smooth_field(draw, alpha, 8) * draw.uniform(0, 0.4, n, 1, 1, 1)
        behind = behind * (1 + options["apart"] * off * draw.chosen(0.85, n))
    hidden = part * draw.uniform(0.6, 1.4, n, 1, 1, 1).clamp(max=1)  # half of them wholly
    line = outlined * draw.chosen(0.5, n) * draw.uniform(0.3, 1, n, 1, 1, 1)
    border = torch.maximum(1 - shrunk(alpha, 1), 4 * part * (1 - part)) * (1 - gaps)
    return (colour + hidden * (behind * alpha - colour)) * (1 - line * border)


def softened(colour, alpha, draw, probability):
    """Foregrounds of which some lose their sharpness, holes and hidden parts too: colour times alpha and alpha are blurred
    alike, so both stay exact."""
    both, some = torch.cat([colour, alpha], 1), draw.chosen(probability, len(alpha))
    for _ in range(4):
        both = torch.lerp(both, mean_around(both, 1), some * draw.chosen(0.5, len(alpha)))
    return both[:, :3], both[:, 3:]


def shoot(batch, mixed, draw, options):
    """What the camera makes of it: src, bgr, and the truth. Mixed samples are composited and their plates disturbed;
    both kinds get noise."""
    picture, plate, colour, alpha = (batch[:, c].contiguous() for c in (PICTURE, PLATE, FOREGROUND, ALPHA))
    n = len(batch)
    mixed = mixed.view(n, 1, 1, 1)
    painted, wall = walls(plate, draw, options.get("walls", 0.0))
    plate = torch.where(mixed, painted, plate)
    if options.get("limbs"):
        colour, alpha = limbs(colour, alpha, draw, torch.where(mixed, options["limbs"] * (0.3 + 0.7 * wall), 0.0))
    # fewer holes before walls, where nothing but their shape tells them from hidden parts
    often = options.get("pierced", 0.0) * (1 - options.get("fewer", 0.7) * wall)
    left = torch.where(mixed, pierce(alpha, draw, often, wall if options.get("deep") else None), 1)
    if options.get("gaps"):
        left = left * torch.where(mixed, gaps(alpha, draw, options["gaps"]), 1)
    colour, alpha = colour * left, alpha * left
    locks = None
    if options.get("loops"):
        colour, alpha, locks = loops(colour, alpha, draw, torch.where(mixed, options["loops"], 0.0))
    new = hide(recolour(colour, alpha, plate, draw, options), alpha, plate, draw, options, locks)
    if options.get("soften"):
        new, alpha = softened(new, alpha, draw, torch.where(mixed, options["soften"], 0.0))
    colour = torch.where(mixed, new, torch.minimum(colour, alpha))
    composite = colour + (1 - alpha) * plate * shadow(alpha, draw, options.get("shadow", 0.5))
    exposure = options.get("exposure", 1.0)
    gain = 1 + exposure * (draw.uniform(-1, 1, n, 3, 1, 1) ** 3 * 0.06 + draw.uniform(-1, 1, n, 1, 1, 1) ** 3 * 0.1)
    gamma = 1 + exposure * draw.uniform(-1, 1, n, 1, 1, 1) ** 3 * 0.12
    disturbed = moved(plate, draw, options.get("shift", 1.0)).clamp(1e-4, 1) ** gamma * gain
    src, bgr = torch.where(mixed, composite, picture), torch.where(mixed, disturbed, plate)
    inner = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    src, bgr, colour, alpha = src[inner], bgr[inner], colour[inner], alpha[inner]
    noise = options.get("noise", 0.02)
    for x in (src, bgr):
        x += draw.normal(x) * draw.uniform(0, 1, n, 1, 1, 1) ** 2 * noise
    foreground = torch.where(alpha > 1e-3, colour / alpha.clamp(min=1e-3), src).clamp(0, 1)
    alpha = torch.where(alpha < 1e-3, 0, alpha.clamp(max=1))
    return {"src": src.clamp(0, 1), "bgr": bgr.clamp(0, 1), "alpha": alpha.contiguous(), "foreground": foreground}


class Samples:
    """Batches by step: {"src", "bgr", "alpha", "foreground"}, float tensors (B, C, side, side)."""

    def __init__(self, pool, options, seed):
        self.pool, self.options, self.seed = pool, options, seed

    def batch(self, step):
        draw = Draw(self.seed, step)
        side, count = self.options["crops"][draw.below(len(self.options["crops"]))]
        self.pool.go_to(step)
        views = [view(self.pool, draw, side, self.options) for _ in range(count)]
        return shoot(torch.stack([v for v, _ in views]), torch.tensor([m for _, m in views]), draw, self.options)


def fixed_set(scenes, first, count, size, side):
    """Scenes as they are, for validation: whole, scaled from size to side."""
    rendered = torch.from_numpy(np.rint(scenes.batch(first, count, size, size) * 255)) / 255
    rendered[:, FOREGROUND] *= rendered[:, ALPHA]
    if side != size:
        rendered = F.interpolate(rendered, (side, side), mode="bilinear", antialias=True)
    alpha = rendered[:, ALPHA]
    foreground = torch.where(alpha > 1e-3, rendered[:, FOREGROUND] / alpha.clamp(min=1e-3), rendered[:, PICTURE])
    return {"src": rendered[:, PICTURE], "bgr": rendered[:, PLATE], "alpha": alpha, "foreground": foreground.clamp(0, 1)}
