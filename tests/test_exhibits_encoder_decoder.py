"""The exhibit of `encoder_decoder`: its arithmetic against Python's, its page driven by hand."""

from itertools import product

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, press_at_once, script_of_a_drag, set_slider, settle

from course_lib.convolution import conv2d, conv2d_gradients
from course_lib.encoder_decoder import conv2d_transpose, upsample_bilinear, upsample_nearest
from course_lib.exhibits.encoder_decoder import UpsamplingExplorer
from course_lib.exhibits.encoder_decoder_upsampling import (
    PICTURES,
    WEIGHTS,
    enlarged,
    interpolation_matrix,
    keras_choice,
    matrix_of,
    phase_sums,
    picture_of,
    plan,
    scale_of,
    sizes_before,
    transposed_matrix,
    weights_of,
)

AXES = [
    (size, kernel_size, strides, padding)
    for size in (2, 5, 8)
    for kernel_size in (1, 2, 3, 4, 6)
    for strides in (1, 2, 3, 4)
    for padding in ("valid", "same")
]


# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("encoder_decoder/upsampling_explorer.js")


def test_plans_equal_pythons(calculate):
    cases = [(*axis, extra) for axis in AXES for extra in range(axis[2])]
    for got, case in zip(calculate("plan", cases), cases, strict=True):
        wanted = plan(*case)
        assert got["sizes"] == list(wanted.sizes)
        assert got["counts"] == list(wanted.counts)
        assert (got["output"], got["before"]) == (wanted.output, wanted.before)
        assert got["after"] == wanted.after


def test_matrices_equal_pythons(calculate):
    cases = [
        (way, *axis, extra, weights)
        for way in ("transposed", "nearest", "bilinear")
        for axis in AXES[::3]
        for extra in range(axis[2])
        for weights in WEIGHTS
    ]
    for got, case in zip(calculate("matrixOf", cases), cases, strict=True):
        np.testing.assert_allclose(got, matrix_of(*case), atol=1e-12, err_msg=str(case))


def test_pictures_sums_and_scales_equal_pythons(calculate):
    cases = list(product(PICTURES, (2, 5, 8)))
    for got, case in zip(calculate("pictureOf", cases), cases, strict=True):
        np.testing.assert_allclose(got, picture_of(*case), atol=1e-12)
    cases = list(product((1, 2, 3, 4, 5, 6), (1, 2, 3, 4), WEIGHTS))
    for name, wanted in (("phaseSums", phase_sums), ("scaleOf", scale_of)):
        for got, case in zip(calculate(name, cases), cases, strict=True):
            np.testing.assert_allclose(got, wanted(*case), atol=1e-12)
    matrix, picture = transposed_matrix(5, 3, 2, "same", 1, "drawn"), picture_of("noise", 5)
    (got,) = calculate("enlarged", [[picture.tolist(), matrix.tolist(), 1.3]])
    np.testing.assert_allclose(got, enlarged(picture, matrix, 1.3).ravel(), atol=1e-12)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_matrix_is_the_adjoint_of_the_modules_convolution(weights):
    """The gradient of a convolution with respect to its image is its transpose."""
    for *axis, padding in AXES:
        size, kernel_size, strides = axis
        taps = weights_of(kernel_size, weights)
        kernel, given = np.outer(taps, taps)[:, :, None, None], picture_of("noise", size)
        for extra, length in enumerate(sizes_before(*axis, padding)):
            image = np.zeros((1, length, length, 1))
            assert conv2d(image, kernel, strides=strides, padding=padding).shape[1] == size
            wanted, *_ = conv2d_gradients(image, kernel, given[None, :, :, None], strides, padding)
            matrix = transposed_matrix(*axis, padding, extra, weights)
            np.testing.assert_allclose(enlarged(given, matrix), wanted[0, :, :, 0], atol=1e-10)


def test_a_length_outside_the_list_gives_another_size():
    for *axis, padding in AXES:
        size, kernel_size, strides = axis
        kernel, sizes = np.ones((kernel_size, kernel_size, 1, 1)), sizes_before(*axis, padding)
        for length in (sizes[0] - 1, sizes[-1] + 1):
            image = np.zeros((1, max(length, kernel_size), max(length, kernel_size), 1))
            if length >= kernel_size:
                assert conv2d(image, kernel, strides=strides, padding=padding).shape[1] != size


def test_the_modules_functions_do_what_the_exhibit_draws():
    picture = picture_of("noise", 6)
    given = picture[None, :, :, None]
    for factor in (1, 2, 3, 4):
        for way, function in (("nearest", upsample_nearest), ("bilinear", upsample_bilinear)):
            wanted = enlarged(picture, interpolation_matrix(6, factor, way))
            np.testing.assert_allclose(function(given, factor)[0, :, :, 0], wanted, atol=1e-6)
    for kernel_size, strides, padding in product((1, 2, 3, 5), (1, 2, 3), ("valid", "same")):
        taps = weights_of(kernel_size, "drawn")
        kernel = np.outer(taps, taps)[:, :, None, None]
        extra = keras_choice(kernel_size, strides, padding)
        matrix = transposed_matrix(6, kernel_size, strides, padding, extra, "drawn")
        got = conv2d_transpose(given, kernel, strides, padding)[0, :, :, 0]
        np.testing.assert_allclose(got, enlarged(picture, matrix), atol=1e-6)


