"""The report as one page: every table and picture of results/ with what it shows."""

import hashlib
import platform
from pathlib import Path

import pandas as pd
import torch

from ballast.report.page import Section, html, markdown
from ballast.runtime.files import write_atomic
from stages.settings import parameters
from stages.supervise import run

RESULTS = Path("results")
PICTURES = {  # title and what is seen
    "groups.png": ("Many, Median, Few",
                   "Accuracy by group of classes: a method that serves the tail has level bars."),
    "per_class.png": ("From head to tail", "Accuracy of every class, the most common at the left."),
    "history.png": ("Training",
                    "The contrastive loss over the epochs. New pool images, which come in rounds, are hard at first."),
    "selected.png": ("What was chosen",
                     "Pool images that each method chose, and below them some that it left. c: the nearest cluster of "
                     "the seed images, with the cosine to its centre; q: MAK's score."),
    "map.png": ("Where it lies",
                "Seed and pool images by the features of SimCLR, on the two directions in which the seed images vary "
                "most; black is what each method chose."),
    "rounds.png": ("Who gets the pool", "Share of the budget that each cluster of the seed images got in every round."),
    "tailness.png": ("Does tailness find the tail?",
                     "Mean tailness of every class against its number of images: a line that falls finds the rare "
                     "classes without a label."),
    "ecle.png": ("Empirical contrastive loss",
                 "How over-represented each group is among the most tail-like test images, by the number of "
                 "augmentations that MAK's measure averages over."),
}
OF_LABELS = {"groups.png", "per_class.png", "tailness.png", "ecle.png"}


def main() -> None:
    p = parameters()
    title = f"Ballast: {p.dataset_name}, profile {p.profile_name}"
    intro = (f"{len(p.show)} rows on {p.dataset_name}, split {p.split}, seed {p.seed}. Labels were used for the split "
             "and for these numbers, never for training or selection.")
    table = pd.read_csv(RESULTS / "table.csv")
    labelled = "All" in table
    shown = {name: words for name, words in PICTURES.items() if labelled or name not in OF_LABELS}
    sections = [*(_tables(table) if labelled else _label_free(table)),
                *(Section(*words, pictures=[name]) for name, words in shown.items()),
                *([_likeness()] if labelled else []), _work(), _origin(p)]
    pictures = {name: (RESULTS / name).read_bytes() for name in shown}
    write_atomic(RESULTS / "report.html", html(title, intro, sections, pictures))
    write_atomic(RESULTS / "report.md", markdown(title, intro, sections))


def _label_free(table: pd.DataFrame) -> list[Section]:
    return [Section("Methods",
                    "Nothing is labelled, so there is no accuracy: uniformity of the features (lower is more uniform), "
                    "images of the last epoch, and its contrastive loss.", table)]


def _tables(table: pd.DataFrame) -> list[Section]:
    return [Section("Methods",
                    "Linear probe on the frozen encoder, top-1 accuracy in percent; the best of a column is marked. "
                    "Std is the spread over the three groups: less is better.", table, ("Std",), marked=True),
            Section("Other evaluations",
                    "The probe trained on the long-tailed list itself, on a few images a class, the whole network "
                    "tuned on these few, and nearest neighbours.", pd.read_csv(RESULTS / "protocols.csv"), marked=True),
            Section("The papers' numbers", "Published results beside ours, where the data set is theirs.",
                    verbatim=(RESULTS / "published.md").read_text(encoding="utf-8"))]


def _likeness() -> Section:
    table = pd.read_csv(RESULTS / "likeness.csv").drop(columns="epoch").groupby("method", sort=False).last()
    return Section("Whom the chosen images resemble",
                   "Every pool image counts for the group of the seed image nearest to it by the features of SimCLR. A "
                   "group's share of the choice (of the last round) over its share of the seed images: above 1, the "
                   "choice leans to it. First the pool itself.", table.reset_index())


def _work() -> Section:
    """Seconds are not here: a clock would give the page other bytes in every run."""
    history = pd.read_csv(RESULTS / "history.csv").groupby("method", sort=False)
    table = pd.DataFrame({"epochs": history["epoch"].max(), "images": history["images"].sum()}).reset_index()
    return Section("What it took",
                   "Epochs of pre-training and the images in them, each seen in two views; a student's are left out. "
                   "The seconds of every stage and its images per second on this machine: make times.", table)


def _origin(p) -> Section:
    """What would have to be the same for the same numbers."""
    code = hashlib.sha256(Path("data/sources/pretrain.txt").read_bytes()).hexdigest()
    python = ".".join(platform.python_version_tuple()[:2])
    return Section("Where this comes from",
                   "The same parameters, code and versions give the same bytes on the same kind of CPU; dvc.lock "
                   "holds the hash of every input and output.",
                   facts=[f"code that trains: {code[:12]}", f"threads: {p.threads}",
                          f"Python {python}, torch {torch.__version__}, pandas {pd.__version__}"])


if __name__ == "__main__":
    run(main)
