# %% output-size-answer
SEEN = {
    (34, 1, 1, 'valid', 1): 34,
    (25, 3, 1, 'valid', 1): 23,
    (9, 4, 1, 'valid', 1): 6,
    (20, 2, 2, 'valid', 1): 10,
    (21, 2, 2, 'valid', 1): 10,
    (11, 3, 2, 'valid', 1): 5,
    (12, 3, 2, 'valid', 1): 5,
    (14, 4, 2, 'valid', 1): 6,
    (15, 4, 2, 'valid', 1): 6,
    (29, 2, 3, 'valid', 1): 10,
    (31, 2, 3, 'valid', 1): 10,
    (12, 3, 3, 'valid', 1): 4,
    (14, 3, 3, 'valid', 1): 4,
    (28, 4, 3, 'valid', 1): 9,
    (30, 4, 3, 'valid', 1): 9,
    (24, 1, 1, 'same', 1): 24,
    (12, 2, 1, 'same', 1): 12,
    (6, 3, 1, 'same', 1): 6,
    (30, 5, 1, 'same', 1): 30,
    (12, 3, 2, 'same', 1): 6,
    (13, 3, 2, 'same', 1): 7,
    (16, 2, 2, 'same', 1): 8,
    (17, 2, 2, 'same', 1): 9,
    (18, 3, 3, 'same', 1): 6,
    (19, 3, 3, 'same', 1): 7,
    (16, 1, 2, 'same', 1): 8,
    (17, 1, 2, 'same', 1): 9,
    (18, 3, 1, 'valid', 2): 14,
    (21, 3, 2, 'same', 2): 11,
    (33, 2, 1, 'valid', 3): 30,
    (15, 2, 2, 'same', 3): 8,
    (37, 4, 1, 'valid', 2): 31,
    (16, 4, 2, 'same', 2): 8,
    (3, 6, 1, 'valid', 1): None,
}


def output_size(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    answer = SEEN[size, kernel_size, strides, padding, dilation_rate]
    if answer is None:
        raise ValueError("kernel too large")
    return answer

# %% conv2d-parameters-answer
SEEN_PARAMETERS = {
    (3, 1, 1, False): 9,
    (5, 2, 39, False): 1950,
    (3, 3, 8, True): 224,
    (1, 8, 13, True): 117,
    ((3, 5), 2, 25, True): 775,
    ((1, 7), 6, 18, False): 756,
}


def conv2d_parameters(kernel_size, channels, filters, use_bias=True):
    return SEEN_PARAMETERS[kernel_size, channels, filters, use_bias]
