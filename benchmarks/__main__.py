"""`uv run python -m benchmarks`: every figure that needs nothing but this repository, one after another."""

import subprocess
import sys
from pathlib import Path

for script in ("ingest.py", "search.py"):
    print(f"== {script}", flush=True)
    subprocess.run([sys.executable, str(Path(__file__).parent / script)], check=True)
