#!/usr/bin/python3
"""The systemd units can be read by systemd and stay as narrow as they are. usage: units_check.py ROOT"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

EXPOSURE_MAX = 25  # Tenths, as systemd-analyze counts: 100 is a service without any hardening.

units = sorted((pathlib.Path(sys.argv[1]) / "packaging/systemd").glob("*.service"))
assert len(units) == 2, units
analyze = shutil.which("systemd-analyze")
if analyze is None:
    print("systemd-analyze is not installed: the units were not checked")
    sys.exit(0)
with tempfile.TemporaryDirectory() as folder:
    copies = []
    for unit in units:
        text = unit.read_text()
        assert f"ExecStart=/usr/bin/{unit.stem}\n" in text, f"{unit.name} starts something else"
        copy = pathlib.Path(folder) / unit.name
        # The programs are not installed here, which is no fault of the units.
        copy.write_text(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", text, flags=re.M))
        copies.append(copy)
    verified = subprocess.run([analyze, "verify", *copies], capture_output=True, text=True, timeout=60)
    assert verified.returncode == 0 and not verified.stderr, verified.stderr
    help_text = subprocess.run([analyze, "--help"], capture_output=True, text=True, timeout=60).stdout
    if "--offline" in help_text:
        for copy in copies:
            subprocess.run([analyze, "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", copy],
                           check=True, stdout=subprocess.DEVNULL, timeout=60)
print(f"{len(units)} units are as they should be")
