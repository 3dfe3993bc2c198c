"""Turns results.json into table.md and plot.svg: each figure is the median of per-round ratios."""

import statistics

import plot


class Budget:
    """A row of architecture.md 6: a ratio, and what it must reach."""

    def __init__(self, what, ratio, solid, goal, at_most=False):
        self.what = what
        self.ratio = ratio
        self.solid = solid
        self.goal = goal
        self.at_most = at_most

    def verdict(self, value) -> str:
        if value is None:
            return "not measured"
        sign = -1 if self.at_most else 1
        if value * sign >= self.goal * sign:
            return "goal"
        return "solid" if value * sign >= self.solid * sign else "**misses**"

    def limits(self) -> str:
        sign = "<=" if self.at_most else ">="
        return f"{sign} {self.solid:g} | {sign} {self.goal:g}"


def ratios(results, case, key, base, base_key=None) -> list:
    """`key` of `case` over that of `base`, in each round that has both."""
    below = {values["round"]: values[base_key or key] for values in results["cases"].get(base, [])}
    return [values[key] / below[values["round"]] for values in results["cases"].get(case, [])
            if below.get(values["round"])]


STREAMS = ("daemon 4 streams", "daemon 16 streams", "daemon 4 skewed, 64 MiB", "daemon 16 skewed, 64 MiB")


def budgets(results) -> list:
    def over(*words):
        return ratios(results, *words)

    memory = results["memory"]
    rows = [
        Budget("daemon / relay, CPU s/GB of the process in the middle", over("daemon", "middle_cpu_gb", "relay"), 1.5, 1.15, True),
        Budget("daemon / relay, MB/s", over("daemon", "mb_s", "relay"), 0.8, 1.0),
        Budget("daemon / curl, MB/s", over("daemon", "mb_s", "curl"), 0.6, 0.8),
        Budget("typed rows to CSV / (arena parse + general value writer), rows/s, one thread",
               over("encode", "wire_rows_s", "encode", "objects_rows_s"), 2, 4),
        Budget("typed rows end to end / SDK, rows/s", over("daemon typed", "rows_s", "sdk"), 1.5, 2.5),
        Budget("encoded payload / SDK, MB/s", over("daemon", "mb_s", "sdk"), 2.5, 4),
        Budget(f"peak RSS after {memory['gigabytes']} GB / bytes held", [memory["after_all"] / memory["held"]]
               if memory["held"] else [], 2.5, 1.4, True),
        Budget("append to `received` ack / TCP echo, p50, 1 KB", over("latency", "p50", "echo"), 3, 1.6, True),
        Budget("append to `received` ack / TCP echo, p99, 1 KB", over("latency", "p99", "echo"), 3, 1.8, True),
        Budget("1-row appends/s, corked / plain", over("appends corked", "messages_s", "appends"), 3, 7),
    ]
    # Solid is "no starvation, no hang": a case that fails or hangs has a line under the table, and no stream
    # may stand still for a second, where they are served within a tenth of it.
    for name in STREAMS:
        short = name.removeprefix("daemon ")
        pauses = [values["pause"] for values in results["cases"].get(name, []) if "pause" in values]
        rows.append(Budget(f"{short} / 1 stream, MB/s", over(name, "mb_s", "daemon"), 0.0, 0.9))
        rows.append(Budget(f"{short}: longest pause of a stream, s", pauses, 1, 0.2, True))
    return rows


def median(values):
    return statistics.median(values) if values else None


def number(value) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def spread(values) -> str:
    return f"**{number(median(values))}** ({number(min(values))} .. {number(max(values))})" if values else "-"


def budget_table(rows) -> list:
    lines = ["| What | Measured (lowest .. highest) | Solid | Goal | Verdict |", "|---|---|---|---|---|"]
    for row in rows:
        value = median(row.ratio)
        lines.append(f"| {row.what} | {spread(row.ratio)} | {row.limits()} | {row.verdict(value)} |")
    return lines


_LOADS = ("mb_s", "rows_s", "client_cpu_gb", "middle_cpu_gb", "middle_user_gb", "sink_cpu_gb", "pause")
_HEADS = ("MB/s", "rows/s", "client CPU s/GB", "middle CPU s/GB", "of it user", "sink CPU s/GB", "longest pause s")


def load_table(results) -> list:
    lines = ["| Medians | " + " | ".join(_HEADS) + " |", "|---" * (len(_HEADS) + 1) + "|"]
    for name, rounds in results["cases"].items():
        if rounds and "mb_s" in rounds[0]:
            cells = [number(median([values[key] for values in rounds if key in values])) for key in _LOADS]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def small_table(results) -> list:
    lines = ["| Medians | p50 us | p99 us | messages/s | rows/s |", "|---|---|---|---|---|"]
    for name, rounds in results["cases"].items():
        if not rounds or "mb_s" in rounds[0]:
            continue
        if name == "encode":
            for key, label in (("wire_rows_s", "wire to CSV"), ("objects_rows_s", "arena parse, then CSV")):
                lines.append(f"| {label}, one thread | - | - | - | {number(median([v[key] for v in rounds]))} |")
            continue
        cells = [number(median([values[key] for values in rounds if key in values]))
                 for key in ("p50", "p99", "messages_s")]
        lines.append(f"| {name} | " + " | ".join(cells) + " | - |")
    return lines


def write_some(results) -> int:
    """Prints what `--only` measured; each case of the daemon also over relay and over the other daemon; 0."""
    lines = load_table(results) + [""] + small_table(results) + ["", "| Median of ratios (lowest .. highest) | MB/s | CPU of the middle |",
                                                                 "|---|---|---|"]
    for name, rounds in results["cases"].items():
        for base in ("relay", name + " before"):
            cells = []
            for key in ("mb_s", "middle_cpu_gb"):
                values = ratios(results, name, key, base) if rounds and key in rounds[0] and name != base else []
                cells.append(spread(values))
            if cells != ["-", "-"]:
                lines.append(f"| {name} / {base} | {cells[0]} | {cells[1]} |")
    for name, reason in results["problems"].items():
        if name != "sdk":
            lines.append(f"\nnot measured: {name}: {reason}")
    print("\n".join(lines))
    return 0


def write(results, directory) -> int:
    """Writes both files; 1 if something was not measured or misses Solid."""
    rows = budgets(results)
    memory = results["memory"]
    lines = [f"{results['rounds']} rounds, interleaved, {results['megabytes']:g} MB a load; medians of per-round ratios.", ""]
    lines += budget_table(rows) + [""] + load_table(results) + [""] + small_table(results) + [""]
    lines.append(f"Memory: idle {memory['idle'] / 1e6:.0f} MB; at most {memory['held'] / 1e6:.0f} MB of rows held; peak RSS "
                 f"{memory['after_1_gb'] / 1e6:.0f} MB after 1 GB, {memory['after_all'] / 1e6:.0f} MB after "
                 f"{memory['gigabytes']} GB.")
    for name, reason in results["problems"].items():
        lines.append(f"\nnot measured: {name}: {reason}")
    text = "\n".join(lines) + "\n"
    (directory / "table.md").write_text(text, encoding="utf-8")
    (directory / "plot.svg").write_text(plot.draw(results, [(row, median(row.ratio)) for row in rows]), encoding="utf-8")
    print(text)
    bad = [row for row in rows if row.verdict(median(row.ratio)) in ("not measured", "**misses**")]
    return 1 if bad or results["problems"] else 0
