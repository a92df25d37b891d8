"""Watch which ready-made functions an answer calls.

The watcher itself stands where the sandbox has it too, which holds nothing else of the course.
"""

from course_lib.grading.inside.watch import CallWatcher

__all__ = ["CallWatcher"]
