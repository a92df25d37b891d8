"""The book's own Sphinx extensions, each on a page of a few lines."""

import io
import re
import shutil
import sys
from types import SimpleNamespace

import pytest
from _ext.exhibit_pages import page_data
from _ext.fresh_cache import fingerprint, fingerprint_of_shell, shipped
from _ext.import_closure import import_closure, imported_names
from _ext.lean_pictures import lean
from _ext.listing import source_of
from _ext.notebook_download import without_outputs
from _ext.self_hosted import remote_assets
from bs4 import BeautifulSoup
from conftest import ROOT
from nbformat import v4
from PIL import Image
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

from course_lib.topics import TOPICS


@pytest.fixture
def render(tmp_path):
    """A function that builds one page with the named extensions; returns (page, warnings)."""

    def build(text, *parts, **settings):
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "index.md").write_text(f"# Title\n\n{text}\n", encoding="utf8")
        warnings = io.StringIO()
        folders = (source, None, tmp_path / "out", tmp_path / "trees")
        with docutils_namespace():  # else a second build finds the first one's nodes registered
            Sphinx(
                *folders,
                "html",
                confoverrides={
                    "extensions": ["myst_parser", *(f"_ext.{part}" for part in parts)],
                    "myst_enable_extensions": ["colon_fence", "dollarmath"],
                    "html_theme": "basic",
                    **settings,
                },
                status=None,
                warning=warnings,
            ).build()
        html = (tmp_path / "out" / "index.html").read_text(encoding="utf8")
        return BeautifulSoup(html, "html.parser"), warnings.getvalue()

    return build


# quiz

RIGHT = """:::{quiz}
How many **numbers**?

- [ ] 9
  - One slice, `3 * 3`.
- [x] 27
  - Three slices.
:::
"""


def test_quiz_writes_legend_answers_and_reasons(render):
    page, warnings = render(RIGHT + "\n" + RIGHT, "quiz")
    assert warnings == ""
    first, second = page.select("fieldset.quiz")
    assert (first["id"], second["id"]) == ("quiz-index-1", "quiz-index-2")
    assert first.legend.get_text(" ", strip=True) == "Question 1 How many numbers ?"
    answers = [label.get_text(strip=True) for label in first.select("label")]
    assert answers == ["9", "27"], "the marks are not part of the answers"
    assert [option["data-right"] for option in first.select(".quiz-option")] == ["no", "yes"]
    assert "Three slices." in first.select(".quiz-reason")[1].get_text()
    assert {item["name"] for item in first.select("input")} == {"quiz-index-1"}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (RIGHT.replace("[ ] 9", "9"), r"starts with \[ \] or \[x\]; got '9'"),
        (RIGHT.replace("[ ]", "[x]"), "exactly one is marked"),
        (RIGHT.replace("[x]", "[ ]"), "exactly one is marked"),
        (RIGHT.replace("  - Three slices.\n", ""), "needs one reason"),
        (":::{quiz}\nWhy?\n:::", "a question followed by a list"),
        (":::{quiz}\n- [x] a\n  - b\n:::", "a question followed by a list"),
        (":::{quiz}\n> Why?\n\n- [x] a\n  - b\n:::", "in one paragraph"),
    ],
)
def test_quiz_says_what_is_wrong_with_it(render, broken, message):
    _, warnings = render(broken, "quiz")
    assert re.search(message, warnings), warnings


# listing


def test_listing_is_the_source_without_its_docstring(render):
    page, warnings = render("```{listing} course_lib.topics.topic\n```", "listing")
    assert warnings == ""
    text = page.select_one("pre").get_text()
    assert text.startswith("def topic(stem):")
    assert '"""' not in text
    assert "raise ValueError" in text
    assert "course_lib/topics.py" in page.select_one(".code-block-caption").get_text()
    page, _ = render("```{listing} course_lib.topics.topic\n:docstring:\n```", "listing")
    assert "Return the topic with this stem." in page.select_one("pre").get_text()


@pytest.mark.parametrize("name", ["course_lib.topics.nothing", "no_such_module.f", "plain"])
def test_listing_of_what_is_not_there_is_an_error(render, name):
    _, warnings = render(f"```{{listing}} {name}\n```", "listing")
    assert f"listing {name}" in warnings


def test_source_of_keeps_decorators_and_dedents_methods(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        'class A:\n    @property\n    def b(self):\n        """Doc."""\n        return 1\n'
    )
    text, line = source_of(path, ["A", "b"])
    assert text == "@property\ndef b(self):\n    return 1"
    assert line == 2


