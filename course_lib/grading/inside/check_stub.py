"""Stands for `course_lib.checks` where a submission is graded: the real one judges outside."""


class _Elsewhere:
    """What `check` returns here; the grader does not read it."""

    def __repr__(self):
        return "The grader checks this function outside the sandbox."

    def points(self, maximum):
        """Return 0: points are given outside."""
        return 0.0

    def show(self):
        """Show nothing."""


def check(name, function, **options):
    """Return a report that says nothing; the grader runs each graded cell outside."""
    return _Elsewhere()
