"""The plan of a deployment as an SVG: a bar per step on a scale of minutes, and a line where each gate closes.

Written by hand with the standard library: it is drawn where the command runs, and that is also the worker.
"""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from vibedata.sequence import Plan, Slot

ROW, LEFT, TOP, SCALE, RIGHT = 22, 190, 56, 18, 40  # pixels; SCALE is pixels per minute
FILL = {True: "#b3541e", False: "#4472a8"}  # an action on the worker, infrastructure
FAINT = "#9aa4b2"


def svg(plan: Plan) -> str:
    """Return the picture as one SVG document."""
    width = LEFT + int(plan.minutes * SCALE) + RIGHT
    height = TOP + ROW * len(plan.slots) + 34
    root = Xml.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", width=str(width), height=str(height),
        viewBox=f"0 0 {width} {height}", role="img",
    )  # fmt: skip
    root.set("font-family", "system-ui, sans-serif")
    root.set("font-size", "12")
    Xml.SubElement(
        root, "title"
    ).text = f"Deployment plan, {plan.estimate} estimate: {plan.minutes:g} minutes"
    Xml.SubElement(root, "rect", width=str(width), height=str(height), fill="white")
    _heading(root, plan)
    _scale(root, plan, height)
    for row, slot in enumerate(plan.slots):
        _bar(root, slot, TOP + row * ROW, slot.step.name in plan.critical)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode") + "\n"


def _heading(root: Xml.Element, plan: Plan) -> None:
    _text(root, 8, 18, f"{plan.minutes:g} minutes ({plan.estimate})", "#111", weight="bold")
    _text(root, LEFT, 18, "infrastructure", FILL[False])
    _text(root, LEFT + 100, 18, "action on the worker", FILL[True])
    _text(root, LEFT + 240, 18, "framed: nothing after it starts before it ends", "#111")


def _scale(root: Xml.Element, plan: Plan, height: int) -> None:
    bottom = height - 30
    for minute in range(0, int(plan.minutes) + 1, 5):
        x = str(LEFT + minute * SCALE)
        Xml.SubElement(root, "line", x1=x, x2=x, y1=str(TOP - 4), y2=str(bottom), stroke="#e3e7ec")
        _text(root, LEFT + minute * SCALE - 4, TOP - 12, str(minute), "#555")
    closing: dict[float, list[int]] = {}
    for number, end in plan.gates.items():
        closing.setdefault(end, []).append(number)
    for end, numbers in closing.items():
        x = str(LEFT + end * SCALE)
        Xml.SubElement(
            root,
            "line",
            {"stroke-dasharray": "3 3"},
            x1=x,
            x2=x,
            y1=str(TOP - 4),
            y2=str(bottom),
            stroke=FAINT,
        )
        _text(root, LEFT + end * SCALE - 6, bottom + 14, _span(numbers), "#555")
    _text(root, 8, bottom + 14, "gate of phase closes", "#555")


def _bar(root: Xml.Element, slot: Slot, y: int, is_critical: bool) -> None:
    _text(root, 8, y + 15, f"{slot.step.phase:>2}  {slot.step.name}", "#111")
    bar = Xml.SubElement(
        root, "rect", x=str(LEFT + slot.start * SCALE), y=str(y + 3), rx="3", height=str(ROW - 6),
        width=str(max((slot.end - slot.start) * SCALE, 2)), fill=FILL[slot.step.is_action],
    )  # fmt: skip
    if is_critical:
        bar.set("stroke", "#111")
        bar.set("stroke-width", "2")
    Xml.SubElement(bar, "title").text = f"{slot.step.makes}: {slot.start:g} to {slot.end:g} min"


def _text(root: Xml.Element, x: float, y: float, words: str, fill: str, weight: str = "normal") -> None:
    made = Xml.SubElement(root, "text", {"font-weight": weight}, x=f"{x:g}", y=f"{y:g}", fill=fill)
    made.text = words


def _span(numbers: list[int]) -> str:
    first, last = min(numbers), max(numbers)
    return str(first) if first == last else f"{first}-{last}"
