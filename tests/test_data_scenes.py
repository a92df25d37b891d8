"""Scenes, patches and noise are as documented; pets come out of a tiny archive."""

import io
import socket
import tarfile

import numpy as np
import pytest
from PIL import Image

from course_lib import data
from course_lib.data import gray_and_colour, noisy, patches, pets, photograph, scenes

# --- scenes --------------------------------------------------------------------------------------


def test_scenes_are_images_with_masks():
    images, masks = scenes(20, size=(40, 56), seed=3)
    assert images.shape == (20, 40, 56, 3)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0, 1)
    assert masks.shape == (20, 40, 56)
    assert masks.dtype == np.uint8
    assert set(np.unique(masks)) == {0, 1, 2, 3}
    assert all(mask.any() for mask in masks)


def test_equal_seeds_give_equal_scenes():
    for one, same, other in zip(scenes(4, 24), scenes(4, 24), scenes(4, 24, seed=1), strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", data.SHAPES)
def test_shapes_have_the_area_of_their_circle_and_lie_whole_in_the_picture(kind, monkeypatch):
    areas = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        radius = 100 * np.random.default_rng(seed).uniform(0.08, 0.19)
        inside = data._inside(rng, kind, 100, 140)
        areas.append(inside.sum() / (np.pi * radius**2))
        border = np.r_[inside[0], inside[-1], inside[:, 0], inside[:, -1]]
        assert not border.any()
    assert np.abs(np.array(areas) - 1).max() < 0.06
    assert abs(np.mean(areas) - 1) < 0.01


def test_a_shape_is_what_its_name_says():
    """The share of the bounding circle that is filled: circle 1, square 2/pi, triangle 0.41."""
    for kind, share in (("circle", 1.0), ("square", 2 / np.pi), ("triangle", 0.4135)):
        inside = data._inside(np.random.default_rng(5), kind, 300, 300)
        down, right = np.nonzero(inside)
        furthest = np.hypot(down - down.mean(), right - right.mean()).max()
        assert inside.sum() / (np.pi * furthest**2) == pytest.approx(share, rel=0.04)


def test_masks_number_the_shapes_in_the_order_given():
    images, masks = scenes(30, 32, shapes=("triangle",), seed=2)
    assert set(np.unique(masks)) == {0, 1}
    again, _ = scenes(30, 32, shapes="triangle", seed=2)
    np.testing.assert_array_equal(images, again)
    _, two = scenes(30, 32, shapes=["square", "circle"], seed=2)
    assert set(np.unique(two)) == {0, 1, 2}


def test_most_limits_the_shapes():
    _, one = scenes(40, 64, most=1, seed=4)
    _, many = scenes(40, 64, most=6, seed=4)
    assert all(len(np.unique(mask)) == 2 for mask in one)
    assert (many > 0).mean() > 1.5 * (one > 0).mean()


def test_brightness_tells_shapes_from_the_background_and_colour_tells_no_kind():
    images, masks = scenes(300, 32, seed=6)
    assert images[masks > 0].mean() > images[masks == 0].mean() + 0.3
    # One shape a picture: were kinds of different colours, these means would differ.
    images, masks = scenes(900, 24, most=1, noise=0, seed=7)
    pairs = zip(images, masks, strict=True)
    colours = np.array([image[mask > 0].mean(axis=0) for image, mask in pairs])
    kinds = masks.max(axis=(1, 2))
    for kind in (1, 2, 3):
        gap = colours[kinds == kind].mean(axis=0) - colours.mean(axis=0)
        assert np.abs(gap).max() < 4 * 0.18 / np.sqrt((kinds == kind).sum())


def test_noise_is_what_was_asked_for():
    clean, _ = scenes(5, 40, noise=0, seed=8)
    assert np.diff(clean, axis=2).std() < np.diff(scenes(5, 40, seed=8)[0], axis=2).std()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"shapes": ("circle", "star")}, "shapes must be names out of circle, square, triangle"),
        ({"shapes": ()}, "shapes must be names"),
        ({"size": 0}, "size must be an integer of at least 1"),
        ({"most": 0}, "most must be an integer of at least 1"),
        ({"noise": -0.1}, "noise must be a number of at least 0; got -0.1"),
        ({"noise": True}, "noise must be a number"),
    ],
)
def test_scenes_refuse(settings, words):
    with pytest.raises(ValueError, match=words):
        scenes(2, **settings)


