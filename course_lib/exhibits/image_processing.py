"""The exhibits of `image_processing`: a kernel's response with histograms, and a line's profile."""

import numpy as np
import traitlets

from course_lib.arguments import integer
from course_lib.exhibits import image_processing_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.image_processing_inputs import (
    between,
    normals,
    photograph_stack,
    place_on,
    smooth,
)
from course_lib.exhibits.pictures import one_of
from course_lib.image_processing import (
    PADDINGS,
    box_kernel,
    filter2d,
    gaussian_kernel,
    intensity_profile,
    sharpen_kernel,
    to_uint8,
)

DIFFERENCES = {
    "difference": (np.array([[-1.0, 1.0]]), np.array([[-1.0], [1.0]])),
    "Sobel": tuple(
        np.outer(*taps) / 8 for taps in (([1, 2, 1], [-1, 0, 1]), ([-1, 0, 1], [1, 2, 1]))
    ),
}
EDGES = (
    "difference x",
    "difference y",
    "difference norm",
    "Sobel x",
    "Sobel y",
    "Sobel norm",
)
KERNELS = ("box", "Gaussian", "sharpen", *EDGES)
STORED = ("float", "clip", "wrap")


class _Photographs(Exhibit):
    """An exhibit over a few gray photographs of one size, of which the reader chooses one."""

    photographs = traitlets.Bytes().tag(sync=True)
    names = traitlets.List().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    chosen = traitlets.Int().tag(sync=True)

    def levels(self):
        """Return the chosen photograph as floats from 0 to 255, of shape `(height, width)`."""
        stack = np.frombuffer(self.photographs, np.uint8).reshape(-1, self.height, self.width)
        return stack[self.chosen].astype(float)


