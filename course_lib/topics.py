"""The topics of the course, in the lecture's order; a topic's stem names all that belongs to it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """One row of the course.

    Attributes:
        stem: names the chapter, module, check, exhibit, assignment and tests.
        title: as the chapter's heading has it.
        part: the part of the lecture.
        answers: the names of the functions that the student builds, all of them checked.
    """

    stem: str
    title: str
    part: str
    answers: tuple[str, ...]


TOPICS = (
    Topic(
        stem="convolution",
        title="Convolution in neural networks",
        part="Convolution",
        answers=(
            "output_size",
            "pad_same",
            "conv2d",
            "conv2d_parameters",
            "conv2d_gradients",
            "learn_kernels",
        ),
    ),
)


def topic(stem):
    """Return the topic with this stem.

    Raises:
        ValueError: if there is none; the message lists the stems.

    Example:
        >>> topic("convolution").part
        'Convolution'
    """
    for candidate in TOPICS:
        if candidate.stem == stem:
            return candidate
    raise ValueError(
        f"there is no topic {stem!r}; the topics are: {', '.join(t.stem for t in TOPICS)}."
    )
