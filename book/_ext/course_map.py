"""`{course-map}`: the topics, by part of the lecture, from the course's own registry.

`{course-times}`: how long each takes, as its chapter says.
"""

import importlib.util
import re
from itertools import groupby
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from course_lib.topics import TOPICS


class CourseMap(SphinxDirective):
    """The directive."""

    def run(self):
        """Return a list of parts, each with its chapters and what is built in them."""
        self.env.note_dependency(importlib.util.find_spec("course_lib.topics").origin)
        course = nodes.container(classes=["course-map"])
        for part, topics in groupby(TOPICS, key=lambda topic: topic.part):
            course += nodes.paragraph("", part, classes=["course-part"])
            course += nodes.bullet_list("", *map(self._entry, topics), bullet="-")
        return [course]

    def _entry(self, topic):
        link = addnodes.pending_xref(
            "",
            nodes.inline("", topic.title),
            refdomain="std",
            reftype="doc",
            reftarget=f"/book/{topic.stem}",
            refdoc=self.env.docname,
            refexplicit=True,
            refwarn=True,
        )
        entry = nodes.paragraph("", "", nodes.strong("", "", link))
        for number, answer in enumerate(topic.answers):
            entry += nodes.Text(", " if number else ". You build ")
            entry += nodes.literal(answer, answer)
        if topic.answers:
            entry += nodes.Text(".")
        return nodes.list_item("", entry)


def times(source):
    """What a chapter says about its own times: reading, and its assignment or "none".

    Raises:
        ValueError: if it does not say how long reading takes.

    Example:
        >>> times("Reading takes about 45 minutes. The assignment at the end takes two hours.")
        ('45 minutes', 'two hours')
    """
    words = " ".join(source.split())
    reading = re.search(r"Reading takes about (\d+ minutes)", words)
    if not reading:
        raise ValueError("it must say: Reading takes about NN minutes")
    hours = re.search(r"assignment at the end takes ((?:[\w-]+ )+hours?(?: and a half)?)", words)
    return reading[1], hours[1] if hours else "none"


class CourseTimes(SphinxDirective):
    """The directive."""

    def run(self):
        """Return a table of all chapters' times."""
        rows = ["| chapter | reading | assignment |", "|---|---|---|"]
        for topic in TOPICS:
            path = Path(self.env.doc2path(f"book/{topic.stem}"))
            self.env.note_dependency(str(path))
            try:
                reading, assignment = times(path.read_text(encoding="utf8"))
            except ValueError as error:
                raise self.error(f"course-times: {path.name}: {error}") from None
            rows.append(f"| [{topic.title}](/book/{topic.stem}.md) | {reading} | {assignment} |")
        held = nodes.container()
        self.state.nested_parse(StringList(rows, source="course-times"), self.content_offset, held)
        return held.children


def setup(app):
    """Register with Sphinx."""
    app.add_directive("course-times", CourseTimes)
    app.add_directive("course-map", CourseMap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
