"""Writes src/radiant/workspace/merging/data/posterior.json from the recorded solutions; deterministic.

    .venv/bin/python bench/kit/train_merging.py

Data: four models' solutions of GSM8K problems, each judged (grade-school-math, MIT). Coefficients ship, texts do not.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.kit.merging_data import fit, read, records

from radiant.workspace.merging.posterior import FEATURES

INTO = Path(__file__).parents[2] / "src" / "radiant" / "workspace" / "merging" / "data" / "posterior.json"


def main() -> None:
    """Fit on all problems, and write."""
    problems = read()
    found = fit(problems, records(problems))
    weights = {name: round(value, 4) for name, value in zip(FEATURES, found.weights, strict=True)}
    source = "GSM8K, four models' recorded solutions (grade-school-math, MIT); bench/kit/train_merging.py"
    INTO.write_text(json.dumps({"source": source, "labels": len(problems), "weights": weights}, indent=2) + "\n")
    print(weights)


if __name__ == "__main__":
    main()
