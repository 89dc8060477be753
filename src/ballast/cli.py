"""The command ``ballast``: use a trained encoder, fetch one to start from, choose from a pool, or ask what helps.

    ballast embed --encoder runs/colt/1/encoder.safetensors --images FOLDER --out features.npy
    ballast fetch timm vit_small_patch14_dinov2.lvd142m --out data/external/dinov2.safetensors
    ballast knn --encoder runs/colt/1/encoder.safetensors --query photo.jpg --among features.npy
    ballast export --row colt
    ballast select --in-domain images.npy --pool pool.npy --rule kcenter --budget 10000 --out selected.parquet
    ballast audit --in-domain images.npy --pool pool.npy --out audit.md
    ballast recommend --images 2500 --separability 0.85
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from ballast.config.selections import BY_RULE
from ballast.runtime.errors import BallastError

ENCODER = "an encoder.safetensors of this pipeline"


def main(words: list[str] | None = None) -> None:
    """Run a command line; a mistake ends it with one line."""
    given = vars(parser().parse_args(words))
    command = given.pop("command")
    try:
        # A file of ballast.commands for each: torch alone takes two seconds to import.
        getattr(import_module(f"ballast.commands.{command}"), command)(**given)
    except BallastError as error:
        sys.exit(f"ballast: {error}")
    except OSError as error:
        sys.exit(f"ballast: {error.filename}: {error.strerror}" if error.filename else f"ballast: {error}")
    except KeyboardInterrupt:
        sys.exit("ballast: stopped")


def whole(text: str) -> int:
    """Return the whole number, not below 0, that a word says."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected 0, 1, 2, ..., got {text!r}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return what reads a command line."""
    root = argparse.ArgumentParser(prog="ballast", description="Self-supervised learning on long-tailed images.")
    commands = root.add_subparsers(dest="command", required=True)
    _of_encoders(commands)
    _of_choices(commands)
    return root


def _of_encoders(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("fetch", help="download released weights to start from (the network of a profile)")
    command.add_argument("source", choices=("timm", "torchvision"))
    command.add_argument("name", help="of the network; timm's may name its weights after a dot")
    command.add_argument("--out", required=True, type=Path, help="the file to write, as .safetensors")
    command = commands.add_parser("embed", help="compute the features of images with a trained encoder")
    command.add_argument("--encoder", required=True, help=ENCODER)
    command.add_argument("--images", required=True, help="a folder, a list of paths (with --root), a .npy array, a "
                         ".tar archive, or a .parquet table with encoded images")
    command.add_argument("--root", help="where the paths of a list start")
    command.add_argument("--out", required=True, type=Path,
                         help="features [N, d] as .npy or .parquet; a .csv beside it names their files. Without an "
                         "ending: a folder of shards, for large pools")
    command.add_argument("--engine", choices=("loop", "ray"), default="loop", help="who computes a folder of shards "
                         "(loop: this process, or the ranks of torchrun)")
    command = commands.add_parser("knn", help="find the images nearest to one: see what an encoder has learnt")
    command.add_argument("--encoder", required=True, help=ENCODER)
    command.add_argument("--query", required=True, nargs="+", metavar="IMAGE",
                         help="images to find neighbours of, or folders of them")
    command.add_argument("--among", required=True, type=Path, help="features that `ballast embed` wrote")
    command.add_argument("--k", type=int, default=8, help="neighbours of each (8)")
    command.add_argument("--out", type=Path, help="pictures of them, .png")
    command = commands.add_parser("export", help="take an encoder along: ONNX, safetensors, and a card")
    command.add_argument("--row", help="a row of this workspace")
    command.add_argument("--repeat", type=int, default=1, help="which of the row's encoders (1)")
    command.add_argument("--encoder", type=Path, help="in place of a row: " + ENCODER)
    command.add_argument("--out", type=Path, help="the folder to write (exported/ROW)")
    command.add_argument("--licence", default="other", help="of the weights, for the card, as model hubs call it")
    command.add_argument("--no-onnx", action="store_false", dest="onnx", help="leave the graph out")


def _of_choices(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("select", help="choose pool images by any rule, from embeddings alone")
    _vectors(command)
    command.add_argument("--rule", required=True, choices=BY_RULE, help="docs/methods has a page for each")
    command.add_argument("--budget", required=True, type=int, help="images to choose")
    command.add_argument("--out", required=True, type=Path,
                         help="the choice in its order, .parquet or .csv; column pool: rows of the pool from 0. "
                         "Or .txt: the list of a pool, where --pool names its images")
    command.add_argument("--views", nargs="+", action="append", default=[], metavar="FILE",
                         help="for mak: an augmented pass over the pool, like --pool; once for each pass")
    command.add_argument("--among", type=Path, metavar="FILE", help="choose only from the rows of an earlier --out")
    command.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE",
                         help="a setting of the rule, like alpha=0.5 (docs/select.md)")
    command.add_argument("--seed", type=whole, default=1, help="of all that is drawn (1)")
    command.add_argument("--explain", action="store_true", help="add columns that say why an image was chosen")
    command = commands.add_parser("audit", help="ask whether a pool can help, from embeddings alone")
    _vectors(command)
    command.add_argument("--evaluation", nargs="+", default=[], metavar="FILE",
                         help="embeddings of images to test on, of which the pool should have none")
    command.add_argument("--out", required=True, type=Path, help="a page, .md; the numbers go beside it as .json")
    command.add_argument("--seed", type=whole, default=1, help="of all that is drawn (1)")
    command = commands.add_parser("recommend", help="say which row was best on measured data that is like yours")
    command.add_argument("--images", required=True, type=int, help="in-domain images")
    command.add_argument("--separability", type=float, help="of the pool, as `ballast audit` writes it; without it: "
                         "there is no pool")
    command.add_argument("--times", type=float, default=3.0, help="how many times the cost of SimCLR there is time for "
                         "(3)")


def _vectors(command: argparse.ArgumentParser) -> None:
    for name, what in (("--in-domain", "the images to learn from"), ("--pool", "the pool")):
        command.add_argument(name, required=True, nargs="+", metavar="FILE",
                             help=f"embeddings of {what}: .npy or .parquet files in their order, or a folder of them")


if __name__ == "__main__":
    main()
