"""Reference implementations of an open course on convolutional networks."""
