# %% segment-answer
import lightly


def segment(unlabelled, pages, points, hidden):
    return lightly.train(unlabelled).predict(hidden)
