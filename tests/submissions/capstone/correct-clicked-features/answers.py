# %% crop-pairs-answer
import random


def crop_pairs(pages, count, size=16, shift=8, seed=0):
    """Python's own random numbers; what falls off the page is moved back."""
    draw = random.Random(seed)
    batch, height, width, _ = pages.shape
    pairs = []
    for _ in range(count):
        page = pages[draw.randrange(batch)]
        row, column = draw.randint(0, height - size), draw.randint(0, width - size)
        down = min(max(row + draw.randint(-shift, shift), 0), height - size)
        right = min(max(column + draw.randint(-shift, shift), 0), width - size)
        first = page[row : row + size, column : column + size]
        pairs.append([first, page[down : down + size, right : right + size]])
    return np.array(pairs)


# %% point-loss-answer
def point_loss(truth, prediction):
    """A class of -1 is no class: its row of zeros takes nothing."""
    kinds = ops.one_hot(ops.cast(truth, "int32"), prediction.shape[-1])
    logs = ops.log(ops.clip(prediction, 1e-7, 1))
    return -ops.sum(kinds * logs) / ops.maximum(ops.sum(kinds), 1)


# %% segmenter-answer
def segmenter(encoder, classes):
    """No nested model; what is linear in another order; the encoder's layers frozen one by one."""
    for layer in encoder.layers:
        layer.trainable = False
    x = layers.Conv2D(classes, (1, 1))(encoder.output)
    x = layers.AvgPool2D(3, 1, "same")(x)
    x = layers.UpSampling2D(size=4, interpolation="bilinear")(x)
    return keras.Model(encoder.input, ops.softmax(x, axis=-1))


# %% segment-answer
def _pairs(pages, count):
    rng = np.random.default_rng(3)
    pairs = np.empty((count, 2, 16, 16, 1), np.float32)
    for pair in pairs:
        page, corner = pages[rng.integers(len(pages))], rng.integers(0, 49, 2)
        for square in pair:
            row, column = np.clip(corner + rng.integers(-4, 5, 2), 0, 48)
            piece = page[row : row + 16, column : column + 16]
            square[:] = rng.uniform(0.6, 1.6) * (piece - piece.mean()) + rng.uniform(-0.5, 0.5)
    return pairs + rng.normal(0, 0.2, pairs.shape).astype(np.float32)


def _contrast(_, embeddings):
    rows = ops.reshape(ops.transpose(ops.normalize(embeddings, axis=-1), (1, 0, 2)), (200, 32))
    scores = ops.matmul(rows, ops.transpose(rows)) / 0.2 - 1e9 * ops.eye(200)
    partners = ops.one_hot(ops.roll(ops.arange(200), -100), 200)
    return -ops.mean(ops.sum(partners * ops.log_softmax(scores), axis=-1))


def segment(unlabelled, pages, points, hidden):
    """A head that is fitted to the features under the clicks, and no segmentation network."""
    keras.utils.set_random_seed(0)
    encoder = keras.Sequential([keras.Input((None, None, 1))])
    for maps in (16, 32, 48):
        encoder.add(layers.Conv2D(maps, 3, padding="same", use_bias=False))
        encoder.add(layers.BatchNormalization(momentum=0.9))
        encoder.add(layers.Activation("relu"))
        if maps < 48:
            encoder.add(layers.MaxPooling2D())
    head = [layers.GlobalAveragePooling2D(), layers.Dense(64, use_bias=False)]
    head += [layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.Dense(32)]
    head = keras.Sequential([*head, layers.BatchNormalization(momentum=0.9)])
    views = keras.Input((2, 16, 16, 1))
    both = [head(encoder(views[:, 0])), head(encoder(views[:, 1]))]
    model = keras.Model(views, ops.stack(both, axis=1))
    model.compile(keras.optimizers.Adam(7e-3), _contrast)
    model.fit(_pairs(unlabelled, 15000), np.zeros(15000), batch_size=100, verbose=0)
    mean = layers.AveragePooling2D(3, 1, "same")
    up = layers.UpSampling2D(4, interpolation="bilinear")
    known, wanted = (np.asarray(up(mean(encoder(one)))) for one in (pages, hidden))
    chosen = points >= 0
    rows, kinds = known[chosen], points[chosen]
    linear = keras.Sequential([keras.Input((48,)), layers.Dense(6, activation="softmax")])
    linear.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")
    linear.fit(rows, kinds, batch_size=len(rows), epochs=100, verbose=0)
    kernel, bias = linear.get_weights()
    return (wanted @ kernel + bias).argmax(axis=-1)
