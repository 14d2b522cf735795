"""The snapshot and the forecast that the exporter's code writes, against their schemas; and the metrics page against promtool."""

import json
import math
import pathlib
import shutil
import subprocess
import sys

import jsonschema
from prometheus_client.parser import text_string_to_metric_families

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

lease_validator = jsonschema.Draft202012Validator(json.loads((root / "schema/leaseholders.schema.json").read_text()))
leases = json.loads((root / "schema/fixtures/leaseholders.json").read_text())
for answer in leases:
    lease_validator.validate(answer)
assert {answer["state"] for answer in leases} == {"reading", "known", "unknown"}
assert list(lease_validator.iter_errors({**leases[0], "state": "maybe"}))

# Nothing that a database says may break a scrape, nor come out as something else.
TEXT = "a\"b\\c\nfaultline_up 9\n# TYPE x gauge\r\t{}=,\u00e4\u4e2d\U0001f600\ufffd\ufffd'--"
families = {family.name: family for family in text_string_to_metric_families((root / "tests/contract/exporter/data/hostile.prom").read_bytes().decode())}
assert [sample.value for sample in families["faultline_up"].samples] == [1]
infos = families["faultline_node_info"].samples
assert len(infos) == 3 and all(sample.labels["locality"] == TEXT for sample in infos), infos
assert families["faultline_cluster_info"].samples[0].labels["version"] == TEXT
assert math.isnan([sample for sample in families["faultline_probe_duration_seconds"].samples if sample.name.endswith("_sum")][0].value)
assert "x" not in families

promtool = shutil.which("promtool")
if promtool is None:
    print("promtool is not installed: the metrics page was not linted")
else:
    for name in ("schema/fixtures/metrics.prom", "tests/contract/exporter/data/hostile.prom"):
        with (root / name).open() as page:
            subprocess.run([promtool, "check", "metrics"], stdin=page, check=True)
