"""Makes a development set for plate matting: picture with the subject, imperfect plate, true alpha.

Everything is procedural and seeded. Subjects: people-like and animal-like bodies with hair or fur strands, shading, patterned
clothes, defocus, now and then colours taken from the plate behind them. Plates: 1/f noise, regions with edges, room-like and
outdoor-like layouts; with --textures FOLDER also crops of the pictures in it (for plates and for the subject's cloth and fur).
The plate handed to the solver is shifted by up to a pixel, has another gain, and both carry noise.

    plate_set.py OUT [--count 48] [--seed 1] [--textures FOLDER]

writes OUT/NNN_{img,back,alpha}.png (16 bits where it matters is not needed: 8-bit like a camera's) and OUT/set.json.
"""
import argparse
import json
import math
import os

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage as ndi


def pink(rng, h, w, beta, channels=1):
    """1/f^beta noise with unit deviation, shape (h, w, channels)."""
    fy = np.fft.fftfreq(h)[:, None]
    fx = np.fft.rfftfreq(w)[None, :]
    f = np.sqrt(fy * fy + fx * fx)
    f[0, 0] = 1
    out = []
    for _ in range(channels):
        s = (rng.normal(size=f.shape) + 1j * rng.normal(size=f.shape)) / f ** beta
        s[0, 0] = 0
        n = np.fft.irfft2(s, (h, w))
        out.append(n / n.std())
    return np.stack(out, -1)


def palette(rng, n, base=None, spread=0.25):
    base = rng.uniform(0.15, 0.85, 3) if base is None else base
    grey = rng.uniform(0.05, 0.95, (n, 1))
    colour = base + rng.normal(0, spread, (n, 3))
    return np.clip(0.5 * grey + 0.5 * colour, 0.02, 0.98)


def crop_texture(rng, textures, h, w, zoom=(1.0, 1.6)):
    """A random crop of a random picture, resampled to h x w."""
    t = textures[rng.integers(len(textures))]
    z = rng.uniform(*zoom)
    if min(t.shape[0] / h, t.shape[1] / w) < 1 / z:
        z = max(h / t.shape[0], w / t.shape[1])
    ch, cw = min(t.shape[0], int(h / z)), min(t.shape[1], int(w / z))
    y, x = rng.integers(t.shape[0] - ch + 1), rng.integers(t.shape[1] - cw + 1)
    c = t[y : y + ch, x : x + cw]
    if rng.random() < 0.5:
        c = c[:, ::-1]
    im = Image.fromarray((c * 255).astype(np.uint8)).resize((w, h), Image.LANCZOS)
    return np.asarray(im, np.float32) / 255


