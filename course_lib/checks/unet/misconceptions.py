"""Plausible wrong networks of `unet`, each with the line that explains it.

Every one is a right answer with one step done wrong. `_unet` is the right network, whose steps are
arguments.
"""

from keras import layers, ops

from course_lib.checks.unet.cases import unet


def _level(tensor, maps):
    """The two convolutions of a level."""
    for _ in range(2):
        tensor = layers.Conv2D(maps, 3, padding="same", activation="relu")(tensor)
    return tensor


def _pool(tensor):
    return layers.MaxPooling2D(2, padding="same")(tensor)


def _up(tensor, maps):
    return layers.Conv2DTranspose(maps, 2, strides=2)(tensor)


def _cut(tensor, like):
    surplus = [one - two for one, two in zip(tensor.shape[1:3], like.shape[1:3], strict=True)]
    return (
        layers.Cropping2D([(0, number) for number in surplus])(tensor) if any(surplus) else tensor
    )


def _kept(before, after, pooled):
    """Of a level's features before and after its convolutions and after pooling: the skip."""
    return after


def _chosen(kept, level):
    return kept[level]


def _join(skip, tensor):
    return layers.Concatenate()([skip, tensor])


def _end(tensor, classes):
    activation = "sigmoid" if classes == 1 else "softmax"
    return layers.Conv2D(classes, 1, activation=activation)(tensor)


def _unet(
    tensor,
    filters=(8, 16, 32),
    classes=1,
    skips=True,
    convolve=_level,
    pool=_pool,
    keep=_kept,
    up=_up,
    cut=_cut,
    choose=_chosen,
    join=_join,
    decode=_level,
    end=_end,
    widths=lambda filters: filters[:-1],
):
    """Build the right network, but for the steps that are given."""
    kept, sizes = [], []
    for maps in filters[:-1]:
        after = convolve(tensor, maps)
        pooled = pool(after)
        kept.append(keep(tensor, after, pooled))
        sizes.append(after)
        tensor = pooled
    tensor = convolve(tensor, filters[-1])
    maps = list(widths(filters))
    for level in reversed(range(len(filters) - 1)):
        tensor = cut(up(tensor, maps[level]), sizes[level])
        if skips:
            tensor = join(choose(kept, level), tensor)
        tensor = decode(tensor, maps[level])
    return end(tensor, classes)


