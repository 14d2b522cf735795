import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/support"), str(pathlib.Path(__file__).resolve().parent)]
