"""How much may cross the sandbox's wall."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WireLimits:
    """Bounds of what is sent and, above all, of what is believed.

    Attributes:
        frame_bytes: bytes of one message.
        total_bytes: bytes that the sandbox may send during one submission.
        nodes: numbers, texts and containers in one message, shared ones counted each time.
        depth: how deeply lists and the like may be nested.
        text: characters of one text.
        elements: numbers in one array.
        array_bytes: bytes of all arrays of one message, shared ones counted each time.
        keys: entries of one dict or set.
        parameters: weights of one Keras model.
        layers: layers of one Keras model.
        functions: functions of the student that may be handed out.
        callbacks: calls of handed-over functions during one call.
        nesting: how deeply calls may call back.
        printed: characters kept of what one call prints.
        strays: messages that nobody asked for before the wire is cut.

    Example:
        >>> WireLimits().frame_bytes // 2**20
        64
    """

    frame_bytes: int = 64 * 2**20
    total_bytes: int = 512 * 2**20
    nodes: int = 1_000_000
    depth: int = 40
    text: int = 1_000_000
    elements: int = 2**24
    array_bytes: int = 40 * 2**20
    keys: int = 20_000
    parameters: int = 10_000_000
    layers: int = 600
    functions: int = 2_000
    callbacks: int = 20_000
    nesting: int = 8
    printed: int = 4_000
    strays: int = 50