def make_plate(rng, h, w, textures):
    kind = rng.choice(["crop", "crop", "regions", "room", "outdoor", "pink", "wall"]) if textures else rng.choice(
        ["regions", "room", "outdoor", "pink", "wall", "outdoor", "regions"])
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    if kind == "crop":
        p = crop_texture(rng, textures, h, w)
        if rng.random() < 0.4:
            p = ndi.gaussian_filter(p, (s := rng.uniform(0.7, 5), s, 0))
        p = np.clip((p - 0.5) * rng.uniform(0.7, 1.1) + 0.5 + rng.normal(0, 0.05, 3), 0, 1)
        return p, kind
    if kind == "pink":
        m = pink(rng, h, w, rng.uniform(0.9, 1.6), 3)
        mix = np.eye(3) * rng.uniform(0.2, 1) + rng.uniform(0.2, 1)
        p = 0.5 + rng.normal(0, 0.15, 3) + 0.15 * (m @ mix) / 2
    elif kind == "regions":
        n = rng.integers(8, 60)
        f = pink(rng, h, w, 1.5, 1)[..., 0]
        pts = rng.uniform(0, 1, (n, 2)) * (h, w)
        warp = pink(rng, h, w, 1.6, 2) * rng.uniform(0, 40)
        lab = np.zeros((h, w), int)
        best = np.full((h, w), 1e9)
        for i, (py, px) in enumerate(pts):
            d = (yy + warp[..., 0] - py) ** 2 + (xx + warp[..., 1] - px) ** 2
            lab[d < best] = i
            best = np.minimum(best, d)
        col = palette(rng, n)
        amp = rng.uniform(0, 0.12, (n, 1))
        fine = pink(rng, h, w, rng.uniform(0.5, 1.2), 1)
        p = col[lab] + amp[lab] * fine + 0.05 * f[..., None]
    elif kind == "room":
        p = np.empty((h, w, 3), np.float32)
        p[:] = palette(rng, 1)[0] + 0.08 * pink(rng, h, w, 1.9, 1)
        floor = int(h * rng.uniform(0.6, 0.9))
        p[floor:] = palette(rng, 1)[0] + 0.06 * pink(rng, h, w, 1.0, 1)[floor:]
        for _ in range(rng.integers(2, 12)):
            bh, bw = int(h * rng.uniform(0.08, 0.6)), int(w * rng.uniform(0.04, 0.35))
            y, x = rng.integers(0, h - bh), rng.integers(0, w - bw)
            inner = palette(rng, 1)[0] + rng.uniform(0, 0.15) * pink(rng, bh, bw, rng.uniform(0.8, 1.8), 1)
            if rng.random() < 0.35:  # a shelf: many vertical or horizontal bars
                k = rng.integers(5, 30)
                pal = palette(rng, k, spread=0.35)
                idx = (np.arange(bw) * k // bw) if rng.random() < 0.6 else None
                inner = inner * 0.3 + 0.7 * (pal[idx][None] if idx is not None else pal[np.arange(bh) * k // bh][:, None])
            p[y : y + bh, x : x + bw] = inner
            if rng.random() < 0.5:
                e = rng.integers(2, 6)
                p[y : y + e, x : x + bw] = p[y + bh - e : y + bh, x : x + bw] = palette(rng, 1)[0]
        p = p * (0.7 + 0.5 * (xx / w if rng.random() < 0.5 else yy / h))[..., None]
    elif kind == "outdoor":
        sky = palette(rng, 1, np.array([0.5, 0.65, 0.85]), 0.1)[0]
        horizon = h * rng.uniform(0.2, 0.6) + 25 * pink(rng, 1, w, 1.2, 1)[0, :, 0]
        p = sky + 0.04 * pink(rng, h, w, 1.9, 3) + 0.15 * (1 - yy / h)[..., None]
        ground = palette(rng, 1, np.array([0.35, 0.45, 0.2]), 0.12)[0] + 0.1 * pink(rng, h, w, rng.uniform(0.5, 1.1), 1)
        ground = ground + 0.05 * pink(rng, h, w, 1.3, 3)
        p = np.where((yy > horizon[None])[..., None], ground, p)
        tree = pink(rng, h, w, rng.uniform(1.1, 1.5), 1)[..., 0] > rng.uniform(0.2, 1.5)
        leaf = palette(rng, 1, np.array([0.2, 0.35, 0.15]), 0.1)[0] * 0.7 + 0.14 * pink(rng, h, w, rng.uniform(0.3, 0.9), 1)
        p = np.where((tree & (yy > h * 0.05))[..., None], leaf, p)
    else:  # wall: nearly flat, the easy studio case, sometimes with bricks or paper
        p = palette(rng, 1)[0] + 0.03 * pink(rng, h, w, 1.9, 1) + rng.uniform(0, 0.04) * pink(rng, h, w, 0.6, 1)
        if rng.random() < 0.4:
            a, b = rng.uniform(20, 60), rng.uniform(10, 30)
            joint = ((xx + a / 2 * ((yy // b) % 2)) % a < 2) | (yy % b < 2)
            p = p + joint[..., None] * rng.normal(0, 0.15)
    s = rng.choice([0.5, 0.8, 1.5, 3.0])
    return np.clip(ndi.gaussian_filter(p, (s, s, 0)), 0, 1), str(kind)


SS = 3  # supersampling of strands


def strands(rng, h, w, roots, directions, length, width, colours, curl):
    """Draws tapered curved hairs; returns alpha and premultiplied colour, antialiased."""
    a_img = Image.new("L", (w * SS, h * SS), 0)
    c_img = Image.new("RGB", (w * SS, h * SS), tuple(int(v) for v in colours.mean(0) * 255))
    da, dc = ImageDraw.Draw(a_img), ImageDraw.Draw(c_img)
    for i in range(len(roots)):
        n = 10
        ang = math.atan2(directions[i, 0], directions[i, 1])
        step = length[i] / n
        y, x = roots[i]
        k = rng.normal(0, curl)
        pts = [(x * SS, y * SS)]
        for j in range(n):
            ang += k / n + rng.normal(0, curl * 0.15)
            y += math.sin(ang) * step
            x += math.cos(ang) * step
            pts.append((x * SS, y * SS))
        col = tuple(int(v) for v in np.clip(colours[i] * 255, 0, 255))
        for j in range(n):
            wd = max(1, int(round(width[i] * SS * (1 - 0.7 * j / n))))
            v = 255 if width[i] * SS * (1 - 0.7 * j / n) >= 1 else int(255 * width[i] * SS * (1 - 0.7 * j / n))
            da.line([pts[j], pts[j + 1]], fill=v, width=wd)
            dc.line([pts[j], pts[j + 1]], fill=col, width=wd + 2)
    a = np.asarray(a_img.resize((w, h), Image.BOX), np.float32) / 255
    c = np.asarray(c_img.resize((w, h), Image.BOX), np.float32) / 255
    return a, c


def contour(mask):
    """Roots on a mask's border with outward directions."""
    d = ndi.distance_transform_edt(mask) - ndi.distance_transform_edt(~mask)
    d = ndi.gaussian_filter(d, 3)
    gy, gx = np.gradient(d)
    ys, xs = np.nonzero(mask & ~ndi.binary_erosion(mask, iterations=2))
    return ys, xs, -gy[ys, xs], -gx[ys, xs]


def capsule(yy, xx, a, b, ra, rb):
    ab = (b[0] - a[0], b[1] - a[1])
    t = np.clip(((yy - a[0]) * ab[0] + (xx - a[1]) * ab[1]) / (ab[0] ** 2 + ab[1] ** 2 + 1e-9), 0, 1)
    return np.hypot(yy - a[0] - t * ab[0], xx - a[1] - t * ab[1]) - (ra + (rb - ra) * t)


def cloth(rng, h, w, textures, plate):
    """A patterned, folded piece of material."""
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    r = rng.random()
    base = palette(rng, 1)[0]
    if r < 0.25:  # a colour that occurs in the plate
        py, px = rng.integers(h), rng.integers(w)
        base = plate[max(0, py - 4) : py + 5, max(0, px - 4) : px + 5].mean((0, 1)) + rng.normal(0, 0.03, 3)
    elif r < 0.45:
        base = np.full(3, rng.choice([0.06, 0.1, 0.9])) + rng.normal(0, 0.02, 3)
    if textures and rng.random() < 0.35:
        t = crop_texture(rng, textures, h, w, (1.0, 2.5))
        c = base + (t - t.mean((0, 1))) * rng.uniform(0.3, 1.0)
    else:
        c = np.broadcast_to(base, (h, w, 3)).copy()
        if rng.random() < 0.4:
            ang, per = rng.uniform(0, math.pi), rng.uniform(6, 60)
            u = xx * math.cos(ang) + yy * math.sin(ang) + 6 * pink(rng, h, w, 1.8)[..., 0]
            v = -xx * math.sin(ang) + yy * math.cos(ang)
            on = (np.sin(2 * math.pi * u / per) > 0.2).astype(np.float32)
            if rng.random() < 0.5:
                on = np.maximum(on, (np.sin(2 * math.pi * v / per) > 0.2))
            c += on[..., None] * rng.normal(0, 0.2, 3)
        c = c + rng.uniform(0.005, 0.06) * pink(rng, h, w, rng.uniform(0.4, 1.2))
    folds = 1 + rng.uniform(0.05, 0.3) * pink(rng, h, w, rng.uniform(1.5, 2.0))
    return np.clip(c * np.clip(folds, 0.3, 1.7), 0, 1)


def over(layers, h, w):
    a = np.zeros((h, w), np.float32)
    c = np.zeros((h, w, 3), np.float32)
    for la, lc in layers:
        c = lc * la[..., None] + c * (1 - la[..., None])
        a = la + a * (1 - la)
    return a, c / np.maximum(a, 1e-6)[..., None]


def edge(sdf, soft):
    return np.clip(0.5 - sdf / (2 * soft), 0, 1).astype(np.float32)


def person(rng, h, w, textures, plate):
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    s = h * rng.uniform(0.1, 0.2)  # head radius
    cx, cy = w * rng.uniform(0.3, 0.7), max(s * 1.5, h * rng.uniform(0.2, 0.4))
    wob = pink(rng, h, w, 1.8)[..., 0] * s * 0.05
    soft = rng.choice([0.6, 0.8, 1.5, 2.5])
    head = np.hypot((yy - cy) / 1.25, xx - cx) - s * 0.8 + wob
    neck = capsule(yy, xx, (cy + s * 0.5, cx), (cy + s * 1.6, cx), s * 0.38, s * 0.45)
    width = s * rng.uniform(1.1, 1.7)
    torso = capsule(yy, xx, (cy + s * 2.5, cx), (cy + s * 7, cx + rng.normal(0, 0.3) * s), width, width * rng.uniform(0.8, 1.2)) + wob
    layers = []
    cl1, cl2 = cloth(rng, h, w, textures, plate), cloth(rng, h, w, textures, plate)
    skin_tone = np.array([0.85, 0.62, 0.5]) * rng.uniform(0.35, 1.1) + rng.normal(0, 0.03, 3)
    skin = np.clip(skin_tone * (1 + 0.12 * pink(rng, h, w, 1.8)) * (1.1 - 0.5 * np.clip((xx - cx) / s / 3 * rng.choice([-1, 1]), -1, 1))[..., None], 0, 1)
    skin = np.clip(skin + 0.015 * pink(rng, h, w, 0.6), 0, 1)
    hair = palette(rng, 1)[0] * rng.uniform(0.15, 0.9)
    n = rng.integers(300, 2500)
    ang = rng.uniform(math.pi, 2 * math.pi, n) + rng.normal(0, 0.25, n)
    roots = np.stack([cy + np.sin(ang) * s * 0.9, cx + np.cos(ang) * s * 0.75], 1)
    droop = rng.uniform(0, 1.6)
    dirs = np.stack([np.sin(ang) * 0.6 + droop, np.cos(ang) * rng.uniform(0.3, 1)], 1) + rng.normal(0, 0.3, (n, 2))
    length = s * rng.uniform(0.3, rng.uniform(0.6, 3), n)
    cols = np.clip(hair * rng.uniform(0.6, 1.5, (n, 1)) + rng.normal(0, 0.02, (n, 3)), 0, 1)
    ha, hc = strands(rng, h, w, roots, dirs, length, rng.uniform(0.3, 1.8, n), cols, rng.uniform(0.2, 1.5))
    layers.append((ha, hc))
    layers.append((edge(neck, soft), skin * 0.85))
    layers.append((edge(torso, soft), cl1))
    for side in (-1, 1):  # arms: out, up or akimbo, so that the plate shows through between arm and body
        sh = (cy + s * 2.2, cx + side * width)
        th = rng.uniform(-0.9, 1.4)
        el = (sh[0] + math.sin(th) * s * 2.2, sh[1] + side * math.cos(th) * s * 2.2)
        th2 = th + rng.uniform(-0.5, 2.2)
        ha2 = (el[0] + math.sin(th2) * s * 2, el[1] + side * math.cos(th2) * s * 2)
        layers.append((edge(capsule(yy, xx, sh, el, s * 0.5, s * 0.4), soft), cl1 * 0.95))
        layers.append((edge(capsule(yy, xx, el, ha2, s * 0.38, s * 0.25), soft), cl1 if rng.random() < 0.5 else skin))
        layers.append((edge(np.hypot(yy - ha2[0], xx - ha2[1]) - s * 0.38, soft), skin))
    if rng.random() < 0.6:
        low = torso + 0 * yy
        layers.append((edge(np.maximum(low, (cy + s * 4.5) - yy), soft), cl2))
    layers.append((edge(head, soft), skin))
    cap = np.maximum(np.hypot((yy - cy) / 1.3, xx - cx) - s * 0.86, yy - (cy - s * 0.3) + wob)
    hm = np.clip(hair * (1 + 0.35 * pink(rng, h, w, 0.8)), 0, 1)
    layers.append((edge(cap, soft), hm))
    sel = rng.random(n) < 0.5
    layers.append(strands(rng, h, w, roots[sel], dirs[sel], length[sel], rng.uniform(0.3, 1.3, sel.sum()), cols[sel], 0.5))
    return over(layers, h, w)


def animal(rng, h, w, textures, plate):
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    s = min(h, w) * rng.uniform(0.14, 0.26)
    cx, cy = w * rng.uniform(0.35, 0.65), h * rng.uniform(0.45, 0.65)
    wob = pink(rng, h, w, 1.8)[..., 0] * s * 0.12
    hx, hy = cx + s * rng.uniform(-1.6, 1.6), cy - s * rng.uniform(0.6, 1.3)
    sdf = np.minimum(np.hypot((yy - cy) / 1.1, (xx - cx) / rng.uniform(1, 1.5)) - s, np.hypot(yy - hy, xx - hx) - s * 0.65)
    for e in (-1, 1):
        sdf = np.minimum(sdf, capsule(yy, xx, (hy - s * 0.3, hx + e * s * 0.4), (hy - s * rng.uniform(0.8, 1.3), hx + e * s * 0.55), s * 0.25, s * 0.06))
        for q in (0.4, 0.85):
            sdf = np.minimum(sdf, capsule(yy, xx, (cy + s * 0.5, cx + e * s * q), (cy + s * 2.2, cx + e * s * q * 1.1), s * 0.28, s * 0.2))
    sdf = np.minimum(sdf, capsule(yy, xx, (cy, cx - s), (cy - s * 1.2, cx - s * 2.2), s * 0.2, s * 0.12)) + wob
    base = palette(rng, 1)[0]
    if rng.random() < 0.3:
        base = plate[int(cy) % h, int(cx) % w] + rng.normal(0, 0.05, 3)
    patches = (pink(rng, h, w, 1.8)[..., 0] > rng.uniform(-1, 2)).astype(np.float32)
    patches = ndi.gaussian_filter(patches, 3)[..., None]
    body = base * (1 - patches) + palette(rng, 1)[0] * patches
    fine = pink(rng, h, w, rng.uniform(0.5, 1.1))
    body = body * (1 + rng.uniform(0.08, 0.3) * fine) * (1.15 - 0.5 * np.clip((yy - cy) / s / 2, -1, 1))[..., None]
    if textures and rng.random() < 0.5:
        t = crop_texture(rng, textures, h, w, (1.0, 2.0))
        body = body + 0.6 * (t - ndi.gaussian_filter(t, (20, 20, 0)))
    body = np.clip(body, 0, 1)
    mask = sdf < 0
    soft = rng.choice([0.7, 1.2, 2.5])
    ys, xs, dy, dx = contour(mask)
    layers = [(edge(sdf, soft), body)]
    for _ in range(2):
        n = int(min(9000, len(ys) * rng.uniform(1.0, 4)))
        i = rng.integers(0, len(ys), n)
        roots = np.stack([ys[i], xs[i]], 1).astype(float)
        dirs = np.stack([dy[i], dx[i]], 1) + rng.normal(0, 0.35, (n, 2)) + (rng.uniform(0, 0.8), 0)
        ln = rng.uniform(2, rng.uniform(8, 45), n)
        cols = body[ys[i], xs[i]] * rng.uniform(0.7, 1.35, (n, 1))
        layers.append(strands(rng, h, w, roots, dirs, ln, rng.uniform(0.3, 1.4, n), cols, rng.uniform(0.1, 0.8)))
    if rng.random() < 0.5:  # whiskers
        n = 14
        th = rng.uniform(-0.5, 0.5, n) + np.where(rng.random(n) < 0.5, 0, math.pi)
        layers.append(strands(rng, h, w, np.tile([hy + s * 0.2, hx], (n, 1)), np.stack([np.sin(th), np.cos(th)], 1),
                              s * rng.uniform(0.8, 1.2, n), np.full(n, 0.7), np.full((n, 3), rng.uniform(0, 1)), 0.2))
    return over(layers, h, w)


def shift(p, dy, dx):
    return np.stack([ndi.shift(p[..., c], (dy, dx), order=3 if (dy % 1 or dx % 1) else 0, mode="nearest") for c in range(3)], -1)


def scene(seed, textures):
    rng = np.random.default_rng(seed)
    h, w = int(rng.integers(480, 820)), int(rng.integers(480, 900))
    plate, kind = make_plate(rng, h, w, textures)
    what = "person" if rng.random() < 0.55 else "animal"
    for _ in range(20):
        a, f = (person if what == "person" else animal)(rng, h, w, textures, plate)
        if 0.1 < a.mean() < 0.75:
            break
    if rng.random() < 0.3:  # subject out of focus
        s = rng.uniform(0.5, 2.0)
        ca = ndi.gaussian_filter(f * a[..., None], (s, s, 0))
        a = ndi.gaussian_filter(a, s)
        f = ca / np.maximum(a, 1e-6)[..., None]
    a = np.where(a < 0.5 / 255, 0, np.where(a > 254.5 / 255, 1, a))
    # Real scenes are mostly muted: bring subject and plate closer to grey, so that colours meet by chance.
    grey = lambda v, k: v.mean(-1, keepdims=True) * (1 - k) + v * k
    plate, f = grey(plate, rng.uniform(0.15, 0.9)), grey(f, rng.uniform(0.15, 0.9))
    # Accidents that a difference cannot see: parts of the subject in (nearly) the colour of what they hide ...
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 4)):
            where = np.clip((pink(rng, h, w, 1.9)[..., 0] - rng.uniform(0.6, 1.6)) * 6, 0, 1)[..., None]
            near = ndi.gaussian_filter(plate, (s := rng.uniform(2, 40), s, 0)) + rng.normal(0, 0.02, 3) + rng.uniform(0, 0.02) * pink(rng, h, w, 0.8)
            f = f * (1 - where) + near * where
    # ... and tone curves that crush blacks and burn whites in both.
    if rng.random() < 0.4:
        lo, hi = rng.uniform(0, 0.3), rng.uniform(0.7, 1)
        plate, f = np.clip((plate - lo) / (hi - lo), 0, 1), (f - lo) / (hi - lo)
    f = np.clip(f, 0, 1)
    behind = plate
    shadow = rng.random() < 0.25
    if shadow:
        sh = ndi.gaussian_filter(ndi.shift(a, (rng.uniform(5, 40), rng.uniform(-60, 60)), order=1), rng.uniform(10, 30))
        behind = plate * (1 - rng.uniform(0.1, 0.4) * sh)[..., None]
    img = f * a[..., None] + behind * (1 - a[..., None])
    d = rng.choice(["integer", "subpixel"])
    dy, dx = rng.integers(-1, 2, 2) if d == "integer" else rng.uniform(-1, 1, 2)
    given = shift(plate, float(dy), float(dx))
    gain = 1 + rng.choice([-1, 1]) * 0.02 * np.ones(3) if rng.random() < 0.6 else 1 + rng.uniform(-0.03, 0.03, 3)
    offset = rng.normal(0, 0.004, 3) if rng.random() < 0.3 else np.zeros(3)
    given = np.clip(given, 0, 1) ** rng.choice([1, 1, 1, 0.97, 1.03]) * gain + offset
    noise = 0.008
    given = given + rng.normal(0, noise, given.shape)
    if rng.random() < 0.7:
        img = img + rng.normal(0, noise * rng.uniform(0.2, 1), img.shape)
    q = lambda v: Image.fromarray((np.clip(v, 0, 1) * 255 + 0.5).astype(np.uint8))
    meta = dict(seed=int(seed), kind=str(kind), subject=what, shift=[float(dy), float(dx)], gain=[float(g) for g in gain],
                shadow=bool(shadow), cover=float(a.mean()))
    return q(img), q(given), q(a), meta


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("--count", type=int, default=48)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--textures")
    o = ap.parse_args()
    os.makedirs(o.out, exist_ok=True)
    textures = []
    if o.textures:
        for f in sorted(os.listdir(o.textures)):
            textures.append(np.asarray(Image.open(os.path.join(o.textures, f)).convert("RGB"), np.float32) / 255)
    metas = []
    for i in range(o.count):
        img, back, alpha, meta = scene(o.seed * 1000 + i, textures)
        for name, im in (("img", img), ("back", back), ("alpha", alpha)):
            im.save(os.path.join(o.out, f"{i:03d}_{name}.png"))
        metas.append(meta)
    with open(os.path.join(o.out, "set.json"), "w") as f:
        json.dump(metas, f, indent=1)


if __name__ == "__main__":
    main()
