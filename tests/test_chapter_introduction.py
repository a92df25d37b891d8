"""The chapter says what its code computes, and what the tools of the course really take."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from chapter_helpers import run_page, text
from chapter_helpers import says as chapter_says
from conftest import ROOT

from course_lib.convolution import conv2d_parameters
from course_lib.introduction import dense_parameters, fixed_permutation, permute_pixels
from course_lib.models import as_model


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page("introduction")


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says("introduction", words)


# What is learnt


def test_the_dense_network_does_not_care(page):
    fall = page["rights"]["dense", "in order"] - page["rights"]["dense", "shuffled"]
    assert len(fall) == 5
    assert abs(fall.mean()) < 0.02
    assert page["rights"]["dense", "shuffled"].min() > 0.9
    assert says("what is left between the two is no larger than the spread of its seeds")
    assert abs(fall.mean()) < page["rights"]["dense", "in order"].std()


def test_the_convolutional_network_falls_with_every_seed(page):
    before, after = (page["rights"]["convolutional", order] for order in ("in order", "shuffled"))
    assert (before - after > 0.02).all()
    assert 0.06 < (before - after).mean() < 0.14
    assert says("loses about ten points, and it loses with every seed")
    assert after.min() > 0.5  # "does not fall to chance"


def test_in_order_they_are_equal_and_shuffled_the_dense_one_wins(page):
    rights = page["rights"]
    assert abs(np.mean(rights["dense", "in order"] - rights["convolutional", "in order"])) < 0.03
    wins = rights["dense", "shuffled"] - rights["convolutional", "shuffled"]
    assert (wins > 0.02).all()
    assert says("In order the two are about equal. Shuffled, the dense network is clearly")


def test_the_networks_are_about_as_large(page):
    models = [as_model(page["NETWORKS"][name], (8, 8, 1)) for name in ("dense", "convolutional")]
    counts = [model.count_params() for model in models]
    assert counts == [4810, 5130]
    assert says("about as many parameters")


def test_the_digits_asked_about_were_never_seen(page):
    for seed in page["SEEDS"]:
        known, unseen = page["split"](seed)
        assert (len(known), len(unseen)) == (300, 597)
        assert not set(known) & set(unseen)
    assert says("300 digits to learn from")
    assert says("597 digits that it is asked about")


def test_the_theorem_holds_to_rounding(page):
    assert page["gap"] < 1e-4
    assert page["drift"] < 1e-3
    assert page["plain"][-1] < 0.2 < 1 < page["plain"][0]
    assert np.abs(page["learnt"][0] - page["start"][0]).max() > 0.1  # it did learn


def test_no_kernel_undoes_the_shuffle(page):
    by_size = dict(zip(page["KERNEL_SIZES"], page["undone"], strict=True))
    assert page["in_order"][1:] == pytest.approx([1] * 4)
    assert by_size[1] == pytest.approx(page["in_order"][0])
    assert by_size[3] - by_size[1] < 0.03
    assert by_size[15] < 0.75
    assert says("hardly more than a kernel of *one* pixel")


def test_one_pixel_of_shift(page):
    means = {key: np.mean(values) for key, values in page["shifted"].items()}
    for name in ("dense", "convolutional"):
        assert means[name, 0] == pytest.approx(page["rights"][name, "in order"].mean())
    dense, convolutional = (
        (means[name, -1] + means[name, 1]) / 2 for name in ("dense", "convolutional")
    )
    assert dense == pytest.approx(0.4, abs=0.07)
    assert convolutional == pytest.approx(0.7, abs=0.1)
    assert max(np.std(page["shifted"]["convolutional", columns]) for columns in (-1, 1)) > 0.03
    assert says("falls to about 40 %")
    assert says("to about 70 % and by very different amounts from seed to seed")
    moved = page["shift"](page["images"][:3], -1)
    np.testing.assert_array_equal(moved[:, :, :-1], page["images"][:3, :, 1:])
    assert not moved[:, :, -1].any()


def test_what_is_shown_as_eight_digits(page):
    shown = page["chosen"]
    assert page["labels"][shown].tolist() == shown
    assert says("handwritten digits 4, 0, 7, 2, 9, 1, 3 and 6")


# What is counted


def test_the_numbers_of_a_dense_layer():
    huge = dense_parameters((1000, 1000, 3), 128)
    assert 4 * huge == pytest.approx(1.5e9, rel=0.03)
    assert 16 * huge == pytest.approx(6.1e9, rel=0.01)
    assert says("fill 1.5 GB")
    assert says("6.1 GB in all")
    assert conv2d_parameters(3, 3, 32) == 896
    assert conv2d_parameters(3, 1, 32) == 320
    assert says("The convolutional layer has 896, for a thumbnail and for a poster")


def test_quiz_answers():
    assert dense_parameters((32, 32, 3), 10) == 30_730
    assert dense_parameters((32, 32, 3), 10, use_bias=False) == 30_720
    assert dense_parameters((32, 32), 10) == 10_250
    assert conv2d_parameters(3, 3, 10) == 280


def test_solutions():
    assert dense_parameters((577, 577, 3), 1000) <= 10**9 < dense_parameters((578, 578, 3), 1000)
    assert 577 * 577 * 3 == 998_787
    assert dense_parameters((1000, 1000, 3), 32_000_000) == 96_000_032_000_000
    assert says("384 terabytes")
    flattened = conv2d_parameters(3, 1, 16) + conv2d_parameters(3, 16, 32)
    assert flattened + dense_parameters((4, 4, 32), 10) == 9930
    assert flattened + dense_parameters((32,), 10) == 5130
    assert says("9,930 in place of 5,130: 512 features in place of 32")


def test_the_solution_of_the_gentle_shuffle():
    whole = np.arange(64).reshape(8, 8)
    for row, column in np.ndindex(4, 4):
        block = (slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2))
        order = fixed_permutation((2, 2), 4 * row + column)
        whole[block] = whole[block].ravel()[order].reshape(2, 2)
    images = np.random.default_rng(0).normal(size=(1, 8, 8, 1))
    moved = permute_pixels(images, whole.ravel())
    sums = [i.reshape(4, 2, 4, 2).sum(axis=(1, 3)) for i in (images, moved)]
    np.testing.assert_allclose(*sums)
    assert (moved != images).any()


# How to use the course


def commands():
    """Every command of ours or nbgrader's that the chapter tells: program, subcommand, options."""
    found = re.findall(
        r"(?:`|^ +|\.venv/bin/)(course|nbgrader) ([a-z_]+)([^`\n]*)",
        text("introduction"),
        re.MULTILINE,
    )
    programs = {(program, name) for program, name, _ in found}
    return [
        (program, name, sorted({o for p, n, rest in found if (p, n) == (program, name)
                                for o in re.findall(r"--[a-z]+", rest)}))
        for program, name in sorted(programs)
    ]  # fmt: skip


