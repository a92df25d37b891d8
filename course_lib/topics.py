"""The topics of the course, in the lecture's order; a topic's stem names all that belongs to it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """One row of the course.

    Attributes:
        stem: names the chapter, module, check, exhibit, assignment and tests.
        title: as the chapter's heading has it.
        part: the part of the lecture.
        answers: the names of the functions that the student builds, all of them checked; without
            any, the topic has no checks and no assignment.
    """

    stem: str
    title: str
    part: str
    answers: tuple[str, ...] = ()


TOPICS = (
    Topic(
        stem="introduction",
        title="Why not dense layers?",
        part="Introduction",
    ),
    Topic(
        stem="image_processing",
        title="Image processing",
        part="Convolution",
        answers=("to_gray", "box_kernel", "filter2d", "image_gradients", "edge_magnitude"),
    ),
    Topic(
        stem="convolution",
        title="Convolution in neural networks",
        part="Convolution",
        answers=(
            "output_size",
            "pad_same",
            "conv2d",
            "conv2d_parameters",
            "conv2d_gradients",
            "learn_kernels",
        ),
    ),
    Topic(
        stem="convolution_vs_dense",
        title="Convolution as a dense layer",
        part="Convolution",
        answers=("convolution_matrix", "conv2d_as_dense", "parameter_ratio"),
    ),
    Topic(
        stem="cnn",
        title="A network, layer by layer",
        part="Convolutional neural networks",
        answers=(
            "max_pool2d",
            "average_pool2d",
            "max_pool2d_gradient",
            "cnn_with_pooling",
            "clip_by_global_norm",
        ),
    ),
    Topic(
        stem="residual",
        title="Residual connections",
        part="Convolutional neural networks",
        answers=("residual_block_v1", "gradient_norms", "resnet"),
    ),
    Topic(
        stem="loss_landscape",
        title="The loss landscape",
        part="Convolutional neural networks",
        answers=("random_direction", "filter_normalise", "loss_surface"),
    ),
    Topic(
        stem="batch_normalization",
        title="Batch normalisation",
        part="Convolutional neural networks",
        answers=(
            "batch_norm_train",
            "batch_norm_inference",
            "batch_norm_gradients",
            "conv_bn_relu",
            "dense_bn_relu",
            "fold_batch_norm",
        ),
    ),
    Topic(
        stem="dropout",
        title="Dropout",
        part="Convolutional neural networks",
        answers=("dropout", "spatial_dropout", "residual_block"),
    ),
    Topic(
        stem="receptive_field",
        title="The receptive field",
        part="Fully convolutional networks",
        answers=("receptive_field", "model_receptive_field", "effective_receptive_field"),
    ),
    Topic(
        stem="encoder_decoder",
        title="Encoder and decoder",
        part="Fully convolutional networks",
        answers=(
            "upsample_nearest",
            "conv2d_transpose",
            "encoder_residual_block",
            "decoder_residual_block",
            "encoder_decoder",
        ),
    ),
    Topic(
        stem="unet",
        title="UNet",
        part="Fully convolutional networks",
        answers=("unet", "iou", "dice_loss", "train_unet"),
    ),
    Topic(
        stem="mobile",
        title="Networks for small devices",
        part="Fully convolutional networks",
        answers=("depthwise_conv2d", "separable_parameters", "inverted_residual_block"),
    ),
    Topic(
        stem="transfer_learning",
        title="Fine-tuning",
        part="Transfer learning",
        answers=("freeze_until", "replace_head", "fine_tune"),
    ),
    Topic(
        stem="self_supervised",
        title="Self-supervised learning",
        part="Transfer learning",
        answers=("augment_pair", "nt_xent", "linear_probe"),
    ),
    Topic(
        stem="multitask",
        title="Multitask learning",
        part="Transfer learning",
        answers=("multitask_model", "multitask_loss"),
    ),
    Topic(
        stem="capstone",
        title="Capstone: few labels",
        part="Transfer learning",
        answers=("crop_pairs", "point_loss", "segmenter", "segment"),
    ),
)
ASSIGNED = tuple(topic for topic in TOPICS if topic.answers)


def topic(stem):
    """Return the topic with this stem.

    Raises:
        ValueError: if there is none; the message lists the stems.

    Example:
        >>> topic("convolution").part
        'Convolution'
    """
    for candidate in TOPICS:
        if candidate.stem == stem:
            return candidate
    raise ValueError(
        f"there is no topic {stem!r}; the topics are: {', '.join(t.stem for t in TOPICS)}."
    )
