"""Makes the table of benches/run: a line for each `GROUP OURS PEER GOAL` of stdin, from hyperfine's results.

usage: table.py DIR, where the results are: NAME.ROUND.json
"""

import collections
import json
import pathlib
import statistics
import sys


def read(folder):
    """The label of each name, and its times in ms in each round."""
    labels, times = {}, collections.defaultdict(dict)
    for file in pathlib.Path(folder).glob("*.json"):
        name, number, _ = file.name.split(".")
        (result,) = json.loads(file.read_text())["results"]
        labels[name] = result["command"]
        times[name][number] = [time * 1000 for time in result["times"]]
    return labels, times


def median(rounds):
    """Of all runs."""
    return statistics.median(sum(rounds.values(), []))


def ratio(ours, peers):
    """The median of the rounds' ratios: the two of a round have seen the same load."""
    middle = statistics.median
    return statistics.median(middle(ours[number]) / middle(peers[number]) for number in ours)


def significant(number):
    """Three digits, or two decimals: 0.57, 24.6, 2590."""
    digits = 2 if number < 10 else 1 if number < 100 else 0
    return "{:.{}f}".format(number, digits)


def main():
    labels, times = read(sys.argv[1])
    print("| | rvenv | ms | the peer | ms | rvenv ÷ peer | goal |")
    print("|---|---|--:|---|--:|--:|--:|")
    last = None
    for line in sys.stdin:
        group, ours, peer, goal = line.rstrip("\n").split("\t")
        cells = [group if group != last else ""]
        for name in (ours, peer):
            cells += ["`%s`" % labels[name], significant(median(times[name]))]
        cells += ["**%.3f**" % ratio(times[ours], times[peer]), goal]
        print("|", " | ".join(cells), "|")
        last = group


main()
