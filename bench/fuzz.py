"""Looks for bytes that break a reader: coverage-guided, one reader after the other.

    make fuzz                          every reader, 30 seconds each
    make fuzz BUDGET=600 ONLY=mt940    one reader, ten minutes

Begins with the golden and the error samples of a format, and with what earlier runs found out. A
finding is any exception but Invalid, an Invalid without code, place or advice, more than 10 seconds
or more than 1 GB for one input. What broke is kept; a copy of it in tests/formats/crashes/<format>/
is a test from then on. Runs in an environment of its own (lock/fuzz.txt).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from environments import ROOT, Missing, cache, python_of

from nostro import formats

HERE = Path(__file__).parent
BUDGET = int(os.environ.get("BUDGET", "30"))
ONLY = os.environ.get("ONLY", "")
INPUT_BYTES_MAX = 20_000
SECONDS_MAX, MEGABYTES_MAX = 10, 1024


def seeds(name: str) -> Path:
    """The samples of a format in one folder, as the fuzzer wants them."""
    folder = cache("fuzz", name, "seeds")
    for old in folder.iterdir():
        old.unlink()
    for kind in ("golden", "errors", "formats/crashes"):
        for sample in (ROOT / "tests" / kind / name).glob("*.in"):
            if sample.stat().st_size <= INPUT_BYTES_MAX:
                data = sample.read_bytes()
                (folder / f"{kind.replace('/', '-')}-{sample.stem}").write_bytes(data)
    return folder


def fuzz(python: Path, name: str) -> list[Path]:
    """Run one reader for BUDGET seconds; the inputs that broke it, kept."""
    found, broken = cache("fuzz", name, "found"), cache("fuzz", name, "broken")
    before = set(broken.iterdir())
    command = [
        str(python), str(HERE / "fuzz_reader.py"), str(found), str(seeds(name)),
        f"-max_total_time={BUDGET}", f"-artifact_prefix={broken}/", f"-timeout={SECONDS_MAX}",
        f"-rss_limit_mb={MEGABYTES_MAX}", f"-max_len={INPUT_BYTES_MAX}", "-print_final_stats=1",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FUZZ_FORMAT": name}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    count = re.search(r"number_of_executed_units:\s*(\d+)", told.stderr)
    covered = re.findall(r"cov: (\d+)", told.stderr)
    new = sorted(set(broken.iterdir()) - before)
    print(
        f"{name:<16} {int(count.group(1)) if count else 0:>9,} inputs, "
        f"{covered[-1] if covered else 0:>6} places reached, {len(new)} broke it"
    )
    if new or told.returncode:
        print(told.stderr[-3000:])
    for path in new:
        test = ROOT / "tests" / "formats" / "crashes" / name / f"{path.name[-12:]}.in"
        print(f"  keep it as a test: mkdir -p {test.parent} && cp {path} {test}")
    return new


def main() -> None:
    try:
        python = python_of("fuzz", "product.txt", "fuzz.txt")
    except Missing as missing:
        raise SystemExit(f"The fuzzer could not be installed: {missing}") from None
    names = [name for name, form in formats.find().items() if form.read and ONLY in ("", name)]
    broken = [path for name in sorted(names) for path in fuzz(python, name)]
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
