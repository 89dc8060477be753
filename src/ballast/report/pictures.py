"""Pictures of the report page, each with what it shows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """A picture of the report, and what a reader should see in it."""

    file: str
    title: str
    caption: str
    labelled: bool = False  # whether it exists only where test images have labels


PICTURES = [
    Picture("gains.png", "Gains",
            "The paired gain of one row over another, with its 95 % interval. Filled: the verdict is better (circle) "
            "or worse (square); hollow: it cannot be told with these repeats, all pairs of the column together, which "
            "asks for more than an interval without 0.", True),
    Picture("groups.png", "Many, Median, Few",
            "Accuracy by group of classes and Std, with the standard error over repeats. Filled: the best mean of a "
            "column, and the rows that cannot be told from it. A method that serves the rare classes is as far to the "
            "right in Few as in Many.", True),
    Picture("per_class.png", "From head to tail",
            "Accuracy by rank, the most common class on the left, mean over the repeats; the band is the standard "
            "error, the gray lines are the other rows. Each point is the mean over five neighbouring classes, "
            "because single classes differ in difficulty more than methods do.", True),
    Picture("history.png", "Training",
            "The contrastive loss over the epochs; the gray lines are the other rows. It rises for a few epochs "
            "when a round brings new pool images. A lower loss does not mean better features: more similar images make "
            "the task harder."),
    Picture("selected.png", "Selected images",
            "For each method, pool images that it selected, and below them a random sample of those that it did not. "
            "c: the nearest cluster of the in-domain images, with the cosine to its centre; q: MAK's score."),
    Picture("map.png", "Selected images among all images",
            "In-domain and pool images in the feature space of SimCLR, projected onto the two directions in which the "
            "in-domain images vary most. Black: the images that the method selected."),
    Picture("rounds.png", "How each round divides its budget",
            "Each column is a round, each cell the share of the budget of one cluster of in-domain images. Every round "
            "finds its clusters anew, so each column is sorted: the first line is the cluster with the largest "
            "tailness in that round, which receives the most images. A line is not the same cluster across rounds. A "
            "bright first line means that few clusters receive most of the budget."),
    Picture("by_round.png", "Whom each round helps",
            "Above: the part of the budget that goes to the rare classes, relative to their part of the in-domain "
            "images; above 1 the round helps them more than others. Below: the rank correlation of tailness and class "
            "size; -1 is a perfect ranking of the classes by tailness alone. Mean over the repeats, the band is the "
            "standard error.", True),
    Picture("tailness.png", "Does tailness find the rare classes?",
            "Mean tailness of every class against its number of training images, by every measure that a row "
            "remembers; the gray lines are the others. A line that falls from left to right "
            "finds the rare classes without labels.", True),
    Picture("ecle.png", "Empirical contrastive loss",
            "Of the test images with the largest 10 % of ECLE (MAK's tailness), the share of each group, relative to "
            "the group's share of all test images. Above 1, the group is over-represented. The x axis is the number of "
            "augmentations that ECLE averages over.", True),
]


def shown(labelled: bool) -> list[Picture]:
    """Return the pictures that exist with or without labelled test images."""
    return [picture for picture in PICTURES if labelled or not picture.labelled]
