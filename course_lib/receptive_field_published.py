"""Published networks as stacks of layers along one axis, to compute their receptive fields."""

from course_lib.receptive_field import Layer


def vgg16_layers():
    """Return the convolutions and poolings of VGG16.

    Example:
        >>> from course_lib.receptive_field import growth
        >>> fields = growth(vgg16_layers())
        >>> [fields[count].size for count in (3, 6, 10, 14, 18)]       # behind its five poolings
        [6, 16, 44, 100, 212]

    Reference:
        Simonyan and Zisserman (2015), Very deep convolutional networks, table 1, column D.
    """
    found = []
    for count in (2, 2, 3, 3, 3):
        found += [Layer(3, padding=1)] * count + [Layer(2, strides=2)]
    return found


def resnet50_layers(strides_on="1x1"):
    """Return the layers on the longest path of ResNet50, without the shortcuts.

    The paper shrinks the image by the first 1x1 convolution of a stage. The 3x3 convolution behind
    it then works on the coarser grid, where its taps lie twice as far apart. Many programs since
    give the stride to the 3x3 convolution itself, which reads the pixels that the 1x1 would skip.

    Args:
        strides_on: `"1x1"` as in the paper and in Keras, or `"3x3"`.

    Raises:
        ValueError: if it is neither.

    Example:
        >>> from course_lib.receptive_field import receptive_field
        >>> receptive_field(resnet50_layers("1x1")).size
        483
        >>> receptive_field(resnet50_layers("3x3")).size               # 483 - 2*4 - 2*8 - 2*16
        427

    Reference:
        He et al. (2016), Deep residual learning for image recognition, table 1.
    """
    if strides_on not in ("1x1", "3x3"):
        raise ValueError(f'strides_on must be "1x1" or "3x3"; got {strides_on!r}.')
    found = [Layer(7, strides=2, padding=3), Layer(3, strides=2, padding=1)]
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            strides = 2 if stage > 0 and block == 0 else 1
            first, middle = (strides, 1) if strides_on == "1x1" else (1, strides)
            found += [Layer(1, first), Layer(3, middle, padding=1), Layer(1)]
    return found


def mobilenet_layers():
    """Return the 3x3 convolutions of MobileNet, version 1; the 1x1 between them add nothing.

    Zeros are those of Keras on images of even size: none before the first pixel where it strides.

    Example:
        >>> from course_lib.receptive_field import receptive_field
        >>> receptive_field(mobilenet_layers()).size
        315

    Reference:
        Howard et al. (2017), MobileNets, table 1.
    """
    strides = (2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    return [Layer(3, strides=step, padding=2 - step) for step in strides]
