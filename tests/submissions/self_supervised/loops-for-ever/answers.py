# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    weights, loss = np.zeros((train_features.shape[1], train_labels.max() + 1)), 1.0
    while loss > 0:
        scores = train_features @ weights
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        loss = 1 - shares.max() + 1e-9
    return np.mean((features @ weights).argmax(axis=1) == labels)
