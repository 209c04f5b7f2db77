"""Writes the figures of a run into RESULTS.md (between its markers; the words around them stay) and draws results.svg."""

from pathlib import Path

BENCH = Path(__file__).resolve().parent
NAMES = {
    ("proxy", "one"): "Cartage `proxy`, one product",
    ("proxy", "page"): "Cartage `proxy`, unified page",
    ("proxy", "leased"): "Cartage `proxy`, unified page, leased key",
    ("proxy", "raw"): "Cartage `proxy`, raw",
    ("proxy", "full"): "Cartage `proxy`, 429 of a full window",
    ("node", "one"): "Node + SDK v3 + Powertools, one product",
    ("node", "page"): "Node + SDK v3 + Powertools, unified page",
    ("node", "raw"): "Node + SDK v3 + Powertools, raw",
    ("node", "full"): "Node + SDK v3 + Powertools, 429",
    ("nginx", "raw"): "nginx `proxy_pass`, pass-through",
    ("intake", "hook"): "Cartage `intake`, a webhook",
    ("node", "hook"): "Node + SDK v3 + Powertools Idempotency, a webhook",
    ("floor", "hook"): "the floor, a webhook",
    ("fan-out", "fan-out"): "Cartage `fan-out`, an event",
    ("deliver", "deliver"): "Cartage `deliver`, a delivery",
}
COLOURS = {"proxy": "#0f766e", "intake": "#0f766e", "node": "#b45309", "nginx": "#64748b", "floor": "#64748b"}


def messages(data, key):
    """How many messages one call of a contender handles."""
    return data["batch"] if key[1] in ("fan-out", "deliver") else 1


def micros(value):
    return f"{value / 1e3:,.2f} ms" if value >= 1e3 else f"{value:,.0f} µs"


def spread(figure, form):
    return f"**{form(figure['median'])}** ({form(figure['min'])} – {form(figure['max'])})"


def figures_table(data):
    rows = ["| | start-up CPU | start-up wall | CPU of the first call | warm CPU a call | calls a CPU-second | peak RSS |", "|---|---|---|---|---|---|---|"]
    for key, name in NAMES.items():
        taken = data["figures"][key]
        warm = {name: value / messages(data, key) for name, value in taken["warm_cpu_us"].items()}
        rows.append(
            f"| {name} | {spread(taken['start_cpu_us'], micros)} | {spread(taken['start_wall_us'], micros)} | {spread(taken['first_cpu_us'], micros)} "
            f"| {spread(warm, micros)} | {1e6 / warm['median']:,.0f} | {spread(taken['peak_mb'], lambda mb: f'{mb:.1f}')} MB |"
        )
    return rows


def instructions_table(data):
    rows = ["| instructions (callgrind) | start-up | first call | warm call |", "|---|---|---|---|"]
    for key, counted in data["instructions"].items():
        rows.append(f"| {NAMES[key]} | {counted['start'] / 1e6:.2f} M | {counted['first'] / 1e6:.2f} M | {counted['warm'] / messages(data, key) / 1e6:.3f} M |")
    return rows


def bars_table(data):
    """Section 5 of the bars: each against Node in the same run."""
    figures = data["figures"]
    proxy, node, nginx = figures["proxy", "page"], figures["node", "page"], figures["nginx", "raw"]

    def ratio(figure):
        return proxy[figure]["median"] / node[figure]["median"]

    def row(what, bar, found, met):
        return f"| {what} | {bar} | {found} | {'met' if met else '**missed**'} |"

    def against(what, figure, bar):
        found = ratio(figure)
        return row(what, f"≤ 1/{bar} of Node", f"1/{1 / found:.1f}", found <= 1 / bar)

    def times(one, other):
        return figures[one]["warm_cpu_us"]["median"] / figures[other]["warm_cpu_us"]["median"]

    peak, zipped = proxy["peak_mb"]["median"], data["zipped"]["proxy"] / 1e6
    hook, above = times(("intake", "hook"), ("node", "hook")), times(("intake", "hook"), ("floor", "hook"))
    asked = figures["intake", "hook"]["used"]["requests"]
    raw = figures["proxy", "raw"]["warm_cpu_us"]["median"] / nginx["warm_cpu_us"]["median"]
    page = proxy["warm_cpu_us"]["median"] / nginx["warm_cpu_us"]["median"]
    return [
        "| figure | bar | measured | |", "|---|---|---|---|",
        against("start-up CPU to the first `/next`", "start_cpu_us", 50),
        against("CPU of the first call", "first_cpu_us", 20),
        against("warm CPU a call, proxied GET", "warm_cpu_us", 8),
        against("peak RSS", "peak_mb", 7),
        row("peak RSS", "≤ 16 MB", f"{peak:.1f} MB", peak <= 16),
        row("package, zipped", "≤ 4.5 MB", f"{zipped:.2f} MB", zipped <= 4.5),
        row("proxied call, raw, against nginx", "≤ 3×", f"{raw:.1f}×", raw <= 3),
        row("proxied call, unified page, against nginx", "≤ 3×", f"{page:.1f}×", page <= 3),
        row("warm CPU a webhook, intake", "≤ 1/10 of Node", f"1/{1 / hook:.1f}", hook <= 1 / 10),
        row("warm CPU a webhook, intake", "≤ 2× the floor", f"{above:.1f}×", above <= 2),
        row("requests of AWS a webhook, intake", "1", f"{asked:g}", asked <= 1),
    ]


