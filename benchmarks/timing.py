"""Time several functions in turn, so that a noisy machine disturbs all of them alike."""

import statistics
import time


def in_turn(functions, rounds=15):
    """Return the median seconds of each function, called one after the other, round by round.

    Args:
        functions: functions without arguments, by name.
        rounds: how often each is called, after one call that does not count.

    Returns:
        A dictionary of medians, and one of all times, by name.
    """
    for function in functions.values():
        function()
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(all_) for name, all_ in times.items()}, times