class ResponseExplorer(_Photographs):
    """Choose a photograph and a kernel; see the response, and the histograms of both.

    Args:
        photographs: names from `course_lib.data.CREDITS`, or a dictionary of gray arrays of one
            shape, 8 to 160 pixels a side.
        kernel: one of `KERNELS`.
        size: taps along each side of the box and the Gaussian, 1 to 15; `sharpen` takes the next
            odd number.
        sigma: of the Gaussian, in pixels, 0.3 to 5.
        amount: of the sharpening, 0.2 to 5.
        smoothing: sigma of the blur before a difference or Sobel's kernel, 0 for none, up to 4.
        padding: `"valid"`, `"constant"`, `"edge"` or `"reflect"`.
        stored: `"float"`, `"clip"` (8 bits, what lies outside becomes 0 or 255) or `"wrap"`
            (8 bits, modulo 256).

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = ResponseExplorer(("coins",), kernel="difference norm", padding="valid")
        >>> explorer.response().shape                           # 112 - 2 + 1 = 111
        (111, 111)
    """

    front = "image_processing/response_explorer"
    still_size = (7.2, 4.3)
    kernel = traitlets.Unicode().tag(sync=True)
    size = traitlets.Int().tag(sync=True)
    sigma = traitlets.Float().tag(sync=True)
    amount = traitlets.Float().tag(sync=True)
    smoothing = traitlets.Float().tag(sync=True)
    padding = traitlets.Unicode().tag(sync=True)
    stored = traitlets.Unicode().tag(sync=True)
    logarithmic = traitlets.Bool().tag(sync=True)
    bars = traitlets.List().tag(sync=True)

    def __init__(
        self,
        photographs=("camera", "coins", "cat", "brick"),
        kernel="Gaussian",
        *,
        size=9,
        sigma=2.0,
        amount=1.0,
        smoothing=0.0,
        padding="reflect",
        stored="float",
    ):
        super().__init__(
            **photograph_stack(photographs),
            kernel=one_of(kernel, "kernel", KERNELS),
            size=between(integer(size, "size"), "size", 1, 15),
            sigma=between(sigma, "sigma", 0.3, 5),
            amount=between(amount, "amount", 0.2, 5),
            smoothing=between(smoothing, "smoothing", 0, 4),
            padding=one_of(padding, "padding", PADDINGS),
            stored=one_of(stored, "stored", STORED),
            logarithmic=False,
            bars=[-1, -1],
        )

    def kernels(self):
        """Return the kernels in use: one, or the two whose responses' norm is taken."""
        if self.kernel == "box":
            return (box_kernel(self.size),)
        if self.kernel == "Gaussian":
            return (gaussian_kernel(self.size, self.sigma),)
        if self.kernel == "sharpen":
            return (sharpen_kernel(self.amount, self.size + 1 - self.size % 2),)
        across, down = DIFFERENCES["Sobel" if "Sobel" in self.kernel else "difference"]
        alone = {"x": (across,), "y": (down,)}
        return (across, down) if self.kernel.endswith("norm") else alone[self.kernel[-1]]

    def response(self):
        """Return what the kernel makes of the photograph, before it is stored."""
        image = self.levels()
        if self.kernel in EDGES:
            image = smooth(image, self.smoothing, self.padding)
        parts = [filter2d(image, kernel, self.padding) for kernel in self.kernels()]
        height, width = np.min([part.shape for part in parts], axis=0)
        cut = [part[:height, :width] for part in parts]
        return cut[0] if len(cut) == 1 else np.hypot(*cut)

    def stored_response(self):
        """Return the response as it is after it was stored."""
        response = self.response()
        if self.stored == "float":
            return response
        if self.stored == "clip":
            return to_uint8(response).astype(float)
        return np.rint(response) % 256

    def limits(self):
        """Return the lowest and highest level of the response's histogram."""
        if self.stored != "float":
            return 0, 256
        response = self.response()
        reach = max(1, int(np.ceil(np.abs(response).max())))
        if self.kernel.endswith("norm"):
            return 0, reach
        if self.kernel in EDGES:
            return -reach, reach
        return min(0, int(np.floor(response.min()))), max(256, int(np.ceil(response.max())))

    def draw_still(self, figure):
        """Draw photograph, kernel and response, and the two histograms."""
        stills.draw_response(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        response = self.stored_response()
        height, width = response.shape
        return (
            f"A photograph of {self.names[self.chosen]}, {self.height} by {self.width} pixels, "
            f"with its histogram; the response to {self.kernel}, {height} by {width}, from "
            f"{response.min():.0f} to {response.max():.0f}, with its histogram."
        )


class ProfileExplorer(_Photographs):
    """Drag a line across a photograph; see the intensities along it, and their change.

    Args:
        photographs: as `ResponseExplorer` takes them.
        start: row and column of the line's start; by default near the left border.
        end: row and column of its end; by default near the right border.
        noise: standard deviation of the noise that is added, in levels, 0 to 40.
        smoothing: sigma of the Gaussian blur before the line is read, 0 for none, up to 5.
        threshold: change a pixel, 1 to 60, from which a steepest place counts as an edge.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = ProfileExplorer({"step": np.eye(16)}, start=(3, 0), end=(3, 15))
        >>> explorer.profile()[2:5], explorer.edges()
        (array([  0., 255.,   0.]), [2, 3])
    """

    front = "image_processing/profile_explorer"
    still_size = (7.2, 3.4)
    start = traitlets.List().tag(sync=True)
    end = traitlets.List().tag(sync=True)
    noise = traitlets.Float().tag(sync=True)
    smoothing = traitlets.Float().tag(sync=True)
    threshold = traitlets.Float().tag(sync=True)
    place = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        photographs=("coins", "camera", "brick"),
        *,
        start=None,
        end=None,
        noise=0,
        smoothing=0.0,
        threshold=20,
    ):
        stack = photograph_stack(photographs)
        height, width = stack["height"], stack["width"]
        row = round(0.42 * height)  # across a row of coins
        start = place_on((row, 3) if start is None else start, "start", (height, width))
        end = place_on((row, width - 4) if end is None else end, "end", (height, width))
        if start == end:
            raise ValueError(f"start and end must differ; got {tuple(start)} for both.")
        super().__init__(
            **stack,
            start=start,
            end=end,
            noise=between(noise, "noise", 0, 40),
            smoothing=between(smoothing, "smoothing", 0, 5),
            threshold=between(threshold, "threshold", 1, 60),
        )
        self.place = int(np.argmax(np.abs(self.derivative())))

    def plane(self):
        """Return the photograph with its noise, smoothed."""
        levels = self.levels()
        return smooth(
            levels + self.noise * normals(levels.size).reshape(levels.shape), self.smoothing
        )

    def profile(self):
        """Return the intensities along the line, about one for each pixel of its length."""
        samples = max(2, round(self._length()) + 1)
        return intensity_profile(self.plane(), self.start, self.end, samples)

    def derivative(self):
        """Return the change per pixel between neighbouring places of the line."""
        profile = self.profile()
        return np.diff(profile) * (len(profile) - 1) / self._length()

    def edges(self):
        """Return where the change is above the threshold and steeper than on either side."""
        changes = np.pad(self.derivative(), 1)
        signed = [
            np.sign(changes[1:-1]) * part for part in (changes[:-2], changes[1:-1], changes[2:])
        ]
        before, here, after = signed
        return np.flatnonzero((here >= self.threshold) & (here > before) & (here >= after)).tolist()

    def draw_still(self, figure):
        """Draw the photograph with the line, the intensities and their change."""
        stills.draw_profile(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        profile, changes = self.profile(), self.derivative()
        return (
            f"A photograph of {self.names[self.chosen]} with a line from row {self.start[0]}, "
            f"column {self.start[1]} to row {self.end[0]}, column {self.end[1]}; the intensities "
            f"along it, from {profile.min():.0f} to {profile.max():.0f}, and their change, at most "
            f"{np.abs(changes).max():.0f} a pixel, with {len(self.edges())} edges above "
            f"{self.threshold:g}."
        )

    def _length(self):
        return float(np.hypot(*np.subtract(self.end, self.start)))


EXHIBITS = (ResponseExplorer, ProfileExplorer)