def test_no_scene_for_a_count_that_is_none():
    with pytest.raises(ValueError, match="count must be an integer"):
        scenes(2.5)


# --- pairs ---------------------------------------------------------------------------------------


def test_patches_are_cut_out_of_photographs():
    cut = patches(6, size=20, names=["cat"], seed=1)
    assert cut.shape == (6, 20, 20, 3)
    assert cut.dtype == np.float32
    cat = photograph("cat").astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(cat, (20, 20), axis=(0, 1))
    windows = windows.transpose(0, 1, 3, 4, 2)
    corner = np.argwhere(np.all(windows[:, :, 0, 0] == cut[0][0, 0], axis=-1))
    mirrored = np.argwhere(np.all(windows[:, :, 0, 0] == cut[0][0, -1], axis=-1))
    same = [np.array_equal(windows[r, c], cut[0]) for r, c in corner]
    same += [np.array_equal(windows[r, c][:, ::-1], cut[0]) for r, c in mirrored]
    assert any(same)
    np.testing.assert_array_equal(cut, patches(6, size=20, names="cat", seed=1))
    assert not np.array_equal(cut, patches(6, size=20, names=["cat"], seed=2))


def test_patches_of_a_gray_photograph_have_three_equal_channels():
    cut = patches(3, size=16, names=["camera"])
    np.testing.assert_array_equal(cut[..., 0], cut[..., 2])


def test_patches_refuse():
    with pytest.raises(ValueError, match=r"cat has \(300, 451\) pixels: a patch of 400 is larger"):
        patches(1, size=400, names=["cat"])
    with pytest.raises(ValueError, match="no picture 'dog'"):
        patches(1, names=["dog"])


def test_noise_has_its_deviation_and_no_mean():
    images = np.ones((20, 30, 30, 3))  # at the edge of the range: cutting would show
    noise = noisy(images, 0.2, seed=5) - images
    assert noise.std() == pytest.approx(0.2, rel=0.02)
    assert abs(noise.mean()) < 0.005
    np.testing.assert_array_equal(noisy(images, 0.2, 5), noisy(images, 0.2, 5))
    np.testing.assert_array_equal(noisy(images, 0), images)
    with pytest.raises(ValueError, match="deviation must be a number of at least 0; got -1"):
        noisy(images, -1)


def test_gray_is_the_luminance_of_photographs():
    gray, colour = gray_and_colour(photograph("coffee", 40)[np.newaxis])
    assert gray.shape == (1, 40, 40, 1)
    assert gray.dtype == colour.dtype == np.float32
    from skimage.color import rgb2gray

    np.testing.assert_allclose(gray[0, ..., 0], rgb2gray(colour[0]), atol=1e-6)
    with pytest.raises(ValueError, match="must have 3 channels"):
        gray_and_colour(gray)


# --- pets ----------------------------------------------------------------------------------------

NAMES = ("Abyssinian_1", "beagle_2", "pug_30")


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "png")
    return file.getvalue()


def archive(path, members):
    with tarfile.open(path, "w:gz") as made:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))


