#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""plot.py [--title T] [--x-label L] [--y-label L] [--family NAME]... --out FILE.svg [FILE...]

Draws lines such as bench/micro/bench.h describes as SVG. A series' name has two words: the first is the family, which
makes one picture, the second the curve in it. Of several values at the same place the median counts. A family whose
values all have the same place becomes a chart of bars. With more than one family, each goes into a file of its own:
FILE-FAMILY.svg.
"""

import argparse
import math
import os
import statistics
import sys
from xml.sax.saxutils import escape

# Told apart by people who see few colours, too (Okabe and Ito, "Color Universal Design", 2008).
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"]
MARKS = ["circle", "square", "triangle", "diamond"]
FONT = "font-family='system-ui, sans-serif'"

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 78, 62
BAR, GAP = 26, 12


class Malformed(Exception):
    pass


class Family:
    def __init__(self):
        self.unit = None
        self.curves = {}  # name -> {x: [values]}; in the order in which they came

    def add(self, curve, x, value, unit):
        if self.unit not in (None, unit):
            raise Malformed(f"unit {unit}, where the family's others are in {self.unit}")
        self.unit = unit
        self.curves.setdefault(curve, {}).setdefault(x, []).append(value)

    def points(self, curve):
        return sorted((x, statistics.median(values)) for x, values in self.curves[curve].items())

    def places(self):
        return sorted({x for points in self.curves.values() for x in points})

    def largest(self):
        return max(value for curve in self.curves for _, value in self.points(curve))

    def smallest(self):
        return min(value for curve in self.curves for _, value in self.points(curve))


def read(stream, name, families):
    for number, line in enumerate(stream, 1):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        try:
            if line.count("\t") != 3:
                raise Malformed("not a name, a place, a value and a unit with tabs between")
            series, x, value, unit = line.split("\t")
            family, _, curve = series.partition(" ")
            families.setdefault(family, Family()).add(curve or family, float(x), float(value), unit)
        except (ValueError, Malformed) as error:
            sys.exit(f"{name}:{number}: {error}")


def number(value):
    """12000 as 12 k, 65536 as 64 k."""
    power = value == int(value) and int(value) & (int(value) - 1) == 0
    for factor, letter in ((1 << 30, " G"), (1 << 20, " M"), (1 << 10, " k")):
        if value >= factor and power:
            return f"{value / factor:g}{letter}"
    for factor, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= factor:
            return f"{value / factor:.4g}{letter}"
    return f"{value:.3g}"


def decimal(value):
    """The same, always by thousands: for what is measured."""
    for factor, letter in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if value >= factor:
            return f"{value / (1e3 if letter == ' k' else factor):.3g}{letter}"
    return f"{value:.4g}"


def round_step(span, most):
    """The smallest of 1, 2, 5, 10, ... that divides `span` into at most `most` parts."""
    power = 10 ** math.floor(math.log10(span / most))
    return next(power * factor for factor in (1, 2, 5, 10) if span <= power * factor * most)


class Axis:
    """Maps values to pixels. `ticks` is where it has labels."""

    def __init__(self, low, high, begin, end, logarithmic):
        self.low, self.begin, self.end = low, begin, end
        self.logarithmic = logarithmic
        self.span = math.log(high / low) if logarithmic else high - low

    def __call__(self, value):
        along = math.log(value / self.low) if self.logarithmic else value - self.low
        return self.begin + (self.end - self.begin) * (along / self.span if self.span else 0.5)


def text(x, y, words, anchor="middle", size=12, colour="#333", weight="normal", turn=False):
    turned = f" transform='rotate(-90 {x:.1f} {y:.1f})'" if turn else ""
    return (f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-size='{size}' fill='{colour}' "
            f"font-weight='{weight}' {FONT}{turned}>{escape(words)}</text>")


def line(x1, y1, x2, y2, colour):
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}'/>"


def mark(shape, x, y, colour, hint):
    title = f"<title>{escape(hint)}</title>"
    if shape == "circle":
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4' fill='{colour}'>{title}</circle>"
    corners = {"square": ((-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)),
               "triangle": ((0, -4.5), (4.5, 3.5), (-4.5, 3.5)),
               "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0))}[shape]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f"<polygon points='{points}' fill='{colour}'>{title}</polygon>"


def document(height, title, body):
    return (f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' "
            f"role='img'>\n<title>{escape(title)}</title>\n"
            f"<rect width='{WIDTH}' height='{height}' fill='#fdfdfc'/>\n" + "\n".join(body) + "\n</svg>\n")


def style(index):
    return COLOURS[index % len(COLOURS)], MARKS[index % len(MARKS)]


def legend(curves):
    """One entry after the other below the title; a new row where the next does not fit."""
    x, y, parts = LEFT, 52, []
    for index, curve in enumerate(curves):
        colour, shape = style(index)
        width = 44 + 7 * len(curve)
        if x + width > WIDTH - RIGHT and x > LEFT:
            x, y = LEFT, y + 18
        parts.append(f"<line x1='{x}' y1='{y - 4}' x2='{x + 22}' y2='{y - 4}' stroke='{colour}' stroke-width='2'/>")
        parts.append(mark(shape, x + 11, y - 4, colour, curve))
        parts.append(text(x + 28, y, curve, "start"))
        x += width
    return parts, y - 52


def y_ticks(low, high, logarithmic):
    if logarithmic:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return [10.0 ** power for power in range(first, max(last, first + 1) + 1)]
    high = high or 1
    step = round_step(high, 6)
    return [step * i for i in range(math.ceil(high / step - 1e-9) + 1)]


def x_ticks(places):
    """Where there are values, so far as the labels fit side by side."""
    while len(places) > 10:
        places = places[::2]
    return places


def draw_curves(family, options, title):
    places = family.places()
    ticks = y_ticks(family.smallest(), family.largest(), options.y_log)
    body, lower = legend(family.curves)
    height, top = HEIGHT + lower, TOP + lower
    bottom = height - BOTTOM
    across = Axis(places[0], places[-1], LEFT + 14, WIDTH - RIGHT - 14, not options.x_linear and places[0] > 0)
    up = Axis(ticks[0], ticks[-1], bottom, top, options.y_log)

    body.append(text(LEFT, 28, title, "start", 16, "#111", "600"))
    for tick in ticks:
        body.append(line(LEFT, up(tick), WIDTH - RIGHT, up(tick), "#e4e4e0"))
        body.append(text(LEFT - 8, up(tick) + 4, decimal(tick), "end"))
    for place in x_ticks(places):
        body.append(line(across(place), bottom, across(place), bottom + 5, "#888"))
        body.append(text(across(place), bottom + 20, number(place)))
    body.append(line(LEFT, bottom, WIDTH - RIGHT, bottom, "#888"))
    body.append(text((LEFT + WIDTH - RIGHT) / 2, height - 14, options.x_label, size=13))
    body.append(text(22, (top + bottom) / 2, options.y_label or family.unit, size=13, turn=True))
    for index, curve in reversed(list(enumerate(family.curves))):
        colour, shape = style(index)
        points = family.points(curve)
        way = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in points)
        body.append(f"<polyline points='{way}' fill='none' stroke='{colour}' stroke-width='2'/>")
        for x, y in points:
            body.append(mark(shape, across(x), up(y), colour, f"{curve}, {number(x)}: {decimal(y)} {family.unit}"))
    return document(height, title, body)


def draw_bars(family, options, title):
    left = 40 + 7.5 * max(len(curve) for curve in family.curves)
    across = Axis(0, family.largest() or 1, left, WIDTH - RIGHT - 70, False)
    body = [text(24, 28, title, "start", 16, "#111", "600"),
            text(24, 48, options.y_label or family.unit, "start", 13)]
    y = 64
    for index, curve in enumerate(family.curves):
        value = family.points(curve)[0][1]
        body.append(f"<rect x='{left:.1f}' y='{y}' width='{max(across(value) - left, 1):.1f}' height='{BAR}' "
                    f"fill='{style(index)[0]}'/>")
        body.append(text(left - 10, y + BAR / 2 + 4, curve, "end"))
        body.append(text(across(value) + 8, y + BAR / 2 + 4, decimal(value), "start"))
        y += BAR + GAP
    return document(y + 12, title, body)


def draw(name, family, options):
    title = options.title or name
    if options.title and options.several:
        title = f"{options.title}: {name}"
    if len(family.places()) == 1:
        return draw_bars(family, options, title)
    return draw_curves(family, options, title)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--title")
    parser.add_argument("--x-label", default="entries")
    parser.add_argument("--y-label", help="default: the unit")
    parser.add_argument("--x-linear", action="store_true", help="for numbers of workers, for example")
    parser.add_argument("--y-log", action="store_true", help="for values that lie far apart")
    parser.add_argument("--family", action="append", help="only this one; may be repeated")
    parser.add_argument("--out", required=True, metavar="FILE.svg")
    parser.add_argument("file", nargs="*")
    options = parser.parse_args()

    families = {}
    for name in options.file:
        with open(name, encoding="utf-8") as stream:
            read(stream, name, families)
    if not options.file:
        read(sys.stdin, "standard input", families)
    for name in options.family or []:
        if name not in families:
            sys.exit(f"there is no series of family {name}")
    chosen = options.family or list(families)
    if not chosen:
        sys.exit("there is nothing to draw")
    if options.y_log and any(families[name].smallest() <= 0 for name in chosen):
        sys.exit("--y-log: values must be above 0")
    options.several = len(chosen) > 1
    base, extension = os.path.splitext(options.out)
    for name in chosen:
        path = f"{base}-{name.replace('/', '-')}{extension}" if options.several else options.out
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(draw(name, families[name], options))


if __name__ == "__main__":
    main()
