"""The charts of bench/run, as SVG."""

import math
import os

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 20, 44, 54
COLOURS = ("#0b6e4f", "#8a8a8a")
NAMES = ("module", "plain nginx")


def number(value):
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return "%g%s" % (round(value / size, 2), unit)
    return "%g" % round(value, 3)


def ticks_of(low, high):
    """The marks of a logarithmic axis, 1, 2, 5, 10 ..., around its values."""
    marks = [step * 10.0 ** power
             for power in range(math.floor(math.log10(low)) - 1,
                                math.ceil(math.log10(high)) + 2)
             for step in (1, 2, 5)]
    first = max(i for i, mark in enumerate(marks) if mark <= low * 1.001)
    last = min(i for i, mark in enumerate(marks) if mark >= high * 0.999)
    marks = marks[first:max(last, first + 1) + 1]
    # too many to read: the powers of ten alone, and the two ends
    return marks if len(marks) <= 10 else [
        mark for i, mark in enumerate(marks) if i in (0, len(marks) - 1)
        or abs(math.log10(mark) - round(math.log10(mark))) < 1e-9]


def chart(title, x_name, y_name, points, names=NAMES):
    """Lines over logarithmic axes: points are (x, y of each line ...)."""
    points = [[max(value, 1e-6) for value in point] for point in points]
    xs = ticks_of(min(p[0] for p in points), max(p[0] for p in points))
    ys = ticks_of(min(min(p[1:]) for p in points),
                 max(max(p[1:]) for p in points))

    def place(value, ticks, start, end):
        low, high = math.log10(ticks[0]), math.log10(ticks[-1])
        return start + (math.log10(value) - low) / (high - low) * (end - start)

    def x_of(value):
        return place(value, xs, LEFT, WIDTH - RIGHT)

    def y_of(value):
        return place(value, ys, HEIGHT - BOTTOM, TOP)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">'
           % (WIDTH, HEIGHT, WIDTH, HEIGHT),
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           '<text x="%d" y="18" font-size="14">%s</text>' % (LEFT, title)]
    for tick in xs:
        out.append('<path d="M%.1f %d V%d" stroke="#dddddd"/>' % (
            x_of(tick), TOP, HEIGHT - BOTTOM))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (
            x_of(tick), HEIGHT - BOTTOM + 18, number(tick)))
    for tick in ys:
        out.append('<path d="M%d %.1f H%d" stroke="#dddddd"/>' % (
            LEFT, y_of(tick), WIDTH - RIGHT))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>' % (
            LEFT - 8, y_of(tick) + 4, number(tick)))
    out.append('<text x="%d" y="%d" text-anchor="middle">%s</text>' % (
        (LEFT + WIDTH - RIGHT) // 2, HEIGHT - 12, x_name))
    out.append('<text transform="translate(18 %d) rotate(-90)" '
               'text-anchor="middle">%s</text>' % (
                   (TOP + HEIGHT - BOTTOM) // 2, y_name))
    for i, name in enumerate(names):
        colour = COLOURS[i]
        out.append('<polyline fill="none" stroke="%s" stroke-width="2" '
                   'points="%s"/>' % (colour, " ".join(
                       "%.1f,%.1f" % (x_of(p[0]), y_of(p[1 + i]))
                       for p in points)))
        out.extend('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (
            x_of(p[0]), y_of(p[1 + i]), colour) for p in points)
        out.append('<text x="%d" y="36" fill="%s">%s</text>' % (
            LEFT + 120 * i, colour, name))
    return "\n".join(out + ["</svg>", ""])


def draw(curves, folder):
    """Writes what there are curves for: the paths."""
    pictures = {}
    if "offered" in curves:
        rows = curves["offered"]
        pictures["throughput.svg"] = chart(
            "Throughput over offered load (three exchanges each)",
            "jobs/s offered", "jobs/s done", [row[:3] for row in rows])
        pictures["p99.svg"] = chart(
            "p99 over offered load (three exchanges each)", "jobs/s offered",
            "ms", [(row[0],) + row[3:] for row in rows])
    if "queue" in curves:
        pictures["queue.svg"] = chart(
            "Cost of a progress poll over queue length", "jobs queued",
            "µs of server CPU", curves["queue"],
            ("progress poll", "plain GET"))
    if "payload" in curves:
        pictures["payload.svg"] = chart(
            "Cost of a job over payload", "bytes of prompt and of result",
            "µs of server CPU", curves["payload"])
    os.makedirs(folder, exist_ok=True)
    for name, text in pictures.items():
        path = os.path.join(folder, name)
        with open(path, "w") as out:
            out.write(text)
        yield path