@pytest.fixture
def shelf(tmp_path):
    """Archives of the format of the real ones: three photographs of 60x40 with a square animal."""
    photo = np.full((60, 40, 3), (200, 100, 0), np.uint8)
    trimap = np.full((60, 40), 2, np.uint8)
    trimap[18:42, 8:32], trimap[22:38, 12:28] = 3, 1
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "jpeg", quality=95)
    pictures = {f"images/{name}.jpg": file.getvalue() for name in NAMES}
    pictures["images/Abyssinian_1.mat"] = b"as in the real archive"
    lines = "".join(f"{name} 1 1 1\n" for name in NAMES[:2]).encode()
    notes = {"annotations/trainval.txt": lines}
    notes["annotations/test.txt"] = f"{NAMES[2]} 3 2 1\n".encode()
    notes |= {f"annotations/trimaps/{name}.png": png(trimap) for name in NAMES}
    notes["annotations/trimaps/._pug_30.png"] = b"as in the real archive"
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    archive(shelf / "images.tar.gz", pictures)
    archive(shelf / "annotations.tar.gz", notes)
    return shelf


def test_pets_come_with_masks_and_are_kept(shelf, tmp_path):
    kept = tmp_path / "kept"
    images, masks = pets(5, size=20, folder=kept, origin=shelf.as_uri())
    assert images.shape == (2, 20, 20, 3)  # the split has no more
    assert images.dtype == np.float32
    assert masks.shape == (2, 20, 20)
    assert masks.dtype == np.uint8
    np.testing.assert_allclose(images[0, 5, 5], np.array([200, 100, 0]) / 255, atol=0.03)
    # The middle 40x40 of 60x40, halved: the animal's 16 pixels are 8, its border's 24 are 12.
    assert (masks[0, 10] == 1).sum() == 8
    assert (masks[0] > 0).sum() == 12 * 12
    assert masks[0, 0, 0] == 0
    assert masks[0, 4, 10] == 2
    for file in shelf.iterdir():
        file.unlink()
    again, _ = pets(5, size=20, folder=kept, origin=shelf.as_uri())
    np.testing.assert_array_equal(images, again)
    tested, _ = pets(None, size=(10, 20), split="test", folder=kept)
    assert tested.shape == (1, 10, 20, 3)


def test_pets_put_into_the_folder_by_hand_need_no_network(shelf, tmp_path):
    images, _ = pets(1, size=8, folder=shelf, origin="http://127.0.0.1:9/nowhere")
    assert images.shape == (1, 8, 8, 3)


def test_without_a_network_pets_say_what_to_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(ConnectionError) as caught:
        pets(1, folder=tmp_path / "pets")
    said = str(caught.value)
    assert f"images.tar.gz did not come from {data.PETS}/images" in said
    assert f"put it into {tmp_path / 'pets'}" in said
    assert "course_lib.data.scenes" in said


def test_an_archive_that_came_half_is_not_taken(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "PETS", shelf.as_uri())  # the published sums hold for it now
    with pytest.raises(ConnectionError, match="does not match"):
        pets(1, folder=tmp_path / "pets", origin=shelf.as_uri())
    assert not (tmp_path / "pets" / "images_extracted").exists()


def test_pets_refuse(shelf):
    with pytest.raises(ValueError, match=r'split must be "trainval" or "test"; .* \'train\''):
        pets(1, split="train", folder=shelf, origin=shelf.as_uri())
    (shelf / "images_extracted" / "images" / "pug_30.jpg").unlink()
    with pytest.raises(ValueError, match=r"pug_30.jpg is missing or damaged. Delete .*_extracted"):
        pets(1, split="test", folder=shelf, origin=shelf.as_uri())


def test_pets_refuse_masks_of_another_kind(shelf):
    pets(1, folder=shelf, origin=shelf.as_uri())
    for path in (shelf / "annotations_extracted" / "annotations" / "trimaps").glob("[Ab]*.png"):
        path.write_bytes(png(np.full((60, 40), 7, np.uint8)))
    with pytest.raises(ValueError, match=r"masks must hold 1, 2 and 3; got \[7"):
        pets(1, folder=shelf, origin=shelf.as_uri())


def test_a_shape_that_is_not_drawn_is_refused():
    with pytest.raises(ValueError, match="one of circle, square, triangle; got 'star'"):
        data.shape_mask("star", (4, 4), (2, 2), 1.0)
