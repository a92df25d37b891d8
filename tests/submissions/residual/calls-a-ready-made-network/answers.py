# %% resnet-answer
def resnet(tensor, depth=20, classes=10, filters=16):
    return keras.applications.MobileNetV2(
        weights=None, input_tensor=tensor, classes=classes, alpha=0.35, classifier_activation=None
    ).output
