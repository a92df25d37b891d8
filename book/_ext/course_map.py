"""`{course-map}`: the topics, by part of the lecture, from the course's own registry."""

import importlib.util
from itertools import groupby

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from course_lib.topics import PLANNED, TOPICS


class CourseMap(SphinxDirective):
    """The directive."""

    def run(self):
        """Return a list of parts, each with its chapters and what is built in them."""
        self.env.note_dependency(importlib.util.find_spec("course_lib.topics").origin)
        course = nodes.container(classes=["course-map"])
        for part, topics in groupby(TOPICS, key=lambda topic: topic.part):
            course += nodes.paragraph("", part, classes=["course-part"])
            course += nodes.bullet_list("", *map(self._entry, topics), bullet="-")
        for part, titles in PLANNED:
            course += nodes.paragraph("", f"{part} (not written yet)", classes=["course-part"])
            items = [nodes.list_item("", nodes.paragraph("", title)) for title in titles]
            course += nodes.bullet_list("", *items, bullet="-", classes=["course-planned"])
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


def setup(app):
    """Register with Sphinx."""
    app.add_directive("course-map", CourseMap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