def test_an_even_gray_stays_even_where_the_sums_are_equal():
    even = picture_of("even", 8)
    for kernel_size, strides, weights in product((1, 2, 3, 4, 5, 6), (1, 2, 3, 4), WEIGHTS):
        sums, margin = phase_sums(kernel_size, strides, weights), 2 * kernel_size
        matrix = transposed_matrix(8, kernel_size, strides, "valid", 0, weights)
        inner = enlarged(even, matrix, scale_of(kernel_size, strides, weights))
        inner = inner[kernel_size - 1 : 1 - kernel_size or None]
        inner = inner[:, kernel_size - 1 : 1 - kernel_size or None]
        if min(inner.shape) < margin:
            continue
        assert (np.ptp(inner) < 1e-9) == (np.ptp(sums) < 1e-9), (kernel_size, strides, weights)
        if np.ptp(sums) < 1e-9:
            assert inner == pytest.approx(even[0, 0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 9}, "size must be at most 8"),
        ({"size": 1}, "size must be an integer of at least 2"),
        ({"kernel_size": 7}, "kernel_size must be at most 6"),
        ({"strides": 5}, "strides must be at most 4"),
        ({"padding": "full"}, "padding must be one of 'valid', 'same'"),
        ({"extra": 2}, "extra must be less than strides, which is 2"),
        ({"way": "cubic"}, "way must be one of"),
        ({"weights": "zero"}, "weights must be one of"),
        ({"picture": "cat"}, "picture must be one of"),
        ({"pixel": -1}, "pixel must be an integer of at least 0"),
    ],
)
def test_bad_arguments(settings, message):
    with pytest.raises(ValueError, match=message):
        UpsamplingExplorer(**settings)


# The page, driven by hand


def counts(page):
    return [int(text) for text in page.locator(".stamp-counts text").all_text_contents()]


def verdict(page):
    return page.locator(".stamp-verdict").inner_text()


def fact(page, place):
    return page.locator(".stamp-pictures .exhibit-note").nth(place).inner_text()


@pytest.mark.parametrize(
    ("case", "mark", "words", "kernel_size", "strides"),
    [
        ("2 × 2, stride 2", "✓", "every pixel is written once along an axis", 2, 2),
        ("3 × 3, stride 2", "⚠", "1 or 2 times along an axis, 1, 2 or 4 times in the plane", 3, 2),
        ("4 × 4, stride 2", "✓", "written 2 times along an axis, 4 times in the plane", 4, 2),
        ("5 × 5, stride 3", "⚠", "Stride 3 does not divide the kernel’s 5", 5, 3),
        ("1 × 1, stride 2", "✗", "0 or 1 times", 1, 2),
        ("a tent of 4, stride 2", "✓", "an even gray stays even", 4, 2),
        ("drawn, 4 × 4", "⚠", "even gray gets a pattern", 4, 2),
    ],
)
def test_cases_and_their_verdicts(opened, case, mark, words, kernel_size, strides):
    page = opened(UpsamplingExplorer(way="nearest"))
    page.get_by_role("button", name=case, exact=True).click()
    settle(page)
    assert verdict(page).startswith(mark)
    assert words in verdict(page)
    wanted = UpsamplingExplorer(kernel_size=kernel_size, strides=strides).plan()
    assert counts(page) == list(wanted.counts)
    assert numbers(fact(page, 1)) == [wanted.output] * 2


def test_sliders_reach_the_drawing_and_the_output_size_has_its_choices(opened):
    page = opened(UpsamplingExplorer())
    set_slider(page, "kernel size", 5)
    set_slider(page, "stride", 3)
    page.get_by_label("padding").select_option("same")
    settle(page)
    story = page.locator(".stamp-sizes").inner_text()
    assert "of 16, 17 or 18" in story
    assert "Keras takes 18" in story
    for length in (16, 17, 18):
        set_slider(page, "output size", length)
        wanted = plan(6, 5, 3, "same", length - 16)
        assert counts(page) == list(wanted.counts)
        assert numbers(fact(page, 1)) == [length, length]
    set_slider(page, "input size", 3)
    assert len(counts(page)) == 9


def test_interpolation_leaves_kernel_and_padding_alone(opened):
    page = opened(UpsamplingExplorer())
    for way, most in (("nearest", 1), ("bilinear", 2)):
        page.get_by_label("way").select_option(way)
        settle(page)
        assert verdict(page).startswith("✓")
        assert max(counts(page)) == most
        for label in ("kernel size", "padding", "weights", "output size"):
            assert page.get_by_label(label).is_disabled()
        assert "nothing is ambiguous" in page.locator(".stamp-sizes").inner_text()


def test_output_pixels_are_pointed_at_by_key_and_by_mouse(opened):
    page = opened(UpsamplingExplorer(pixel=4))
    axis, story = page.get_by_role("slider", name="output pixel"), page.locator(".stamp-story")
    assert story.inner_text() == "Output pixel 5 = 1 × pixel 2 + 1 × pixel 3: 2 stamps."
    axis.focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert story.inner_text() == "Output pixel 6 = 1 × pixel 3: 1 stamp."
    assert axis.get_attribute("aria-valuenow") == "6"
    press_at_once(axis, "ArrowRight", "ArrowRight", "ArrowLeft")
    assert axis.get_attribute("aria-valuenow") == "7"
    page.keyboard.press("End")
    settle(page)
    assert numbers(story.inner_text())[0] == 13
    box = page.locator(".stamp-counts text").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    assert numbers(story.inner_text())[0] == 1


def test_a_touch_picks_a_pixel(opened):
    page = opened(UpsamplingExplorer(pixel=0), width=390, has_touch=True)
    box = page.locator(".stamp-counts text").nth(7).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    assert numbers(page.locator(".stamp-story").inner_text())[0] == 8


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("label", "values"),
    [("kernel size", range(1, 7)), ("stride", range(1, 5)), ("input size", range(2, 9))],
)
def test_a_drag_is_answered_within_a_frame(opened, label, values, width):
    page = opened(UpsamplingExplorer(8, 6, 4), width=width)
    assert script_of_a_drag(page, label, [float(v) for v in values]) < FRAME
