"""Contents of the report page: which sections it has, and what they say."""

from dataclasses import dataclass

import pandas as pd

from ballast.report.page import Section
from ballast.report.tables import VERDICTS, agreement, gains_as_text, of_last_round, with_errors

INTRO = ("{rows} rows on {dataset}, {repeats} repeats, each with its own split and seed. Labels were used to draw the "
         "split and to measure these numbers. Training and selection never saw a label.")
TERMS = [
    "Many, Median, Few: groups of classes by their number of training images; Few holds the rare classes.",
    "Std: the deviation of the three group accuracies; the smaller, the more evenly a method treats the groups.",
    "in-domain images: the long-tailed images to learn from; pool: unlabelled images from elsewhere; budget: the pool "
    "images of one selection.",
    "tailness: an estimate, made without labels, of how rare an image is; larger means rarer.",
    "round: one new selection from the pool during training; methods without rounds select once, before training.",
]
WHAT_IT_DOES = {  # the rows of the default in a line; README has them too
    "balanced": "SimCLR on as many images, evenly spread over the classes (the reference)",
    "simclr": "SimCLR on the long-tailed images alone (the baseline)",
    "matched": "SimCLR alone, for as many updates as with pool images",
    "sdclr": "SimCLR against a pruned copy of the network",
    "bcl": "stronger augmentation of the images with a high loss",
    "random": "SimCLR with a random subset of the pool",
    "kcenter": "SimCLR with pool images that cover the pool",
    "mak": "SimCLR with pool images that look rare, near and diverse",
    "colt": "SimCLR, pool images selected in rounds by the network itself",
    "sdclr-colt": "COLT on SDCLR",
    "bcl-colt": "COLT on BCL",
    "guide": "rounds as in COLT, and the nearest neighbour as a second positive",
    "guided": "a student of the frozen guide, on the in-domain images alone",
}


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
            "or worse (square); hollow: it cannot be told with these repeats.", True),
    Picture("groups.png", "Many, Median, Few",
            "Accuracy by group of classes, with the standard error over repeats. A method that serves the rare classes "
            "has bars of equal height.", True),
    Picture("per_class.png", "From head to tail",
            "Accuracy by rank, the most common class on the left, mean over the repeats. Each point is the mean over "
            "five neighbouring classes, because single classes differ in difficulty more than methods do.", True),
    Picture("history.png", "Training",
            "The contrastive loss over the epochs. It rises for a few epochs when a round brings new pool images. A "
            "lower loss does not mean better features: more similar images make the task harder."),
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
    Picture("tailness.png", "Does tailness find the rare classes?",
            "Mean tailness of every class against its number of training images. A line that falls from left to right "
            "finds the rare classes without labels.", True),
    Picture("ecle.png", "Empirical contrastive loss",
            "Of the test images with the largest 10 % of ECLE (MAK's tailness), the share of each group, relative to "
            "the group's share of all test images. Above 1, the group is over-represented. The x axis is the number of "
            "augmentations that ECLE averages over.", True),
]


def sections(tables: dict[str, pd.DataFrame], published: str, facts: list[str]) -> list[Section]:
    """Return the sections of the page in order.

    Args:
        tables: the CSV files of results/ by name: table, gains, protocols, closeness, history.
        published: results/published.md, our results beside the papers'.
        facts: what has to be the same for the same numbers, one line each.
    """
    labelled = "All" in tables["table"]
    pictures = [Section(picture.title, picture.caption, pictures=[picture.file]) for picture in shown(labelled)]
    provenance = Section(
        "Reproduction", "The same parameters, code and versions give the same bytes (docs/guarantees.md). dvc.lock "
        "holds the hash of every input and output.", facts=facts)
    if not labelled:
        return [_without_labels(tables["table"]), *pictures, _effort(tables["history"]), provenance]
    return [*_accuracies(tables["table"], tables["protocols"], published), *_verdicts(tables["gains"]), *pictures,
            _closeness(tables["closeness"]), _effort(tables["history"]), provenance]


def shown(labelled: bool) -> list[Picture]:
    """Return the pictures that exist with or without labelled test images."""
    return [picture for picture in PICTURES if labelled or not picture.labelled]


def _accuracies(table: pd.DataFrame, protocols: pd.DataFrame, published: str) -> list[Section]:
    """Return the sections of accuracies, and what their rows and columns mean."""
    legend = [f"{row}: {WHAT_IT_DOES[row]}" for row in table["method"] if row in WHAT_IT_DOES]
    return [
        Section("Methods", "Logistic regression on the frozen encoder, top-1 accuracy in percent, mean ± standard "
                "error over the repeats.", with_errors(table), facts=[*legend, *TERMS]),
        Section("Other evaluations", "imbalanced: the classifier is trained on the long-tailed list itself. few-shot: "
                "on a few images per class. SVM: a linear support vector machine. SGD: the papers' linear probe. "
                "fine-tuned: the whole network, on the few-shot list. kNN: nearest neighbours, without training; kNN@1 "
                "and kNN@10 with the long-tailed list.", with_errors(protocols)),
        Section("Published results", "Results of the papers beside ours, for data sets that the papers use.",
                verbatim=published)]


def _verdicts(gains: pd.DataFrame) -> list[Section]:
    """Return the sections of gains and verdicts; none where no pair is compared."""
    if not len(gains):
        return []
    linear = gains[(gains["protocol"] == "linear") & gains["column"].isin(["All", "Few"])]
    by_name = {name: part for name, part in gains.groupby("protocol", sort=False)}
    return [Section("Verdicts", VERDICTS, gains_as_text(linear)),
            Section("Do other evaluations agree?", "The verdict on All by every evaluation: + better, - worse, . "
                    "cannot tell.", agreement(by_name))]


def _without_labels(table: pd.DataFrame) -> Section:
    """Return the section of what is known without labels."""
    return Section("Methods", "There are no labelled test images, so there is no accuracy. The table holds the "
                   "uniformity of the features (lower is more uniform), and images and contrastive loss of the last "
                   "epoch.", with_errors(table, 3))


def _closeness(table: pd.DataFrame) -> Section:
    """Return the section about the groups that the selected images are close to."""
    return Section(
        "Which groups the selected images are close to",
        "For each group, the pool images that are most similar to one of its in-domain images, 10 % of the pool by "
        "SimCLR's features. The table has their share of a selection (of the last round), relative to their share of "
        "the pool, mean ± standard error: 1.00 is a random choice. A selection that looks for images like those of the "
        "rare classes aims at a high value in Few. The number does not measure quality.",
        with_errors(of_last_round(table), 2))


def _effort(history: pd.DataFrame) -> Section:
    """Return the section of epochs and images of every training; seconds would differ in every run."""
    methods = history.groupby("method", sort=False)
    repeats = methods["repeat"].nunique()
    images = (methods["images"].sum() / repeats).round().astype(int)
    table = pd.DataFrame({"epochs": methods["epoch"].max(), "images": images}).reset_index()
    return Section("Training effort", "Epochs, and the images of all epochs of a repeat together; each image is "
                   "seen in two views. "
                   "A student's row counts the student's epochs, its guide has a row of its own. The command make "
                   "times shows the seconds of every stage on this machine.", table)
