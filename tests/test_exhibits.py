"""What holds for every exhibit of every topic."""

import importlib
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from course_lib.exhibits import base
from course_lib.topics import TOPICS

MODULES = [importlib.import_module(f"course_lib.exhibits.{topic.stem}") for topic in TOPICS]
EXHIBITS = [exhibit for module in MODULES for exhibit in module.EXHIBITS]


def test_every_topic_lists_all_its_exhibits():
    for module in MODULES:
        there = {
            thing
            for name, thing in vars(module).items()
            if isinstance(thing, type)
            and not name.startswith("_")
            and issubclass(thing, base.Exhibit)
            and thing.__module__ == module.__name__
        }
        assert there == set(module.EXHIBITS) != set()


@pytest.mark.parametrize("exhibit", EXHIBITS)
@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing(opened, exhibit, theme, width):
    page = opened(exhibit(), theme=theme, width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    results = Axe().run(page).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in results] == []


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_two_on_a_page_share_no_ids_and_no_names(opened, exhibit):
    page = opened(exhibit(), exhibit())
    options = {"runOnly": ["landmark-unique"]}
    assert Axe().run(page, options=options).response["violations"] == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_a_still_picture_and_its_words_travel_with_the_view(exhibit):
    data, metadata = exhibit()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == metadata["image/png"]["alt"]
    assert len(data["text/plain"]) > 60
    picture = b64decode(data["image/png"])
    # Not to the byte: where numbers lie in memory may round a sum, and so a shade, otherwise.
    one, two = (
        np.asarray(Image.open(BytesIO(png)).convert("RGB"), float)
        for png in (picture, exhibit().still())
    )
    assert np.abs(one - two).mean() < 1
    assert picture[1:4] == b"PNG"
    assert len(picture) < 60_000


def test_modules_are_joined_or_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "FRONT", tmp_path)
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = b + 1;\n')
    (tmp_path / "b.js").write_text("export const b = 1;\n")
    assert base.module_text("a.js") == "export const b = 1;\n\nexport const a = b + 1;\n"
    (tmp_path / "c.js").write_text('import * as everything from "./b.js";\n')
    with pytest.raises(ValueError, match=r"c\.js has an import that cannot be joined"):
        base.module_text("c.js")
    with pytest.raises(ValueError, match=r"no such front-end file: d\.js"):
        base.module_text("d.js")
