"""The exhibits of `image_processing`: their arithmetic against Python's, their pages by hand."""

from itertools import product

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, press_at_once, script_of_a_drag, set_slider, settle

from course_lib.exhibits.image_processing import (
    EDGES,
    KERNELS,
    STORED,
    ProfileExplorer,
    ResponseExplorer,
)
from course_lib.exhibits.image_processing_inputs import normals
from course_lib.image_processing import (
    PADDINGS,
    box_kernel,
    filter2d,
    gaussian_kernel,
    histogram,
    intensity_profile,
    sharpen_kernel,
    to_uint8,
)

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the two front ends export, and the modules that they share."""
    folder = "image_processing"
    names = ("response_explorer", "profile_explorer", "filters", "profile")
    return calculator(*(f"{folder}/{name}.js" for name in names))


def plane(image):
    height, width = image.shape
    return {"values": image.ravel().tolist(), "height": height, "width": width}


def array(plane):
    return np.reshape(plane["values"], (plane["height"], plane["width"]))


def test_kernels_equal_pythons(calculate):
    sizes = [1, 2, 3, 6, 15]
    for got, size in zip(calculate("boxKernel", [[n] for n in sizes]), sizes, strict=True):
        np.testing.assert_allclose(got, box_kernel(size), atol=1e-12)
    cases = list(product(sizes, (0.3, 1.0, 4.2)))
    for got, case in zip(calculate("gaussianKernel", cases), cases, strict=True):
        np.testing.assert_allclose(got, gaussian_kernel(*case), atol=1e-12)
    cases = list(product((0.2, 3), (1, 3, 7)))
    for got, case in zip(calculate("sharpenKernel", cases), cases, strict=True):
        np.testing.assert_allclose(got, sharpen_kernel(*case), atol=1e-12)


def test_filtering_equals_pythons_with_every_border(calculate):
    random = np.random.default_rng(0)
    shapes = product([(7, 9), (5, 4)], [(1, 1), (1, 2), (2, 1), (3, 3), (4, 3), (5, 4)], PADDINGS)
    drawn = [
        (random.normal(size=image), random.normal(size=kernel), padding)
        for image, kernel, padding in shapes
    ]
    # Wider than the image: the mirror is mirrored again, as np.pad does it.
    drawn += [(random.normal(size=(3, 4)), random.normal(size=(11, 13)), p) for p in PADDINGS[1:]]
    cases = [[plane(image), kernel.tolist(), padding] for image, kernel, padding in drawn]
    for got, case in zip(calculate("filter2d", cases), drawn, strict=True):
        np.testing.assert_allclose(array(got), filter2d(*case), atol=1e-9)


def test_eight_bits_equal_pythons(calculate):
    values = [-300.0, -0.6, -0.5, 0.5, 1.5, 2.5, 99.7, 254.5, 255.5, 256.0, 300.0, 700.2]
    clipped, wrapped = calculate("toEightBits", [[values, False], [values, True]])
    assert clipped == to_uint8([values])[0].tolist()
    assert wrapped == (np.rint(values) % 256).tolist()


def test_counts_equal_pythons(calculate):
    values = np.random.default_rng(1).normal(100, 90, 400).round(1)
    values[:3] = 0, 256, 128
    (got,) = calculate("histogram", [[values.tolist(), 64, 0, 256]])
    assert got["counts"] == histogram(values[np.newaxis], 64)[0].tolist()
    assert [place for place in got["places"] if place != 255].count(32) == got["counts"][32]


def test_noise_and_profiles_equal_pythons(calculate):
    (got,) = calculate("normals", [[500]])
    np.testing.assert_allclose(got, normals(500), atol=1e-9)
    assert abs(normals(12544).mean()) < 0.03
    assert normals(12544).std() == pytest.approx(1, abs=0.03)
    image = np.random.default_rng(2).normal(size=(9, 12))
    lines = [((0, 0), (8, 11), 15), ((8, 0), (0, 3), 7), ((4, 11), (4, 0), 12), ((8, 5), (7, 5), 2)]
    cases = [[plane(image), *line] for line in lines]
    for got, line in zip(calculate("profile", cases), lines, strict=True):
        np.testing.assert_allclose(got, intensity_profile(image, *line), atol=1e-12)


def test_edges_are_the_steepest_places_above_the_threshold(calculate):
    cases = [
        [[0, 5, 9, 3, -8, -8, 1], 4],
        [[9], 4],
        [[3, 3], 3],
        [[1, 2, 1], 4],
        [[0, 7, -7, 0], 4],  # a line one pixel wide
    ]
    assert calculate("edges", cases) == [[2, 4], [0], [0], [], [1, 2]]


@pytest.mark.parametrize("place", [0, 1])
def test_pages_measure_lines_as_python_does(calculate, place):
    ends = [{"start": (10, 3), "end": (90, 101)}, {"start": (111, 60), "end": (40, 60)}][place]
    explorer = ProfileExplorer(("coins",), noise=9, smoothing=1.5, threshold=8, **ends)
    (got,) = calculate("measure", [[plane(explorer.plane()), explorer.start, explorer.end, 8]])
    np.testing.assert_allclose(got["intensities"], explorer.profile(), atol=1e-9)
    np.testing.assert_allclose(got["changes"], explorer.derivative(), atol=1e-9)
    assert got["found"] == explorer.edges() != []


# Pages


@pytest.mark.parametrize(
    ("kernel", "padding", "stored"),
    [
        *zip(KERNELS, [*PADDINGS, *PADDINGS, "valid"], ["float"] * 9, strict=True),
        ("sharpen", "reflect", "wrap"),
        ("difference y", "valid", "clip"),
    ],
)
def test_the_page_says_what_python_computes(opened, kernel, padding, stored):
    settings = {"size": 4, "sigma": 1.3, "amount": 2.4, "smoothing": 0.8}
    explorer = ResponseExplorer(("cat",), kernel, padding=padding, stored=stored, **settings)
    page = opened(explorer)
    response = explorer.stored_response()
    size = numbers(page.locator(".exhibit-caption").nth(1).inner_text())
    assert size == list(response.shape)
    mean, deviation, *rest = numbers(
        page.locator(".exhibit-pair .exhibit-note").nth(1).inner_text()
    )
    assert mean == pytest.approx(response.mean(), abs=0.06)
    assert deviation == pytest.approx(response.std(), abs=0.06)
    exact = explorer.response()
    outside = 100 * np.mean((exact < -0.5) | (exact >= 255.5))
    assert (rest[0] if rest else 0) == pytest.approx(outside, abs=0.06)
    low, high = explorer.limits()
    shown = numbers(page.locator(".histogram-box").nth(1).inner_text())
    assert [shown[0], shown[-1]] == [low, high]


def test_every_kernel_can_be_chosen_and_has_its_sliders(opened):
    page = opened(ResponseExplorer(("coins",)))
    used = {"box": ["size"], "Gaussian": ["size", "sigma"], "sharpen": ["size", "amount"]}
    for name in KERNELS:
        page.get_by_role("button", name=name, exact=True).click()
        settle(page)
        assert page.locator("button[aria-pressed=true]").all_inner_texts() == [name]
        there = page.locator(".exhibit-range:visible label").all_inner_texts()
        assert there == used.get(name, ["smooth first: sigma"])
        assert page.locator(".weights:visible").count() == 1 + name.endswith("norm")
    assert set(EDGES) == set(KERNELS) - set(used)


def test_sliders_photograph_border_and_storage_reach_the_response(opened):
    explorer = ResponseExplorer(("camera", "coins"), "sharpen")
    page = opened(explorer)
    set_slider(page, "size", 6)
    set_slider(page, "amount", 3.4)
    page.get_by_label("photograph", exact=True).select_option(label="coins")
    page.get_by_label("border").select_option("constant")
    page.get_by_label("stored as").select_option("clip")
    settle(page)
    explorer.size, explorer.amount, explorer.chosen = 6, 3.4, 1
    explorer.padding, explorer.stored = "constant", "clip"
    said = numbers(page.locator(".exhibit-pair .exhibit-note").nth(1).inner_text())
    assert said[0] == pytest.approx(explorer.stored_response().mean(), abs=0.06)
    assert "7 × 7" in page.locator(".response-controls .exhibit-note").inner_text()


def test_a_bar_tells_its_pixels_by_mouse_and_by_key(opened):
    explorer = ResponseExplorer(("coins",), "box", padding="edge")
    page = opened(explorer)
    chart = page.get_by_role("slider", name="Histogram of the response")
    counts, _ = histogram(explorer.response(), 64)
    note = page.locator(".exhibit-pair .exhibit-note").nth(1)
    chart.focus()
    for key, bar in (("Home", 0), ("Shift+ArrowRight", 8), ("ArrowRight", 9)):
        page.keyboard.press(key)
        settle(page)
        assert numbers(note.inner_text()) == [4 * bar, 4 * bar + 4, counts[bar]]
    press_at_once(chart, "ArrowRight", "ArrowRight", "ArrowLeft")
    assert chart.get_attribute("aria-valuenow") == "10"
    for leave in ("Escape", "Tab"):
        chart.focus()
        page.keyboard.press("End")
        settle(page)
        assert numbers(note.inner_text())[:2] == [252, 256]
        page.keyboard.press(leave)
        settle(page)
        assert note.inner_text().startswith("mean")
    chart.hover(position={"x": chart.bounding_box()["width"] * 20.5 / 64, "y": 20})
    settle(page)
    assert numbers(note.inner_text()) == [80, 84, counts[20]]
    colours = page.evaluate(
        """() => { const canvas = document.querySelectorAll("canvas")[1], size = canvas.width;
        const pixels = canvas.getContext("2d").getImageData(0, 0, size, size).data;
        const data = new Uint32Array(pixels.buffer);
        return data.filter((colour) => colour === 0xff0055c2).length / data.length; }"""
    )
    assert colours == pytest.approx(counts[20] / explorer.response().size, rel=0.1)


def test_the_ends_of_the_line_follow_mouse_and_keys(opened):
    explorer = ProfileExplorer(("coins",), start=(20, 20), end=(60, 80))
    page = opened(explorer)
    start, end = page.locator(".profile-handle").all()
    end.focus()
    page.keyboard.press("Shift+ArrowLeft")
    press_at_once(end, "ArrowDown", "ArrowDown", "ArrowUp")
    explorer.end = [61, 72]
    page.wait_for_function(
        "document.querySelector('.profile-panels .exhibit-note').innerText.includes('61')"
    )
    note, said = page.locator(".profile-panels .exhibit-note"), page.locator(".profile-said")
    assert numbers(note.inner_text())[-4:] == [20, 20, 61, 72]
    canvas = page.locator("canvas").bounding_box()
    unit = canvas["width"] / 112
    box = start.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(canvas["x"] + 5.5 * unit, canvas["y"] + 100.5 * unit, steps=4)
    page.mouse.up()
    page.mouse.move(canvas["x"] + 60 * unit, canvas["y"] + 60 * unit)  # released: nothing follows
    settle(page)
    explorer.start = [100, 5]
    assert numbers(note.inner_text())[-4:] == [100, 5, 61, 72]
    last = len(explorer.profile()) - 1
    set_slider(page, "place on the line", 30)
    place, of, value, change, found = numbers(said.inner_text())
    assert (place, of, found) == (30, last, len(explorer.edges()))
    assert value == pytest.approx(explorer.profile()[30], abs=0.06)
    assert change == pytest.approx(explorer.derivative()[30], abs=0.06)


def test_a_press_beside_the_ends_takes_the_nearer_one(opened):
    page = opened(ProfileExplorer(("coins",), start=(20, 20), end=(60, 80)))
    canvas = page.locator("canvas").bounding_box()
    unit = canvas["width"] / 112
    page.mouse.click(canvas["x"] + 90.5 * unit, canvas["y"] + 90.5 * unit)
    settle(page)
    note = page.locator(".profile-panels .exhibit-note")
    assert numbers(note.inner_text())[-4:] == [20, 20, 90, 90]


def test_a_finger_drags_an_end(opened):
    page = opened(
        ProfileExplorer(("coins",), start=(20, 20), end=(60, 80)), width=390, has_touch=True
    )
    box = page.locator("canvas").bounding_box()
    unit = box["width"] / 112
    touch = page.context.new_cdp_session(page)

    def send(kind, *places):
        points = [
            {"x": box["x"] + (column + 0.5) * unit, "y": box["y"] + (row + 0.5) * unit}
            for row, column in places
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", (20, 20))
    for place in ((25, 28), (35, 36), (44, 40)):
        send("touchMove", place)
    send("touchEnd")
    settle(page)
    note = page.locator(".profile-panels .exhibit-note")
    assert numbers(note.inner_text())[-4:] == [44, 40, 60, 80]
    assert page.evaluate("scrollY") == 0


def test_the_line_never_loses_its_length(opened):
    page = opened(ProfileExplorer(("coins",), start=(20, 20), end=(20, 21)))
    page.locator(".profile-handle").last.focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    note = page.locator(".profile-panels .exhibit-note")
    assert numbers(note.inner_text())[-4:] == [20, 20, 20, 21]
    assert "NaN" not in page.locator(".exhibit-box").inner_html()


def test_smoothing_takes_the_edges_that_noise_made(opened):
    clean = ProfileExplorer(("coins",))
    explorer = ProfileExplorer(("coins",), noise=15)
    page = opened(explorer)
    said = page.locator(".profile-said")
    noisy = numbers(said.inner_text())[-1]
    assert noisy == len(explorer.edges()) > 1.4 * len(clean.edges())
    set_slider(page, "smoothing: sigma", 1.5)
    explorer.smoothing = 1.5
    assert numbers(said.inner_text())[-1] == len(explorer.edges()) < noisy / 2


HEAVY = {
    "box": lambda: ResponseExplorer(kernel="box", size=15),
    "Gaussian": lambda: ResponseExplorer(size=15),
    "Sobel": lambda: ResponseExplorer(kernel="Sobel norm", smoothing=4, stored="wrap"),
    "profile": lambda: ProfileExplorer(noise=20, smoothing=5, start=(0, 0), end=(111, 111)),
}


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("exhibit", "label", "values"),
    [
        ("box", "size", (13, 14, 15)),
        ("Gaussian", "sigma", (3, 4, 5)),
        ("Sobel", "smooth first: sigma", (3.8, 3.9, 4)),
        ("profile", "smoothing: sigma", (4.8, 4.9, 5)),
        ("profile", "noise", (20, 21, 22)),
        ("profile", "place on the line", (20, 21, 22)),
    ],
)
def test_a_drag_is_answered_within_a_frame(opened, exhibit, label, values, width):
    """At the largest settings; milliseconds of the page's thread, by the browser's own clock."""
    page = opened(HEAVY[exhibit](), width=width)
    each = script_of_a_drag(page, label, values)
    print(f"{exhibit}, {label}, {width} px: {each:.2f} ms of script a drag")
    assert each < FRAME


# Python's side


def test_the_stills_follow_the_traits():
    names = ("coins",)
    assert (
        len({ResponseExplorer(names, stored=way, kernel="sharpen").still() for way in STORED}) == 3
    )
    assert len({ProfileExplorer(names, smoothing=sigma).still() for sigma in (0, 2)}) == 2


def test_given_pictures_are_taken():
    explorer = ResponseExplorer({"ramp": np.tile(np.linspace(0, 1, 20), (9, 1))}, "difference x")
    assert explorer.response().shape == (9, 20)
    assert explorer.response()[:, 0] == pytest.approx(255 / 19, abs=0.6)
    assert "photograph of ramp" in explorer.alternative_text()


REFUSED = [
    (ResponseExplorer, {"photographs": ("moon",)}, r"each of photographs must be one of.*'moon'"),
    (ResponseExplorer, {"photographs": ()}, r"at least one, all of one shape"),
    (
        ResponseExplorer,
        {"photographs": {"a": np.ones((9, 9)), "b": np.ones((9, 8))}},
        r"all of one shape; got \[\(9, 8\), \(9, 9\)\]",
    ),
    (
        ResponseExplorer,
        {"photographs": {"a": np.ones((9, 9, 3))}},
        r"photographs\['a'\] must be gray",
    ),
    (ResponseExplorer, {"kernel": "blur"}, r"kernel must be one of 'box'.*'blur'"),
    (ResponseExplorer, {"size": 16}, r"size must lie between 1 and 15; got 16"),
    (ResponseExplorer, {"size": 2.5}, r"size must be an integer"),
    (ResponseExplorer, {"sigma": 0}, r"sigma must lie between 0\.3 and 5"),
    (ResponseExplorer, {"amount": 9}, r"amount must lie between"),
    (ResponseExplorer, {"smoothing": -1}, r"smoothing must lie between 0 and 4"),
    (ResponseExplorer, {"padding": "same"}, r"padding must be one of 'valid', 'constant'"),
    (ResponseExplorer, {"stored": "int8"}, r"stored must be one of 'float'"),
    (ProfileExplorer, {"start": (0, 112)}, r"start must be a row and a column.*\(111, 111\)"),
    (ProfileExplorer, {"end": (1.5, 2)}, r"end must be a row and a column"),
    (ProfileExplorer, {"start": (3, 3), "end": (3, 3)}, r"start and end must differ"),
    (ProfileExplorer, {"noise": 41}, r"noise must lie between 0 and 40"),
    (ProfileExplorer, {"threshold": 0}, r"threshold must lie between 1 and 60"),
]


@pytest.mark.parametrize(("exhibit", "arguments", "message"), REFUSED)
def test_bad_arguments_are_refused(exhibit, arguments, message):
    with pytest.raises(ValueError, match=message):
        exhibit(**arguments)
