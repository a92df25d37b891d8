"""`{quiz}`: a question answered in the page, whose every answer comes with a reason.

    :::{quiz}
    How many numbers does a 3 × 3 kernel over 3 channels hold?

    - [ ] 9
      - The kernel has a slice for every channel.
    - [x] 27
      - 3 · 3 · 3.
    :::

`_static/quiz.js` shows the reason of the answer that the reader chooses. Without JavaScript each
answer unfolds its own reason; print shows them all.
"""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

MARKS = {"[ ]": False, "[x]": True, "[X]": True}


class QuizNode(nodes.General, nodes.Element):
    """One question; `number` counts on the page, `names` is unique in the book."""


class QuizOption(nodes.General, nodes.Element):
    """One answer: a paragraph, then the blocks of its reason."""


class Quiz(SphinxDirective):
    """The directive."""

    has_content = True

    def run(self):
        """Return the question as a node."""
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        *question, answers = body.children or [None]
        if not question or not isinstance(answers, nodes.bullet_list):
            raise self.error("a quiz is a question followed by a list of answers")
        if not isinstance(question[0], nodes.paragraph):
            raise self.error("a quiz opens with its question, in one paragraph")
        options = [self._option(item) for item in answers.children]
        if len(options) < 2 or sum(option["right"] for option in options) != 1:
            raise self.error("a quiz has two answers or more, and exactly one is marked [x]")
        number = self.env.new_serialno("quiz") + 1
        name = f"quiz-{self.env.docname.rpartition('/')[2]}-{number}".replace("_", "-")
        node = QuizNode("", *question, *options, number=number, name=name)
        for letter, option in zip("abcdefghij", options, strict=False):
            option["name"], option["letter"] = name, letter
        self.set_source_info(node)
        return [node]

    def _option(self, item):
        answer, *rest = item.children
        mark = answer.astext()[:3]
        if not isinstance(answer, nodes.paragraph) or mark not in MARKS:
            raise self.error(f"an answer starts with [ ] or [x]; got {answer.astext()[:40]!r}")
        if len(rest) != 1 or not isinstance(rest[0], nodes.bullet_list) or len(rest[0]) != 1:
            raise self.error(
                f"the answer {answer.astext()[4:40]!r} needs one reason, as a list nested in it"
            )
        text = answer[0]
        answer.replace(text, nodes.Text(text.astext()[3:].lstrip()))
        return QuizOption("", answer, *rest[0][0].children, right=MARKS[mark])


def visit_quiz(self, node):
    """Open the question; its first paragraph is the legend, read out with every answer."""
    self.body.append(f'<fieldset class="quiz" id="{node["name"]}">\n<legend>')
    self.body.append(f'<span class="quiz-number">Question {node["number"]}</span> ')
    legend = node[0]
    for child in legend.children:
        child.walkabout(self)
    self.body.append("</legend>\n")
    node.remove(legend)


def depart_quiz(self, node):
    """Close it, after the place where the verdict is announced."""
    self.body.append('<div class="quiz-verdict" role="status"></div>\n</fieldset>\n')


def visit_option(self, node):
    """Write the answer, and open its reason."""
    identity = f"{node['name']}-{node['letter']}"
    right = "yes" if node["right"] else "no"
    self.body.append(
        f'<div class="quiz-option" data-right="{right}">\n'
        f'<input type="radio" hidden id="{identity}" name="{node["name"]}">'
        f'<label for="{identity}">'
    )
    answer = node[0]
    for child in answer.children:
        child.walkabout(self)
    node.remove(answer)
    word = "Right" if node["right"] else "Not right"
    self.body.append(
        "</label>\n<details><summary>Is it?</summary>\n"
        f'<div class="quiz-reason"><p class="quiz-word">{word}.</p>\n'
    )


def depart_option(self, node):
    """Close the reason."""
    self.body.append("</div></details>\n</div>\n")


def setup(app):
    """Register with Sphinx."""
    app.add_node(QuizNode, html=(visit_quiz, depart_quiz))
    app.add_node(QuizOption, html=(visit_option, depart_option))
    app.add_directive("quiz", Quiz)
    app.add_js_file("quiz.js", defer="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