def test_source_of_leaves_out_what_only_tools_read(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("def f(\n    a, b\n):  # fmt: skip\n    return a  # of both\n")
    assert source_of(path, ["f"])[0] == "def f(\n    a, b\n):\n    return a  # of both"


# mistakes, course map, assignment


def test_mistakes_lists_each_hint_once_below_its_function(render, monkeypatch):
    wrong = SimpleNamespace(name="flipped", hint='The kernel is `flipped`. Say mode="same".')
    listed = [
        SimpleNamespace(name="conv2d", title="Convolve", misconceptions=[wrong]),
        SimpleNamespace(name="other", title="Other", misconceptions=[]),
    ]
    monkeypatch.setattr("_ext.mistakes.load_checks", lambda stem: listed)
    page, warnings = render("```{mistakes} convolution\n```", "mistakes")
    assert warnings == ""
    (group,) = page.select(".mistakes-group")
    assert group.summary.get_text(" ", strip=True) == "conv2d 1"
    # Quotes that a reader may copy into code are straight.
    assert group.li.get_text(strip=True) == 'The kernel isflipped. Say mode="same".'
    monkeypatch.setattr("_ext.mistakes.load_checks", lambda stem: [])
    assert "no misconceptions" in render("```{mistakes} convolution\n```", "mistakes")[1]


def test_mistakes_of_an_unknown_topic_is_an_error(render):
    assert "mistakes nothing" in render("```{mistakes} nothing\n```", "mistakes")[1]


def test_course_map_lists_every_topic(render):
    page, _ = render("```{course-map}\n```", "course_map")
    text = page.select_one(".course-map").get_text()
    for topic in TOPICS:
        assert topic.title in text
        assert all(answer in text for answer in topic.answers)
    assert ". ." not in text
    assert ".." not in text


def test_course_times_are_those_that_the_chapters_tell(render, tmp_path):
    folder = tmp_path / "source" / "book"
    folder.mkdir(parents=True)
    for number, topic in enumerate(TOPICS):
        ends = f"The assignment at the end takes {number} hours.\n" if topic.answers else ""
        head = f"---\norphan: true\n---\n# {topic.title}\n"
        text = f"{head}\nReading takes about\n{number} minutes. {ends}"
        (folder / f"{topic.stem}.md").write_text(text, encoding="utf8")
    page, warnings = render("```{course-times}\n```", "course_map")
    assert warnings == ""
    rows = [[cell.get_text() for cell in row.select("td")] for row in page.select("tbody tr")]
    assert rows == [
        [t.title, f"{n} minutes", f"{n} hours" if t.answers else "none"]
        for n, t in enumerate(TOPICS)
    ]
    assert page.select_one("tbody a")["href"] == f"book/{TOPICS[0].stem}.html"
    (folder / f"{TOPICS[0].stem}.md").write_text("# Nothing\n", encoding="utf8")
    assert "introduction.md: it must say" in render("```{course-times}\n```", "course_map")[1]


def test_assignment_copies_the_notebook_and_warns_when_there_is_none(render, tmp_path):
    folder = tmp_path / "source" / "assignments" / "convolution"
    folder.mkdir(parents=True)
    (folder / "convolution.ipynb").write_text("{}")
    text = "```{assignment} convolution\n```"
    page, warnings = render(text, "assignment", exclude_patterns=["assignments"])
    assert warnings == ""
    link = page.select_one(".assignment a")["href"]
    assert (tmp_path / "out" / link).read_text() == "{}"
    shutil.rmtree(folder)
    _, warnings = render(text + "\n", "assignment")
    assert "not readable" in warnings


# self-hosting


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://example.org/a.js"></script>',
        "<script src='//example.org/a.js'>",
        '<link href="https://example.org/a.css" rel="stylesheet">',
        '<link rel="preconnect" href="https://example.org">',
        '<img alt="" src="http://example.org/a.png">',
        "@import url('https://example.org/a.css');",
        "src: url(https://example.org/a.woff2)",
        '<script type="module">import "https://example.org/a.js"</script>',
    ],
)
def test_remote_assets_are_seen(text):
    assert len(remote_assets(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://example.org">read on</a>',
        '<script src="_static/a.js"></script>',
        '<link rel="canonical" href="https://example.org/">',
        "url(../vendor/a.woff2)",
        '<svg xmlns="http://www.w3.org/2000/svg">',
    ],
)
def test_links_and_local_assets_are_not(text):
    assert remote_assets(text) == []


def test_build_fails_on_a_remote_picture(render):
    raw = '```{raw} html\n<img src="https://example.org/a.png" alt="">\n```'
    with pytest.raises(ExtensionError, match=r"index\.html: <img src=.https://example\.org"):
        render(raw, "self_hosted")


# exhibits


def anywidget_state(**traits):
    """What nbclient saves of an anywidget."""
    state = {"_esm": "export default {}", "_css": "a {}", "layout": "IPY_MODEL_1", **traits}
    return {"model_module": "anywidget", "model_name": "AnyModel", "state": state}