def conditions_lines(data):
    under = data["conditions"]
    answered = data["figures"]["proxy", "page"]
    zipped = ", ".join(f"`{name}` {data['zipped'][name] / 1e6:.2f} MB" for name in ("proxy", "intake", "fan-out", "deliver"))
    return [
        f"{under['date']}, commit {under['commit']}, {under['machine']}; {', '.join(under['versions'])}. Load of the machine when it began: {under['load']:.2f}.",
        f"{under['runs']} runs of every contender in turn; {under['warm_up']} calls to warm up, {under['calls']:,} measured. Medians, in brackets the lowest and the highest run.",
        f"`fan-out` and `deliver` take {data['batch']} messages in a call; warm figures are for one of them.",
        f"The store answers {answered['store_bytes'] / 1e3:.1f} kB (25 products of CartOS); the unified page has {answered['answer_bytes'] / 1e3:.1f} kB.",
        f"Zipped: {zipped}; the Node bundle {data['zipped']['node'] / 1e6:.2f} MB, beside the 100 MB of runtime that Lambda brings for it.",
    ]


def plot(data):
    """Four panels of bars, one for each figure; every panel has its own scale from zero."""
    figures = data["figures"]
    rows = [("proxy", "page", "Cartage, page"), ("proxy", "raw", "Cartage, raw"), ("node", "page", "Node, page"), ("node", "raw", "Node, raw"), ("nginx", "raw", "nginx, raw")]
    panels = [
        ("warm CPU a call", "warm_cpu_us", micros), ("start-up CPU", "start_cpu_us", micros),
        ("CPU of the first call", "first_cpu_us", micros), ("peak RSS", "peak_mb", lambda mb: f"{mb:.1f} MB"),
    ]
    width, left, right, bar, gap, head = 760, 110, 80, 16, 6, 34
    high = head + len(rows) * (bar + gap) + 14
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {high * 2}" width="{width}" height="{high * 2}" font-family="system-ui, sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for number, (title, figure, form) in enumerate(panels):
        x, y = (number % 2) * (width // 2), (number // 2) * high
        room = width // 2 - left - right
        largest = max(figures[contender, case][figure]["median"] for contender, case, _ in rows)
        out.append(f'<text x="{x + 10}" y="{y + 22}" font-weight="600" fill="#0f172a">{title}</text>')
        for place, (contender, case, name) in enumerate(rows):
            value = figures[contender, case][figure]["median"]
            top, long = y + head + place * (bar + gap), max(1.5, room * value / largest)
            out.append(f'<text x="{x + left - 8}" y="{top + 12}" text-anchor="end" fill="#334155">{name}</text>')
            out.append(f'<rect x="{x + left}" y="{top}" width="{long:.1f}" height="{bar}" rx="2" fill="{COLOURS[contender]}"/>')
            out.append(f'<text x="{x + left + long + 6:.1f}" y="{top + 12}" fill="#0f172a">{form(value)}</text>')
    return "\n".join([*out, "</svg>", ""])


def write(data):
    page = BENCH / "RESULTS.md"
    text = page.read_text()
    for name, lines in {
        "conditions": conditions_lines(data), "bars": bars_table(data), "figures": figures_table(data), "instructions": instructions_table(data),
    }.items():
        before, rest = text.split(f"<!-- {name} -->\n", 1)
        after = rest.split(f"<!-- /{name} -->", 1)[1]
        text = f"{before}<!-- {name} -->\n" + "\n".join(lines) + f"\n<!-- /{name} -->{after}"
    page.write_text(text)
    (BENCH / "results.svg").write_text(plot(data))
    print(f"written: {page}")
