"""The figures as a picture: an SVG without a library, for light and dark pages."""

import math
from xml.sax.saxutils import escape

WIDTH = 860
LEFT, RIGHT = 130, 24  # of the scale
TOP, ROW, BOTTOM = 64, 26, 30

# Distinct also without colours: each has a shape. Mid tones, for both pages.
MARKS = {
    "filemon": ("#d6453d", "disc"),
    "dormant": ("#8a8f98", "bar"),
    "FILEMON_LOG": ("#e08a2e", "ring"),
    "fsatrace": ("#3b82c4", "square"),
    "firebuild": ("#8e5fc7", "diamond"),
    "tup": ("#2f9e75", "triangle"),
    "bear": ("#a87b45", "plus"),
    "strace": ("#6b7280", "cross"),
    "seccomp": ("#6b7280", "square"),
}

LABELS = {"seccomp": "strace --seccomp-bpf", "strace": "strace -f"}

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .faint { stroke: #24292f; stroke-opacity: .15; }
  .goal { stroke: #1a7f37; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .faint { stroke: #e6edf3; stroke-opacity: .2; }
    .goal { stroke: #3fb950; }
  }
"""


def shape(kind, x, y, colour, title):
    r = 5
    fill = 'fill="%s"' % colour
    line = 'fill="none" stroke="%s" stroke-width="2"' % colour
    paths = {
        "disc": '<circle cx="%.1f" cy="%.1f" r="%d" %s>' % (x, y, r, fill),
        "ring": '<circle cx="%.1f" cy="%.1f" r="4" %s>' % (x, y, line),
        "bar": '<path d="M%.1f %.1fv10" %s>' % (x, y - r, line),
        "square": '<path d="M%.1f %.1fh8v8h-8z" %s>' % (x - 4, y - 4, fill),
        "diamond": '<path d="M%.1f %.1fl5 5l-5 5l-5-5z" %s>' % (x, y - r, fill),
        "triangle": '<path d="M%.1f %.1fl5 9h-10z" %s>' % (x, y - r, fill),
        "plus": '<path d="M%.1f %.1fv10m-5-5h10" %s>' % (x, y - r, line),
        "cross": '<path d="M%.1f %.1fl8 8m0-8l-8 8" %s>' % (x - 4, y - 4, line),
    }
    tag = paths[kind]
    return "%s<title>%s</title></%s>" % (tag, escape(title), tag[1:].split(" ", 1)[0])


def ticks(largest):
    found = [1.0]
    for tick in (1.1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500):
        found.append(tick)
        if tick >= largest:
            break
    return found


def draw(results, wanted):
    """The ratios of the minimums of `results` (workload -> figures) on a scale of
    ratios minus what nothing costs, and the goals (workload -> ratio)."""
    names = [name for name in MARKS if any(name in row for row in results.values())]
    ratios = [row[name]["ratio_of_minimums"] for row in results.values() for name in row
              if name in MARKS]
    scale = ticks(max(ratios + [1.1]))
    smallest = 0.02  # what lies between this and nothing is drawn in a straight line

    def position(ratio):
        def stretched(value):
            over = max(value - 1, -smallest)
            return over / smallest if over < smallest else 1 + math.log(over / smallest)
        begin, end = -1.0, stretched(scale[-1])
        share = (min(stretched(ratio), end) - begin) / (end - begin)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    height = TOP + ROW * len(results) + BOTTOM
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
           'role="img">' % (WIDTH, height, WIDTH, height),
           "<title>What tracing costs: time, or CPU, as a ratio to a bare run</title>",
           "<style>%s</style>" % STYLE]
    x = 8.0
    for name in names:
        colour, kind = MARKS[name]
        label = LABELS.get(name, name)
        out.append(shape(kind, x + 6, 18, colour, label))
        out.append('<text x="%.1f" y="22">%s</text>' % (x + 16, escape(label)))
        x += 34 + 7.6 * len(label)
    out.append('<path class="goal" d="M%.1f 12v12"/><text x="%.1f" y="22">goal</text>' %
               (x + 6, x + 14))
    bottom = height - BOTTOM
    for tick in scale:
        at = position(tick)
        out.append('<path class="faint" d="M%.1f %dV%d"/>' % (at, TOP - 14, bottom))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%g</text>' %
                   (at, bottom + 18, tick))
    out.append('<text x="8" y="%d">ratio to bare</text>' % (bottom + 18))
    for number, (workload, row) in enumerate(results.items()):
        y = TOP + ROW * number
        out.append('<text x="8" y="%d">%s</text>' % (y + 4, escape(workload)))
        out.append('<path class="faint" d="M%d %dH%d"/>' % (LEFT, y, WIDTH - RIGHT))
        if workload in wanted:
            out.append('<path class="goal" d="M%.1f %dv16"><title>goal: %.2f</title></path>' %
                       (position(wanted[workload]), y - 8, wanted[workload]))
        # Ours lies on top.
        for name in sorted(row, key=lambda n: n == "filemon"):
            if name in MARKS:
                ratio = row[name]["ratio_of_minimums"]
                colour, kind = MARKS[name]
                out.append(shape(kind, position(ratio), y, colour,
                                 "%s, %s: %.2f" % (workload, LABELS.get(name, name), ratio)))
    out.append("</svg>")
    return "\n".join(out) + "\n"
