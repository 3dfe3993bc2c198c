"""The bench as one SVG, written by hand: needs no library, and a diff shows what has changed."""

import math
import statistics
from xml.sax.saxutils import escape

WIDTH = 980
LEFT = 400  # of the bars; names stand left of it
ROW = 24
TEXT = 'font-family="sans-serif" font-size="12"'
COLOURS = {"client_cpu_gb": "#9ecae1", "middle_cpu_gb": "#3182bd", "sink_cpu_gb": "#c7c7c7"}
GOOD, FAIR, BAD = "#2ca25f", "#e6a700", "#c0392b"


class Canvas:
    """Collects SVG elements from above to below."""

    def __init__(self):
        self.elements = []
        self.y = 30

    def text(self, x, y, words, anchor="start", extra=""):
        self.elements.append(f'<text x="{x:.0f}" y="{y:.0f}" {TEXT} text-anchor="{anchor}" {extra}>{escape(words)}</text>')

    def bar(self, x, width, colour, title=""):
        self.elements.append(f'<rect x="{x:.1f}" y="{self.y - 13}" width="{max(width, 1):.1f}" height="16" fill="{colour}">'
                             f"<title>{escape(title)}</title></rect>")

    def line(self, x, colour, dash=""):
        self.elements.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.y - 16}" y2="{self.y + 6}" stroke="{colour}" '
                             f'stroke-width="2" stroke-dasharray="{dash}"/>')

    def heading(self, words):
        self.y += 14
        self.text(20, self.y, words, extra='font-weight="bold"')
        self.y += ROW

    def name(self, words):
        self.text(LEFT - 10, self.y, words, "end")

    def next_row(self):
        self.y += ROW

    def finish(self) -> str:
        body = "\n".join(self.elements)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.y}" '
                f'viewBox="0 0 {WIDTH} {self.y}">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n')


def draw(results, budgets) -> str:
    canvas = Canvas()
    _ratios(canvas, budgets)
    _speed(canvas, results)
    _cpu(canvas, results)
    return canvas.finish()


def _ratios(canvas, budgets):
    """Each ratio divided by its goal, on a logarithmic scale; longer is better everywhere."""
    canvas.heading("Ratios to the baselines: how far beyond the goal (line at 1); dashed: Solid")
    scale = 110  # pixels for a factor of 2
    middle = LEFT + 2.2 * scale

    def place(value, row):
        share = row.goal / value if row.at_most else value / row.goal
        return min(max(middle + scale * math.log2(share), LEFT), WIDTH - 90)

    for row, value in budgets:
        canvas.name(row.what)
        if value:
            end = place(value, row)
            colour = {"goal": GOOD, "solid": FAIR}.get(row.verdict(value), BAD)
            canvas.bar(LEFT, end - LEFT, colour, f"{value:.3g}")
            canvas.text(end + 6, canvas.y, f"{value:.3g}")
            canvas.line(middle, "#222222")
            if row.solid:
                canvas.line(place(row.solid, row), "#666666", "3,3")
        else:
            canvas.text(LEFT, canvas.y, "not measured")
        canvas.next_row()


def _loads(results):
    for name, rounds in results["cases"].items():
        if rounds and "mb_s" in rounds[0]:
            yield name, rounds


def _speed(canvas, results):
    canvas.heading("MB/s of payload: median; the line spans lowest to highest round")
    loads = list(_loads(results))
    most = max((values["mb_s"] for _, rounds in loads for values in rounds), default=1)
    unit = (WIDTH - 100 - LEFT) / most
    for name, rounds in loads:
        speeds = [values["mb_s"] for values in rounds]
        canvas.name(name)
        canvas.bar(LEFT, statistics.median(speeds) * unit, COLOURS["middle_cpu_gb"])
        canvas.elements.append(f'<line x1="{LEFT + min(speeds) * unit:.1f}" x2="{LEFT + max(speeds) * unit:.1f}" '
                               f'y1="{canvas.y - 5}" y2="{canvas.y - 5}" stroke="#222222"/>')
        canvas.text(LEFT + max(speeds) * unit + 6, canvas.y, f"{statistics.median(speeds):,.0f}")
        canvas.next_row()


def _cpu(canvas, results):
    canvas.heading("CPU seconds per GB: client (light), process in the middle (dark), sink (grey)")
    loads = list(_loads(results))
    medians = [(name, {key: statistics.median([values.get(key, 0.0) for values in rounds]) for key in COLOURS})
               for name, rounds in loads]
    most = max((sum(parts.values()) for _, parts in medians), default=1)
    unit = (WIDTH - 100 - LEFT) / most
    for name, parts in medians:
        canvas.name(name)
        x = LEFT
        for key, colour in COLOURS.items():
            canvas.bar(x, parts[key] * unit, colour, f"{key} {parts[key]:.3f}")
            x += parts[key] * unit
        canvas.text(x + 6, canvas.y, f"{sum(parts.values()):.2f}")
        canvas.next_row()
