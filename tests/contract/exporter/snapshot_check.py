"""The snapshot and the forecast that the exporter's code writes, against their schemas; and the metrics page against promtool."""

import json
import pathlib
import shutil
import subprocess
import sys

import jsonschema

root = pathlib.Path(sys.argv[1])
schema = json.loads((root / "schema/stream.schema.json").read_text())
snapshot = json.loads((root / "tests/contract/exporter/data/snapshot.json").read_text())
validator = jsonschema.Draft202012Validator({"$ref": "#/$defs/Snapshot", "$defs": schema["$defs"]})
problems = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(snapshot)]
for problem in problems:
    print(problem)
assert not problems
# A schema that accepts everything would prove nothing.
assert list(validator.iter_errors({**snapshot, "verdict": {}}))

impact_validator = jsonschema.Draft202012Validator(json.loads((root / "schema/impact.schema.json").read_text()))
impact = json.loads((root / "schema/fixtures/impact.json").read_text())
impact_validator.validate(impact)
assert list(impact_validator.iter_errors({**impact, "quorum_lost": -1}))

promtool = shutil.which("promtool")
if promtool is None:
    print("promtool is not installed: the metrics page was not linted")
else:
    with (root / "schema/fixtures/metrics.prom").open() as page:
        subprocess.run([promtool, "check", "metrics"], stdin=page, check=True)
