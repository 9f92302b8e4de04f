"""Runs a notebook cell by cell, in this process and without Jupyter.

    python tests/examples/notebook.py examples/warc_to_loss.ipynb

writes what the cells print and draw into the notebook, so that pages which show notebooks show it.
"""

import base64
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

DOTS_PER_INCH = 72  # some ten kilobytes a picture


def run(path: Path) -> dict[str, Any]:
    """The notebook with its outputs; what a cell raises is raised. Figures are not shown."""
    os.environ["MPLBACKEND"] = "Agg"
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            count += 1
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("".join(cell["source"]), f"{path.name} [{count}]", "exec"), names)
            cell["execution_count"] = count
            cell["outputs"] = [*_text(printed.getvalue()), *_pictures()]
    return notebook


def _text(printed: str) -> list[dict[str, Any]]:
    lines = printed.splitlines(keepends=True)
    return [{"name": "stdout", "output_type": "stream", "text": lines}] if lines else []


def _pictures() -> list[dict[str, Any]]:
    from matplotlib import pyplot

    outputs = []
    for number in pyplot.get_fignums():
        sink = io.BytesIO()
        figure = pyplot.figure(number)
        figure.savefig(sink, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight")
        data = {"image/png": base64.b64encode(sink.getvalue()).decode()}
        outputs.append({"data": data, "metadata": {}, "output_type": "display_data"})
    pyplot.close("all")
    return outputs


if __name__ == "__main__":
    target = Path(sys.argv[1])
    os.chdir(target.parent)
    made = json.dumps(run(Path(target.name)), indent=1, ensure_ascii=False)
    Path(target.name).write_text(made + "\n", encoding="utf-8")
