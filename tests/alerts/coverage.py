"""Every alert has a test in which it fires, one in which it does not, a runbook, and the annotations that people need."""

import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "prometheus/rules/faultline.rules.yml"


def problems():
    alerts = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"] if "alert" in rule]
    fires, silent = set(), set()
    for file in sorted((ROOT / "tests/alerts").glob("*.test.yml")):
        for case in yaml.safe_load(file.read_text())["tests"]:
            checks = case.get("alert_rule_test", [])
            fires |= {check["alertname"] for check in checks if check.get("exp_alerts")}
            # Silent through a whole case; the lead-in of a firing one does not count.
            silent |= {check["alertname"] for check in checks} - {c["alertname"] for c in checks if c.get("exp_alerts")}
    names = [rule["alert"] for rule in alerts]
    for rule in alerts:
        name = rule["alert"]
        if not name.startswith("Faultline"):
            yield f"{name}: the name must begin with Faultline"
        if name not in fires:
            yield f"{name}: no test in which it fires"
        if name not in silent:
            yield f"{name}: no test in which it does not fire"
        if rule["labels"].get("severity") not in ("critical", "warning", "info"):
            yield f"{name}: severity must be critical, warning or info"
        annotations = rule.get("annotations", {})
        for wanted in ("summary", "description", "runbook_url"):
            if not annotations.get(wanted):
                yield f"{name}: annotation {wanted} is missing"
        if "{{" in annotations.get("summary", "") or not annotations.get("summary", "").endswith("."):
            yield f"{name}: the summary is one fixed sentence with a full stop"
        runbook = f"docs/runbooks/{name}.md"
        if annotations.get("runbook_url") != runbook or not (ROOT / runbook).is_file():
            yield f"{name}: its runbook is {runbook}"
        if not re.search(r"==|!=|<|>|absent", rule["expr"]):
            yield f"{name}: the expression compares nothing"
    for orphan in sorted((fires | silent) - set(names)):
        yield f"{orphan}: tested, but there is no such alert"
    for page in sorted((ROOT / "docs/runbooks").glob("Faultline*.md")):
        if page.stem not in names:
            yield f"{page.name}: a runbook without an alert"


def main():
    found = list(problems())
    for line in found:
        print(f"coverage: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
