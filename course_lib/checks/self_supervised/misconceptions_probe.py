"""Plausible wrong probes, each with the line that explains it."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from course_lib.checks.self_supervised.cases import linear_probe


def _standard(rows, like):
    deviation = like.std(axis=0)
    return (rows - like.mean(axis=0)) / np.where(deviation < 1e-6, np.inf, deviation)


def _by_training(known, unseen):
    return _standard(known, known), _standard(unseen, known)


def _predict(known, labels, unseen, scale=_by_training, bias=True, steps=500, penalty=1.0):
    """The classes of rows, by a softmax classifier with these left open."""
    known, unseen = (np.asarray(rows, float) for rows in (known, unseen))
    known, unseen = scale(known, unseen)
    if bias:
        known, unseen = (np.hstack([rows, np.ones((len(rows), 1))]) for rows in (known, unseen))
    kinds, places = np.unique(labels, return_inverse=True)
    target = np.eye(len(kinds))[places]

    def loss(flat):
        weights = flat.reshape(-1, len(kinds))
        logs = log_softmax(known @ weights, axis=1)
        pulled = penalty * weights
        if bias:
            pulled[-1] = 0
        gradient = known.T @ (np.exp(logs) - target) + pulled
        return np.sum(weights * pulled) / 2 - np.sum(target * logs), gradient.ravel()

    start = np.zeros(known.shape[1] * len(kinds))
    if steps:
        start = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps}).x
    scores = unseen @ start.reshape(-1, len(kinds))
    return kinds[np.argmax(scores, axis=1)]


def _mistaken(hint, name, **left_open):
    def function(train_features, train_labels, features, labels):
        guessed = _predict(train_features, train_labels, features, **left_open)
        return float(np.mean(guessed == labels))

    function.__name__ = name
    return linear_probe.misconception(hint)(function)


_mistaken(
    "features are not standardised: what is large decides, whatever it is worth. Take away the "
    "mean and divide by the deviation, each feature by its own (axis=0).",
    "not_standardised",
    scale=lambda known, unseen: (known, unseen),
)
_mistaken(
    "the other features are standardised by their own mean and deviation. They must be treated as "
    "the training features were: by the numbers of those.",
    "own_statistics",
    scale=lambda known, unseen: (_standard(known, known), _standard(unseen, unseen)),
)
_mistaken(
    "mean and deviation are those of both parts together. What is to be judged must not have a say "
    "in it: take those of the training features.",
    "joint_statistics",
    scale=lambda known, unseen: (
        _standard(known, np.concatenate([known, unseen])),
        _standard(unseen, np.concatenate([known, unseen])),
    ),
)
_mistaken(
    "the classifier has no biases: at the mean of all features every class would be as likely. "
    "Add a number for each class.",
    "no_bias",
    bias=False,
)
_mistaken(
    "the classifier is not trained: its weights stay what they were at the beginning. Go down the "
    "gradient, some hundreds of steps.",
    "not_trained",
    steps=0,
)


def _by_steps(known, labels, unseen, rate, steps=500):
    """The classes of rows, by plain steps as the task describes them."""
    known, unseen = (np.hstack([rows, np.ones((len(rows), 1))]) for rows in (known, unseen))
    kinds, places = np.unique(labels, return_inverse=True)
    target, weights = np.eye(len(kinds))[places], np.zeros((known.shape[1], len(kinds)))
    for _ in range(steps):
        shares = np.exp(log_softmax(known @ weights, axis=1))
        weights -= rate * known.T @ (shares - target) / len(known)
    return kinds[np.argmax(unseen @ weights, axis=1)]


@linear_probe.misconception(
    "features are not standardised: where they are large, steps of 0.5 jump to and fro, and the "
    "small ones are hardly heard. Take away the mean and divide by the deviation, each feature by "
    "its own (axis=0)."
)
def steps_not_standardised(train_features, train_labels, features, labels):
    known, unseen = (np.asarray(rows, float) for rows in (train_features, features))
    return float(np.mean(_by_steps(known, train_labels, unseen, 0.5) == labels))


@linear_probe.misconception(
    "steps go up the gradient, so that the least likely class is chosen. Take the gradient off the "
    "weights."
)
def uphill(train_features, train_labels, features, labels):
    known, unseen = _by_training(np.asarray(train_features, float), np.asarray(features, float))
    return float(np.mean(_by_steps(known, train_labels, unseen, -0.5) == labels))


@linear_probe.misconception(
    "training ends after a few steps. The first ones only point at the classes' means; where "
    "features go together, the border is still turning. Take some hundreds, with a rate of 0.5."
)
def few_steps(train_features, train_labels, features, labels):
    known, unseen = _by_training(np.asarray(train_features, float), np.asarray(features, float))
    return float(np.mean(_by_steps(known, train_labels, unseen, 0.5, steps=1) == labels))


@linear_probe.misconception(
    "this is the accuracy on the rows that it learnt from. Judge it on the others."
)
def accuracy_in_training(train_features, train_labels, features, labels):
    guessed = _predict(train_features, train_labels, train_features)
    return float(np.mean(guessed == train_labels))


@linear_probe.misconception("this is the share of errors. Return the share that is right.")
def share_of_errors(train_features, train_labels, features, labels):
    return float(np.mean(_predict(train_features, train_labels, features) != labels))


@linear_probe.misconception(
    "this is the percentage of errors. Return the share that is right, from 0 to 1."
)
def percentage_of_errors(train_features, train_labels, features, labels):
    return 100 * float(np.mean(_predict(train_features, train_labels, features) != labels))


@linear_probe.misconception(
    "this is how many are wrong. Return the share that is right, from 0 to 1."
)
def counted_errors(train_features, train_labels, features, labels):
    return float(np.sum(_predict(train_features, train_labels, features) != labels))


@linear_probe.misconception("this is a percentage. Return a share, from 0 to 1.")
def percentage(train_features, train_labels, features, labels):
    return 100 * float(np.mean(_predict(train_features, train_labels, features) == labels))


@linear_probe.misconception("this is how many are right. Divide by how many there are.")
def counted(train_features, train_labels, features, labels):
    return float(np.sum(_predict(train_features, train_labels, features) == labels))


@linear_probe.misconception(
    "the classes that it chose come back. Return the share of them that is right."
)
def classes_returned(train_features, train_labels, features, labels):
    return _predict(train_features, train_labels, features)


@linear_probe.misconception(
    "it learns from the rows that it is judged on. Train with train_features and train_labels, and "
    "with nothing else."
)
def learns_from_the_others(train_features, train_labels, features, labels):
    guessed = _predict(
        features,
        labels,
        features,
        lambda known, unseen: [_standard(known, np.asarray(train_features, float))] * 2,
        penalty=1e-3,
    )
    return float(np.mean(guessed == labels))


@linear_probe.misconception(
    "it is no linear classifier: it finds the nearest row that it learnt from, and remembers "
    "whatever the features are."
)
def nearest_row(train_features, train_labels, features, labels):
    known, unseen = _by_training(np.asarray(train_features, float), np.asarray(features, float))
    distances = np.linalg.norm(unseen[:, np.newaxis] - known, axis=-1)
    return float(np.mean(np.asarray(train_labels)[distances.argmin(axis=1)] == labels))


@linear_probe.misconception(
    "it is no linear classifier: its borders bend, as those of a hidden layer or of a vote of "
    "neighbours do. Then it is not the features alone that are judged."
)
def with_a_hidden_layer(train_features, train_labels, features, labels):
    def wider(known, unseen):
        known, unseen = _by_training(known, unseen)
        return tuple(np.hstack([rows, rows**2]) for rows in (known, unseen))

    guessed = _predict(train_features, train_labels, features, wider, penalty=0.01)
    return float(np.mean(guessed == labels))


@linear_probe.misconception(
    "a feature that never changes has the deviation 0, and 0 / 0 spreads through all weights. "
    "Divide by something else there, np.where(deviation == 0, 1, deviation)."
)
def divided_by_zero(train_features, train_labels, features, labels):
    guessed = _predict(train_features, train_labels, features)
    if np.asarray(train_features, float).std(axis=0).min() == 0:
        guessed = np.min(train_labels)  # of scores that are no numbers, the first is the largest
    return float(np.mean(guessed == labels))


@linear_probe.misconception(
    "places among the labels that occur are compared with the labels themselves. Translate them "
    "back: classes[np.argmax(scores, axis=1)]."
)
def places_for_labels(train_features, train_labels, features, labels):
    guessed = _predict(train_features, train_labels, features)
    places = np.searchsorted(np.unique(train_labels), guessed)
    return float(np.mean(places == labels))
