"""What can be wrong with a value at the sandbox's wall."""


class RefusedError(TypeError):
    """A value that cannot cross; the text says what to hand over instead."""


class MalformedError(ValueError):
    """Something that came is not a value in this code; the text says why."""