def test_the_chapter_tells_commands():
    names = [f"{program} {name}" for program, name, _ in commands()]
    assert {"course check", "course grade", "course report", "course feedback"} <= set(names)
    assert {"nbgrader export", "nbgrader collect", "nbgrader zip_collect"} <= set(names)


@pytest.mark.parametrize(
    "command", [c for c in commands() if c[0] == "course"], ids=lambda command: command[1]
)
def test_our_commands_take_what_the_chapter_tells(command):
    from typer.testing import CliRunner

    from course_lib.cli import app

    _, name, options = command
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "120"})
    assert shown.exit_code == 0, shown.output
    for option in options:
        assert option in shown.output


def test_nbgraders_commands_take_what_the_chapter_tells():
    from nbgrader.apps.nbgraderapp import NbGraderApp

    for program, name, options in commands():
        if program != "nbgrader":
            continue
        assert name in NbGraderApp.subcommands, name
        app, _ = NbGraderApp.subcommands[name]
        aliases = {f"--{alias}" for alias in (*app.aliases, *app.flags)}
        assert set(options) <= aliases, (name, options)


def test_what_is_to_be_installed_is_what_the_makefile_needs():
    recipe = (ROOT / "Makefile").read_text()
    listed = re.search(r"sudo apt-get install ([\w\d -]+)", text("introduction"))[1].split()
    part = recipe.partition("$(VENV)/.database:")[0]
    assert sorted(listed) == sorted(re.findall(r"tools/need ([\w-]+)", part))
    for package in re.findall(r"tools/need ([\w-]+)", recipe):
        assert f"`{package}`" in text("introduction") or package in listed
    assert "sys.version_info < (3, 11)" in recipe
    assert says("**Python 3.11 or later**")
    for target in re.findall(r"`make (\w+)`", text("introduction")):
        assert re.search(rf"^{target}:", recipe, re.MULTILINE)


def test_the_students_report_is_as_the_chapter_tells(page):
    assert page["report"].points(10) == 6.25
    parts = {part["name"]: part["status"] for part in page["report"].to_json()["parts"]}
    assert sorted(parts.values()).count("failed") == 2
    hints = [part["misconception"] for part in page["report"].to_json()["parts"]]
    assert any(hints)


def test_the_formgrader_is_a_menu_of_jupyterlab():
    assert says("in `jupyter lab`, menu *Nbgrader*, *Formgrader*")
    front = Path(sys.prefix) / "share/jupyter/labextensions/@jupyter/nbgrader/static"
    scripts = [path.read_text(encoding="utf8") for path in front.glob("*.js")]
    assert any('"Nbgrader"' in script and 'label:"Formgrader"' in script for script in scripts)


def test_the_notebooks_that_are_named_exist():
    for path in set(re.findall(r"assignments/[\w/]+\.ipynb", text("introduction"))):
        assert (ROOT / path).is_file(), path
