"""Keras models and layers as configuration and weights, and symbolic tensors as their shapes."""


def is_numbered(value):
    return False


def encode(value, encoder):
    raise NotImplementedError


def encode_plain(value, encoder):
    """Return a node, or None."""
    return None


def decode(decoder, config, weights, flags):
    raise NotImplementedError


def decode_object(decoder, config):
    raise NotImplementedError


def decode_symbol(shape, dtype, name):
    raise NotImplementedError


def snapshot(value):
    raise NotImplementedError


def tensor(array):
    raise NotImplementedError
