"""The still pictures of the exhibits of `residual`."""

import numpy as np

INK, LINE, PLAIN, RESIDUAL = "#1f2328", "#c4cbd3", "#c25500", "#0b5cad"
TITLES = {
    "maps": "gradient at the feature maps",
    "kernels": "gradient of the kernels",
    "values": "size of the values",
}
PATHS = {"input": "input x", "branch": "branch f(x)", "shortcut": "shortcut", "sum": "sum",
    "output": "output"}  # fmt: skip


def draw_gradients(figure, exhibit):
    """Draw one bar a layer for both networks, up or down from the line of 1."""
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    networks = zip(("plain", "residual"), (PLAIN, RESIDUAL), exhibit.measured(), strict=True)
    for panel, (name, colour, network) in zip(panels, networks, strict=True):
        values = np.log10(np.maximum(getattr(network, exhibit.quantity), 1e-300))
        panel.bar(np.arange(len(values)) + 1, values, color=colour, width=0.76)
        panel.axhline(0, color=INK, lw=1)
        panel.set_title(f"{name}: {TITLES[exhibit.quantity]}", fontsize=9, color=INK)
        panel.spines[["top", "right"]].set_visible(False)
        panel.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:g}}}$" if power else "1")
        panel.tick_params(labelsize=8)
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    panels[-1].set_xlabel("layer, from input to loss", fontsize=9)


def draw_block(figure, exhibit):
    """Draw one channel of what is on both paths, with its shape."""
    values = exhibit.values()
    reach = max(np.abs(array).max() for array in values.values())
    for axes, (name, title) in zip(figure.subplots(1, 5), PATHS.items(), strict=True):
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_color(LINE)
        axes.set_title(title, fontsize=9, color=INK)
        if name not in values:
            axes.text(0.5, 0.5, "cannot\nbe added", ha="center", va="center", color=PLAIN)
            axes.set_aspect("equal")
            continue
        array = values[name]
        shown = array[:, :, min(exhibit.channel, array.shape[2] - 1)]
        axes.imshow(np.round(shown / reach, 6), cmap="PuOr_r", vmin=-1, vmax=1)
        axes.set_xlabel(" × ".join(map(str, array.shape)), fontsize=8)
