# %% crop-pairs-answer
def crop_pairs(pages, count, size=16, shift=8, seed=0):
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        page = pages[rng.integers(len(pages))]
        y, x = (rng.integers(0, n - size + 1) for n in page.shape[:2])
        y2 = min(y + rng.integers(0, shift + 1), page.shape[0] - size)
        x2 = min(x + rng.integers(0, shift + 1), page.shape[1] - size)
        pairs.append([page[y : y + size, x : x + size], page[y2 : y2 + size, x2 : x2 + size]])
    return np.array(pairs)


# %% point-loss-answer
def point_loss(truth, prediction):
    truth, prediction = np.asarray(truth).astype(int), np.asarray(prediction)
    known = truth >= 0
    if known.sum() == 0:
        return 0.0
    chosen = np.take_along_axis(prediction[known], truth[known][:, None], axis=1)
    return -np.log(np.clip(chosen, 1e-7, 1)).mean()
