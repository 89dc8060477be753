"""Write DVC's plots as one page that needs no network.

    python -m scripts.plots            the workspace
    python -m scripts.plots REV ...    beside commits, branches or DVC experiments

DVC's own page loads Vega from a server. Here Vega becomes part of the page.
"""

import re
import subprocess
import sys
from pathlib import Path

import vl_convert
import yaml

FOLDER = "dvc_plots"
REMOTE = re.compile(r'\s*<script src="https://[^"]*"></script>')
# DVC's page calls vegaEmbed while it loads, but a module runs only after that: collect the calls until then.
WAITING = "<script>const waiting = []; function vegaEmbed(...plot) { waiting.push(plot); }</script>"
THEN = "for (const plot of waiting) vegaEmbed(...plot);"


def main(revisions: list[str]) -> None:
    """Write dvc_plots/index.html."""
    words = ["diff", *revisions, "--targets"] if revisions else ["show"]
    subprocess.run(["dvc", "plots", *words, *targets(), "--out", FOLDER], check=True, stdout=subprocess.DEVNULL)
    page = Path(FOLDER, "index.html")
    page.write_text(offline(page.read_text(encoding="utf-8"), vl_convert.javascript_bundle(THEN)), encoding="utf-8")
    print(page)


def targets() -> list[str]:
    """Return the plots at the end of dvc.yaml, and the pictures; without targets, DVC draws every table of a stage."""
    listed = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["plots"]
    return [*(name for plot in listed for name in plot), *map(str, sorted(Path("results").glob("*.png")))]


def offline(page: str, vega: str) -> str:
    """Return the page with its remote scripts replaced by ``vega``, a module that draws the plots that wait."""
    vega = vega.replace("</script", "<\\/script")
    return REMOTE.sub("", page).replace("</head>", f"{WAITING}\n</head>").replace(
        "</body>", f'<script type="module">{vega}</script>\n</body>')


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
