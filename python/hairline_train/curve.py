"""The validation errors of runs over their steps, as SVG: python -m hairline_train.curve log.jsonl... OUT.svg

Several logs are stages that follow each other."""
import json
import math
import pathlib
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 60, 130, 20, 40
COLOURS = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e"]


def points(logs):
    """Mean squared error by the side of the pictures: [(step of the whole run, error)], and where stages begin."""
    curves, starts, offset, last = {}, [], 0, ("", 0)
    for log in logs:
        for line in pathlib.Path(log).read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["stage"] != last[0]:
                offset += last[1]
                starts.append((offset, record["stage"]))
            last = record["stage"], record["step"]
            for name, value in record.get("validation", {}).items():
                if name.startswith("mse_"):
                    curves.setdefault(f"{name[4:]} px", []).append((offset + record["step"], value))
    return curves, starts


def svg(curves, starts):
    everything = [p for c in curves.values() for p in c]
    end = max(s for s, _ in everything)
    low, high = (f(math.log10(e) for _, e in everything) for f in (min, max))
    low, high = low - 0.05, high + 0.05
    x = lambda step: LEFT + (WIDTH - LEFT - RIGHT) * step / end
    y = lambda error: TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(error)) / (high - low)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for error in (m * 10 ** e for e in range(-4, 0) for m in (1, 2, 5)):
        if low <= math.log10(error) <= high:
            out += [f'<path d="M{LEFT} {y(error):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
                    f'<text x="{LEFT - 6}" y="{y(error) + 4:.1f}" text-anchor="end">{error:g}</text>']
    for step, name in starts:
        out += [f'<path d="M{x(step):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#999" stroke-dasharray="3"/>',
                f'<text x="{x(step) + 3:.1f}" y="{TOP + 10}" fill="#666">{name}</text>']
    for colour, (name, curve) in zip(COLOURS, sorted(curves.items())):
        path = "L".join(f"{x(s):.1f} {y(e):.1f}" for s, e in curve)
        out += [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
                f'<text x="{x(curve[-1][0]) + 4:.1f}" y="{y(curve[-1][1]) + 4:.1f}" fill="{colour}">{name}</text>']
    out += [f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">steps (0 to {end})</text>',
            f'<text x="14" y="{HEIGHT / 2}" transform="rotate(-90 14 {HEIGHT / 2})" text-anchor="middle">'
            "mean squared error of alpha</text>", "</svg>"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    *given, wanted = sys.argv[1:]
    pathlib.Path(wanted).write_text(svg(*points(given)), encoding="utf-8")
