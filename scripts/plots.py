"""DVC's plots as one page that needs no network.

    python scripts/plots.py            the workspace
    python scripts/plots.py REV ...    beside commits, branches or DVC experiments

DVC's own page loads Vega from a server; here Vega is written into it.
"""

import re
import subprocess
import sys
from pathlib import Path

import vl_convert
import yaml

FOLDER = "dvc_plots"
REMOTE = re.compile(r'\s*<script src="https://[^"]*"></script>')
# DVC's page calls vegaEmbed while it is read, a module runs after that.
WAITING = "<script>const waiting = []; function vegaEmbed(...plot) { waiting.push(plot); }</script>"
THEN = "for (const plot of waiting) vegaEmbed(...plot);"


def main(revisions: list[str]) -> None:
    words = ["diff", *revisions, "--targets"] if revisions else ["show"]
    subprocess.run(["dvc", "plots", *words, *chosen(), "--out", FOLDER], check=True, stdout=subprocess.DEVNULL)
    page = Path(FOLDER, "index.html")
    page.write_text(offline(page.read_text(encoding="utf-8"), vl_convert.javascript_bundle(THEN)), encoding="utf-8")
    print(page)


def chosen() -> list[str]:
    """The plots at the end of dvc.yaml, and the pictures; DVC would also draw every table that a stage writes."""
    listed = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["plots"]
    return [*(name for plot in listed for name in plot), *map(str, sorted(Path("results").glob("*.png")))]


def offline(page: str, vega: str) -> str:
    """The page with the scripts that it would load replaced by ``vega``, a module that draws what is waiting."""
    vega = vega.replace("</script", "<\\/script")
    return REMOTE.sub("", page).replace("</head>", f"{WAITING}\n</head>").replace(
        "</body>", f'<script type="module">{vega}</script>\n</body>')


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