def test_page_data_shares_texts_and_drops_what_is_not_shown():
    state = {name: anywidget_state(size=3) for name in ("a", "b", "hidden")}
    data = page_data(state, ["a", "b"])
    assert set(data["exhibits"]) == {"a", "b"}
    assert data["exhibits"]["a"]["state"] == {"size": 3}
    assert len(data["texts"]) == 2
    assert data["texts"][data["exhibits"]["b"]["module"]] == "export default {}"


def test_page_data_refuses_what_the_host_cannot_run():
    slider = {"model_module": "@jupyter-widgets/controls", "model_name": "Slider", "state": {}}
    with pytest.raises(ValueError, match=r"shows a Slider.*anywidgets only"):
        page_data({"a": slider}, ["a"])
    with pytest.raises(ValueError, match="must stand alone"):
        page_data({"a": anywidget_state(other="IPY_MODEL_b")}, ["a"])


# the cache that notices changes in the package


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `bookpkg` in which `a` imports `b`; `c` is imported by nobody."""
    folder = tmp_path / "bookpkg"
    (folder / "front").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "a.py": "from .b import x",
        "b.py": "x = 1",
        "c.py": "",
    }.items():
        (folder / name).write_text(text)
    (folder / "front" / "view.js").write_text("1")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("bookpkg")]:
        del sys.modules[name]


@pytest.mark.parametrize("changed", ["a.py", "b.py", "__init__.py", "front/view.js"])
def test_fingerprint_moves_with_whatever_a_chapter_imports(package, changed):
    cells = ["%matplotlib inline\nimport numpy\nfrom bookpkg import a", "!ls\na.x"]
    before = fingerprint(cells, ["bookpkg"])
    assert fingerprint(cells, ["bookpkg"]) == before
    with (package / changed).open("a") as file:
        file.write("\n# changed")
    assert fingerprint(cells, ["bookpkg"]) != before


def test_what_a_chapters_recipes_left_belongs_to_it(tmp_path):
    (tmp_path / "_data").mkdir()
    for name in ("cnn_rates.json", "cnn.npz", "dropout.json"):
        (tmp_path / "_data" / name).write_text(name)
    assert [path.name for path in shipped(tmp_path / "cnn.md")] == ["cnn.npz", "cnn_rates.json"]
    assert shipped(tmp_path / "unet.md") == []


def test_fingerprint_stays_when_other_modules_change_and_moves_with_extra_files(package, tmp_path):
    lock = tmp_path / "lock"
    lock.write_text("numpy==1")
    before = fingerprint(["import bookpkg.a"], ["bookpkg"], [lock])
    (package / "c.py").write_text("y = 2")
    assert fingerprint(["import bookpkg.a"], ["bookpkg"], [lock]) == before
    lock.write_text("numpy==2")
    assert fingerprint(["import bookpkg.a"], ["bookpkg"], [lock]) != before


def test_chapters_depend_on_their_exhibits_scripts():
    names = imported_names("from course_lib.exhibits.convolution import KernelExplorer")
    files = import_closure(names, {"course_lib"})
    assert ROOT / "course_lib" / "exhibits" / "base.py" in files
    assert any(path.suffix == ".js" for path in files)


def test_a_change_of_a_script_or_style_is_seen(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.js").write_text("1")
    before = fingerprint_of_shell([tmp_path])
    (tmp_path / "sub" / "a.pyc").write_text("1")
    assert fingerprint_of_shell([tmp_path]) == before
    (tmp_path / "sub" / "a.js").write_text("2")
    assert fingerprint_of_shell([tmp_path]) != before


def test_imported_names_of_a_text_that_is_not_python():
    assert imported_names("def (") == []


# pictures and notebooks


def test_lean_picture_looks_the_same_and_weighs_less():
    wide = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    original = io.BytesIO()
    wide.save(original, format="PNG", compress_level=1)
    smaller = lean(original.getvalue())
    assert len(smaller) < len(original.getvalue())
    again = Image.open(io.BytesIO(smaller)).convert("RGB")
    differences = Image.frombytes("RGB", wide.size, wide.tobytes())
    assert max(abs(a - b) for a, b in zip(differences.tobytes(), again.tobytes(), strict=True)) <= 4
    assert lean(smaller) == smaller, "a second build changes nothing"


def test_lean_leaves_transparent_pictures_alone():
    original = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 128)).save(original, format="PNG")
    assert lean(original.getvalue()) == original.getvalue()


def test_downloaded_notebook_has_no_outputs():
    output = v4.new_output("stream", text="x")
    notebook = v4.new_notebook(
        cells=[
            v4.new_code_cell("1", outputs=[output], execution_count=3),
            v4.new_markdown_cell("m"),
        ],
        metadata={"widgets": {}},
    )
    clean = without_outputs(notebook)
    assert clean.cells[0].outputs == []
    assert clean.cells[0].execution_count is None
    assert "widgets" not in clean.metadata
