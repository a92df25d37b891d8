"""Time several functions in turn, so that a noisy machine disturbs all of them alike."""

import statistics
import time


def in_turn(functions, rounds=15, calls=4):
    """Time each function, one after the other, round by round.

    In each round a function is called a few times in a row and its median counts: the first calls
    after a change of hands pay for the other's threads and caches, which no user would see.

    Args:
        functions: functions without arguments, by name.
        rounds: how often each has its turn, after one call that does not count.
        calls: calls in a row.

    Returns:
        A dictionary of median seconds, and one of the seconds in each round, by name.
    """
    for function in functions.values():
        function()
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            times[name].append(statistics.median(_seconds(function) for _ in range(calls)))
    return {name: statistics.median(all_) for name, all_ in times.items()}, times


def _seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
