"""A soak as an SVG: throughput, how long alerts waited, and memory, over time. By hand, with the standard library."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from tests.soak.watch import Sample

WIDTH, PANEL, GAP, LEFT, RIGHT, TOP = 760, 120, 46, 64, 150, 58
POINTS = 240
BLUE, BROWN, GREY, GRID = "#4472a8", "#b3541e", "#7a8594", "#e3e7ec"


@dataclass(frozen=True)
class Line:
    """One curve: its name and its points (seconds, value)."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One scale and the curves on it."""

    title: str
    lines: Sequence[Line]


def svg(samples: Sequence[Sample], heading: str) -> str:
    """Return the picture as one SVG document."""
    panels = _panels(samples)
    end = max(sample.at for sample in samples)
    height = TOP + len(panels) * (PANEL + GAP)
    root = Xml.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", width=str(WIDTH), height=str(height),
        viewBox=f"0 0 {WIDTH} {height}", role="img",
    )  # fmt: skip
    root.set("font-family", "system-ui, sans-serif")
    root.set("font-size", "12")
    Xml.SubElement(root, "title").text = heading
    Xml.SubElement(root, "rect", width=str(WIDTH), height=str(height), fill="white")
    _text(root, 8, 20, heading, "#111", weight="bold")
    for number, panel in enumerate(panels):
        _panel(root, panel, TOP + number * (PANEL + GAP), end)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode") + "\n"


def _panels(samples: Sequence[Sample]) -> list[Panel]:
    return [
        Panel(
            "alerts per second",
            [
                Line("fired", GREY, _rates(samples, lambda sample: sample.accepted)),
                Line("processed", BLUE, _rates(samples, lambda sample: sample.processed)),
            ],
        ),
        Panel(
            "waiting on the queue, the most of each moment",
            [Line("messages", BLUE, _most(samples, lambda one: one.queue))],
        ),
        Panel(
            "age when taken in seconds, the most of each moment",
            [Line("95th percentile", BROWN, _most(samples, lambda one: one.age))],
        ),
        Panel(
            "memory in MB, the most of each moment",
            [
                Line("largest worker", BLUE, _most(samples, lambda one: one.worker_mb)),
                Line("functions host", GREY, _most(samples, lambda one: one.host_mb)),
            ],
        ),
    ]


def _bins(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    size = max(1, -(-len(samples) // POINTS))
    return [samples[start : start + size] for start in range(0, len(samples), size)]


def _most(samples: Sequence[Sample], value: Callable[[Sample], float]) -> list[tuple[float, float]]:
    return [(some[-1].at, max(map(value, some))) for some in _bins(samples)]


def _rates(samples: Sequence[Sample], value: Callable[[Sample], float]) -> list[tuple[float, float]]:
    ends = [some[-1] for some in _bins(samples)]
    pairs = itertools.pairwise(ends)
    return [(b.at, (value(b) - value(a)) / max(b.at - a.at, 0.1)) for a, b in pairs]


def _panel(root: Xml.Element, panel: Panel, top: int, end: float) -> None:
    most = _round_up(max((value for line in panel.lines for _, value in line.points), default=1.0))
    _text(root, LEFT, top - 8, panel.title, "#111")
    for share in (0.0, 0.5, 1.0):
        y = top + PANEL * (1 - share)
        Xml.SubElement(
            root, "line", x1=str(LEFT), x2=str(WIDTH - RIGHT), y1=f"{y:g}", y2=f"{y:g}", stroke=GRID
        )
        _text(root, LEFT - 8, y + 4, f"{most * share:g}", "#555", anchor="end")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        _text(root, x, top + PANEL + 16, _clock(end * share), "#555", anchor="middle")
    for number, line in enumerate(panel.lines):
        points = " ".join(
            f"{LEFT + at / end * (WIDTH - LEFT - RIGHT):.1f},{top + PANEL * (1 - value / most):.1f}"
            for at, value in line.points
        )
        Xml.SubElement(
            root, "polyline", {"stroke-width": "1.5"}, points=points, fill="none", stroke=line.colour
        )
        _text(root, WIDTH - RIGHT + 10, top + 14 + 18 * number, line.name, line.colour)


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50, … and the numbers between them that divide well."""
    step = 1.0
    while step * 10 < value:
        step *= 10
    return next(step * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * factor >= value)


def _clock(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _text(
    root: Xml.Element,
    x: float,
    y: float,
    words: str,
    fill: str,
    weight: str = "normal",
    anchor: str = "start",
) -> None:
    told = {"font-weight": weight, "text-anchor": anchor}
    Xml.SubElement(root, "text", told, x=f"{x:g}", y=f"{y:g}", fill=fill).text = words
