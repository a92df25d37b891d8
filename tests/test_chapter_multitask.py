"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import numpy as np
import pytest
from chapter_helpers import run_page, text
from chapter_helpers import says as chapter_says

from course_lib.checks import load

STEM = "multitask"


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for check in load(STEM):
        for read in filter(None, [check.read, *(part.read for part in check.parts)]):
            assert f"\n({read.partition('#')[2]})=\n" in text(STEM)


def test_a_page_in_small():
    import re
    print(re.findall("x", text(STEM)))
