# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression())
    return model.fit(train_features, train_labels).score(features, labels)
