"""Contents of the report page: which sections it has, and what they say."""

import pandas as pd

from ballast.report.page import Section
from ballast.report.pictures import shown
from ballast.report.tables import (
    LISTS,
    PROTOCOLS,
    VERDICTS,
    agreement,
    contradictions,
    gains_as_text,
    of_last_round,
    with_errors,
)

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
    "colt-domain-1": "COLT with a domain loss of weight 1",
    "guide": "rounds as in COLT, and the nearest neighbour as a second positive",
    "guided": "a student of the frozen guide, on the in-domain images alone",
    "pool": "SimCLR on the pool alone, as a start for others",
    "frozen": "no training: the encoder of SimCLR on the pool alone, as it is",
}


ABOUT = {  # what a reader should know of the evaluations with each of ``LISTS``
    "many images per class": "linear: logistic regression. SVM: a linear support vector machine. kNN: nearest "
                             "neighbours, without training. SGD: the papers' linear probe.",
    "a few images per class": "few-shot: as above, on a few images per class. fine-tuned: the whole network.",
    "the long-tailed images": "imbalanced: as above, on the list that the encoders were trained on. kNN@1 and kNN@10: "
                              "plain votes of the nearest of its images."}


def intro(rows: int, dataset: str, repeats: int) -> str:
    """Return the first sentences of the page."""
    many = "one repeat" if repeats == 1 else f"{repeats} repeats, each with its own split and seed"
    return (f"{rows} rows on {dataset}, {many}. Labels were used to draw the split and to measure these numbers. "
            "Training and selection never saw a label.")


def sections(tables: dict[str, pd.DataFrame], marks: pd.DataFrame, published: str, facts: list[str]) -> list[Section]:
    """Return the sections of the page in order.

    Args:
        tables: the CSV files of results/ by name: table, gains, protocols, closeness, history.
        marks: what verdicts.leaders returned for the linear protocol; of no use without labels.
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
    papers = Section("Published results", "Results of the papers beside ours, for data sets that the papers use.",
                     verbatim=published)
    return [_accuracies(tables["table"], marks), *_verdicts(tables["gains"]), *pictures[:1],
            *_protocols(tables["protocols"]), *_agreement(tables["gains"]), papers, *pictures[1:],
            _closeness(tables["closeness"]), _effort(tables["history"]), provenance]


def _accuracies(table: pd.DataFrame, marks: pd.DataFrame) -> Section:
    """Return the section of accuracies, and what its rows and columns mean."""
    legend = [f"{row}: {WHAT_IT_DOES[row]}" for row in table["method"] if row in WHAT_IT_DOES]
    text = "Logistic regression on the frozen encoder, top-1 accuracy in percent, "
    if table["All se"].isna().all():
        return Section("Methods", f"{text}of one repeat: there is no error bar.", with_errors(table),
                       facts=[*legend, *TERMS])
    text += ("mean ± standard error over the repeats. Marked in every column: the best mean, and the rows that cannot "
             "be told from it over the same repeats (paired t test, Holm, 5 %).")
    return Section("Methods", text, with_errors(table), marks=marks, facts=[*legend, *TERMS])


def _verdicts(gains: pd.DataFrame) -> list[Section]:
    """Return the section of gains and verdicts; none where no pair is compared."""
    linear = gains[(gains["protocol"] == "linear") & gains["column"].isin(["All", "Few"])]
    text = "One repeat tells no difference from chance." if linear["se"].isna().all() else VERDICTS
    return [Section("Verdicts", text, gains_as_text(linear))] if len(linear) else []


def _protocols(protocols: pd.DataFrame) -> list[Section]:
    """Return a section of other evaluations for each list of images that they train on."""
    found = []
    for images, names in LISTS.items():
        columns = [column for column in protocols if column.startswith(tuple(f"{PROTOCOLS[name]}: " for name in names))]
        if columns:
            found.append(Section(f"Evaluations with {images}", ABOUT[images], with_errors(
                protocols[["method", *columns]])))
    return found


def _agreement(gains: pd.DataFrame) -> list[Section]:
    """Return the verdicts of all evaluations on All and on Few; nothing where there are none."""
    if gains["se"].isna().all():
        return []
    found = []
    for column in ("All", "Few"):
        table = agreement({name: part for name, part in gains.groupby("protocol", sort=False)}, column)
        lines = contradictions(table) or ["No evaluation has the opposite of a linear verdict."]
        found.append(Section(f"Do the evaluations agree on {column}?", f"The verdict on {column} by every evaluation: "
                             "+ better, - worse, . cannot tell.", table, facts=lines))
    return found


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
                   "seen in two views. A student's row counts the student's epochs, its guide has a row of its own. "
                   "The command make times shows the seconds of every stage on this machine.", table)
