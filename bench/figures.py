"""From samples to figures, and what the project has set itself."""

import statistics

# Preloaded without a session, to an empty preloaded library: in any workload.
DORMANT_GOAL = 1.01


def quantile(values, share):
    """The value below which `share` of them lie, by linear interpolation."""
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def figures(samples):
    """Of one workload, variant -> samples: variant -> figures. A ratio is to
    `bare`; the quartiles are of the ratios within each round."""
    bare = samples["bare"]
    result = {}
    for name, times in samples.items():
        paired = [ours / theirs for ours, theirs in zip(times, bare)]
        result[name] = {
            "minimum": min(times),
            "q10": quantile(times, 0.1),
            "median": statistics.median(times),
            "ratio_of_minimums": min(times) / min(bare),
            "ratio_of_q10s": quantile(times, 0.1) / quantile(bare, 0.1),
            "ratio_of_medians": statistics.median(times) / statistics.median(bare),
            "quartiles": [quantile(paired, 0.25), quantile(paired, 0.75)],
        }
    return result


def judgement(ratio, goal):
    """A goal of two digits is met by a ratio of two digits."""
    return "within" if round(ratio, 2) <= goal else "NOT within"


def goals(results, wanted):
    """(what, ratio, that of the processor time, goal, judgement) of each workload
    that has a goal.

    `results` is workload -> figures, `wanted` workload -> goal. The ratios are of
    the minimums: what disturbs a run only makes it longer.
    """
    rows = []
    for name, by_variant in results.items():
        if name in wanted and "filemon" in by_variant:
            ours = by_variant["filemon"]
            rows.append((name, ours["ratio_of_minimums"], ours["CPU"], wanted[name]))
    for name, by_variant in results.items():
        if "dormant" in by_variant and "empty" in by_variant:
            dormant, empty = by_variant["dormant"], by_variant["empty"]
            rows.append((name + ", dormant to empty", dormant["minimum"] / empty["minimum"],
                         dormant["CPU"] / empty["CPU"], DORMANT_GOAL))
    return [row + (judgement(row[1], row[3]),) for row in rows]