def _resized(tensor, like):
    """A tensor in the size of another, by pooling or repeating."""
    down, right = (max(1, a // b) for a, b in zip(tensor.shape[1:3], like.shape[1:3], strict=True))
    if (down, right) != (1, 1):
        tensor = layers.MaxPooling2D((down, right))(tensor)
    down, right = (-(-b // a) for a, b in zip(tensor.shape[1:3], like.shape[1:3], strict=True))
    if (down, right) != (1, 1):
        tensor = layers.UpSampling2D((down, right))(tensor)
    return _cut(tensor, like)


@unet.misconception(
    "the input comes back as it is, as from keras.Model(inputs, inputs): none of the layers is on "
    "the way to what is returned. Return what the last layer gives."
)
def the_input_itself(tensor, filters=(8, 16, 32), classes=1, skips=True):
    _unet(tensor, filters, classes, skips)
    return tensor


@unet.misconception(
    "there is no activation at the end: scores come out, of any size and sign. One class needs a "
    "sigmoid, several a softmax."
)
def no_final_activation(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def end(tensor, classes):
        return layers.Conv2D(classes, 1)(tensor)

    return _unet(tensor, filters, classes, skips, end=end)


@unet.misconception(
    "several classes end in a sigmoid each, so that the probabilities of a pixel do not add up to "
    "1. Classes that exclude each other need a softmax."
)
def sigmoid_for_several_classes(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def end(tensor, classes):
        return layers.Conv2D(classes, 1, activation="sigmoid")(tensor)

    return _unet(tensor, filters, classes, skips, end=end)


@unet.misconception(
    "one class ends in a softmax. It divides a number by itself: every pixel has probability 1. "
    "Take a sigmoid there."
)
def softmax_for_one_class(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def end(tensor, classes):  # Keras's own softmax would warn whoever looks for another mistake
        powers = ops.exp(layers.Conv2D(classes, 1)(tensor))
        return powers / ops.sum(powers, axis=-1, keepdims=True)

    return _unet(tensor, filters, classes, skips, end=end)


@unet.misconception(
    "the network ends in a ReLU. It has no upper end, so what comes out are no probabilities: take "
    "a sigmoid for one class, a softmax for several."
)
def relu_at_the_end(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def end(tensor, classes):
        return layers.Conv2D(classes, 1, activation="relu")(tensor)

    return _unet(tensor, filters, classes, skips, end=end)


@unet.misconception(
    "what comes up is joined with itself, as Concatenate()([up, up]) does, and the encoder's "
    "features are lost. The shapes are right, so nothing complains. Join [features, up]."
)
def up_joined_with_itself(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def join(skip, tensor):
        return layers.Concatenate()([tensor, tensor])

    return _unet(tensor, filters, classes, skips, join=join)


@unet.misconception(
    "there is no skip: the decoder has nothing but what the bottom sends up. Keep each level's "
    "features in a list before you pool them, and concatenate them on the way up."
)
def no_skips(tensor, filters=(8, 16, 32), classes=1, skips=True):
    return _unet(tensor, filters, classes, False)


@unet.misconception("only the finest level has a skip. Each level but the deepest has one.")
def only_the_finest_skip(tensor, filters=(8, 16, 32), classes=1, skips=True):
    calls = iter(range(len(filters) - 2, -1, -1))

    def join(skip, tensor):
        return _join(skip, tensor) if next(calls) == 0 else tensor

    return _unet(tensor, filters, classes, skips, join=join)


@unet.misconception(
    "the finest level has no skip. It is the one that knows best where a border runs."
)
def all_but_the_finest_skip(tensor, filters=(8, 16, 32), classes=1, skips=True):
    calls = iter(range(len(filters) - 2, -1, -1))

    def join(skip, tensor):
        return tensor if next(calls) == 0 else _join(skip, tensor)

    return _unet(tensor, filters, classes, skips, join=join)


@unet.misconception(
    "a skip is taken after pooling, and enlarged again to fit: the places that pooling lost are "
    "lost for good. Keep the features before you pool them."
)
def skips_after_pooling(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def join(skip, tensor):
        return _join(_resized(skip, tensor), tensor)

    return _unet(tensor, filters, classes, skips, keep=lambda *three: three[-1], join=join)


@unet.misconception(
    "the list of skips is filled after pooling: its first entry is half as large as the image. So "
    "each is joined one level too deep, before the up-convolution, and the finest level has none."
)
def skips_one_level_too_deep(tensor, filters=(8, 16, 32), classes=1, skips=True):
    kept = []
    for maps in filters[:-1]:
        tensor = _pool(_level(tensor, maps))
        kept.append((tensor, maps))
    tensor = _level(tensor, filters[-1])
    sizes = [skip for skip, _ in kept[-2::-1]]
    for number, (skip, maps) in enumerate(reversed(kept)):
        tensor = _join(skip, tensor) if skips else tensor
        tensor = _level(tensor, maps)
        tensor = _up(tensor, maps)
        tensor = _cut(tensor, sizes[number]) if number < len(sizes) else tensor
    return _end(tensor, classes)


@unet.misconception(
    "a skip brings what enters its level and not what its convolutions made of it: at the finest "
    "level the raw image. Keep the features after the level's two convolutions."
)
def skips_before_the_convolutions(tensor, filters=(8, 16, 32), classes=1, skips=True):
    return _unet(tensor, filters, classes, skips, keep=lambda *three: three[0])


@unet.misconception(
    "skips come from the wrong level: the list is read from the front, and what does not fit is "
    "resized. The way up begins with the deepest skip: read the list backwards."
)
def skips_from_the_wrong_level(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def choose(kept, level):
        return kept[len(kept) - 1 - level]

    def join(skip, tensor):
        return _join(_resized(skip, tensor), tensor)

    return _unet(tensor, filters, classes, skips, choose=choose, join=join)


@unet.misconception(
    "skips are added to what comes up. A UNet concatenates them, and the next convolution decides "
    "what it takes from either."
)
def skips_added(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def join(skip, tensor):
        return layers.Add()([skip, tensor])

    return _unet(tensor, filters, classes, skips, join=join)


@unet.misconception(
    "the up-convolutions end in a sigmoid, which squeezes all they bring to between 0 and 1. They "
    "have no activation; the sigmoid belongs to the network's very end."
)
def sigmoid_in_the_up_convolutions(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def up(tensor, maps):
        return layers.Conv2DTranspose(maps, 2, strides=2, activation="sigmoid")(tensor)

    return _unet(tensor, filters, classes, skips, up=up)


@unet.misconception(
    "the up-convolutions end in a ReLU. They have no activation: the ReLUs come after the level's "
    "two convolutions."
)
def relu_in_the_up_convolutions(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def up(tensor, maps):
        return layers.Conv2DTranspose(maps, 2, strides=2, activation="relu")(tensor)

    return _unet(tensor, filters, classes, skips, up=up)


@unet.misconception(
    "nothing is pooled: convolutions are dilated instead, so that all levels have one size. That "
    "is another way to a large receptive field; a UNet halves the size at each level."
)
def dilated_instead_of_pooled(tensor, filters=(8, 16, 32), classes=1, skips=True):
    rates = iter(2**level for level in range(len(filters)))

    def convolve(tensor, maps):
        rate = next(rates)
        for _ in range(2):
            tensor = layers.Conv2D(maps, 3, padding="same", dilation_rate=rate, activation="relu")(
                tensor
            )
        return tensor

    def up(tensor, maps):
        return layers.Conv2D(maps, 2, padding="same")(tensor)

    return _unet(tensor, filters, classes, skips, convolve, pool=lambda tensor: tensor, up=up)


@unet.misconception(
    "the decoder's convolutions are dilated: one pixel of a skip moves a patch that is too wide, "
    "with holes in it. Plain 3×3 convolutions put the borders together."
)
def dilated_decoder(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def decode(tensor, maps):
        for _ in range(2):
            tensor = layers.Conv2D(maps, 3, padding="same", dilation_rate=2, activation="relu")(
                tensor
            )
        return tensor

    return _unet(tensor, filters, classes, skips, decode=decode)


@unet.misconception(
    "dropout stays on: model(images) gives another mask each time. Call the layer without "
    "training=True: Keras switches it on for training by itself."
)
def dropout_always_on(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def convolve(tensor, maps):
        return layers.Dropout(0.5)(_level(tensor, maps), training=True)

    return _unet(tensor, filters, classes, skips, convolve)


@unet.misconception(
    "the argument skips is ignored: with skips=False the encoder's features are joined."
)
def always_joined(tensor, filters=(8, 16, 32), classes=1, skips=True):
    return _unet(tensor, filters, classes, True)


@unet.misconception(
    "a size that is odd somewhere comes out larger than it went in: pooling rounded up, and "
    "doubling does not know of it. Cut the surplus row or column off."
)
def surplus_rows(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def cut(tensor, like):
        return tensor

    def join(skip, tensor):
        surplus = [b - a for a, b in zip(skip.shape[1:3], tensor.shape[1:3], strict=True)]
        if any(surplus):
            skip = layers.ZeroPadding2D([(0, number) for number in surplus])(skip)
        return _join(skip, tensor)

    return _unet(tensor, filters, classes, skips, cut=cut, join=join)


@unet.misconception(
    "a size that is odd somewhere comes out smaller: pooling dropped the last row or column, and "
    "it never came back. Pool with padding='same', or pad the image and cut the output."
)
def lost_rows(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def cut(tensor, like):
        return tensor

    def join(skip, tensor):
        return _join(_cut(skip, tensor), tensor)

    return _unet(tensor, filters, classes, skips, pool=layers.MaxPooling2D(2), cut=cut, join=join)


@unet.misconception("each level has one convolution. A UNet has two, one after the other.")
def one_convolution_a_level(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def convolve(tensor, maps):
        return layers.Conv2D(maps, 3, padding="same", activation="relu")(tensor)

    return _unet(tensor, filters, classes, skips, convolve, decode=convolve)


@unet.misconception(
    "the convolutions have no activation. Without ReLU the network is one linear filter, but for "
    "pooling."
)
def no_relu(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def convolve(tensor, maps):
        for _ in range(2):
            tensor = layers.Conv2D(maps, 3, padding="same")(tensor)
        return tensor

    return _unet(tensor, filters, classes, skips, convolve, decode=convolve)


def _rectified_late(tensor, maps):
    tensor = layers.Conv2D(maps, 3, padding="same")(tensor)
    return layers.Conv2D(maps, 3, padding="same", activation="relu")(tensor)


@unet.misconception(
    "of a level's two convolutions only the second has a ReLU. Without one between them, two 3×3 "
    "convolutions are one of 5×5. Each has its own."
)
def relu_after_the_second_only(tensor, filters=(8, 16, 32), classes=1, skips=True):
    return _unet(tensor, filters, classes, skips, _rectified_late, decode=_rectified_late)


@unet.misconception(
    "the decoder's convolutions have no activation. A ReLU follows each 3×3 convolution, on the "
    "way up as on the way down."
)
def decoder_without_relu(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def decode(tensor, maps):
        for _ in range(2):
            tensor = layers.Conv2D(maps, 3, padding="same")(tensor)
        return tensor

    return _unet(tensor, filters, classes, skips, decode=decode)


@unet.misconception(
    "pooling takes the mean of four numbers. Take the largest, MaxPooling2D: what was found in one "
    "place is found, and not a quarter found."
)
def mean_pooling(tensor, filters=(8, 16, 32), classes=1, skips=True):
    pool = layers.AveragePooling2D(2, padding="same")
    return _unet(tensor, filters, classes, skips, pool=pool)


@unet.misconception(
    "a convolution with strides makes the maps smaller, and nothing is pooled. That is another way "
    "to halve them, with weights of its own. Here MaxPooling2D keeps the largest of four numbers."
)
def strides_in_place_of_pooling(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def pool(tensor):
        return layers.Conv2D(tensor.shape[-1], 2, strides=2, padding="same")(tensor)

    return _unet(tensor, filters, classes, skips, pool=pool)


@unet.misconception(
    "the up-convolutions' kernels are 3×3. With strides of 2 they overlap unevenly, which shows as "
    "a checkerboard. 2×2 kernels do not overlap: Conv2DTranspose(filters, 2, strides=2)."
)
def up_convolutions_of_3x3(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def up(tensor, maps):
        return layers.Conv2DTranspose(maps, 3, strides=2, padding="same")(tensor)

    return _unet(tensor, filters, classes, skips, up=up)


@unet.misconception(
    "a level of the decoder has as many filters as the level below it in the encoder. It has those "
    "of its own level: filters[level]."
)
def filters_of_the_level_below(tensor, filters=(8, 16, 32), classes=1, skips=True):
    return _unet(tensor, filters, classes, skips, widths=lambda filters: filters[1:])


@unet.misconception(
    "what goes up is repeated, and not convolved: UpSampling2D has no weights and keeps the "
    "channels. A 2×2 up-convolution, Conv2DTranspose(filters, 2, strides=2), learns how to enlarge."
)
def repeated_without_a_convolution(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def up(tensor, maps):
        return layers.UpSampling2D(2)(tensor)

    return _unet(tensor, filters, classes, skips, up=up)
