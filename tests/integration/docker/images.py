"""The images of compose/images, made of programs that are built already: this machine and the base are one Debian."""

import os
import pathlib
import shutil
import subprocess

from support.cluster import BUILD, ROOT

NAMES = {
    "crdbsim": "faultline-crdbsim:test",
    "exporter": "faultline-exporter:test",
    "chaosd": "faultline-chaosd:test",
    "nethold": "faultline-nethold:test",
    "caddy": "faultline-caddy:test",
    "page": "faultline-page:test",
}


def run(*command, cwd=ROOT, **environment):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True,
                          env={**os.environ, **environment})
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def stage(context):
    """A context of a few megabytes rather than the whole tree."""
    for file in ("tools/install_deps", "Caddyfile"):
        (context / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, context / file)
    shutil.copytree(ROOT / "compose/images", context / "compose/images")
    run("compose/images/collect", BUILD, context / "prebuilt")
    if not (ROOT / "dashboard/dist/index.html").exists():
        run("tools/build_page")
    shutil.copytree(ROOT / "dashboard/dist", context / "page")


def build(context):
    stage(pathlib.Path(context))
    for target in ("nethold", "exporter", "chaosd", "crdbsim"):
        run("docker", "build", "-q", "-f", "compose/images/Dockerfile", "--target", target, "-t", NAMES[target],
            "--build-arg", "PREBUILT=prebuilt", ".", cwd=context)
    # Stands in for Caddy's own image, which cannot be pulled everywhere.
    (context / "caddy.Dockerfile").write_text(
        "FROM debian:bookworm-slim\n"
        "RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends caddy && rm -rf /var/lib/apt/lists/*\n")
    run("docker", "build", "-q", "-f", "caddy.Dockerfile", "-t", NAMES["caddy"], ".", cwd=context)
    run("docker", "build", "-q", "-f", "compose/images/page.Dockerfile", "-t", NAMES["page"],
        "--build-arg", "PAGE_DIST=page", "--build-arg", "NODE_IMAGE=debian:bookworm-slim",
        "--build-arg", f"CADDY_IMAGE={NAMES['caddy']}", ".", cwd=context)
    return NAMES
