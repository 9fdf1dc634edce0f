"""LibreOffice Calc, which recomputes a workbook: a profile of its own, no window."""

import shutil
import subprocess
from pathlib import Path

import pytest

#: Seconds; the first start writes a profile.
PATIENCE = 240


def recomputed(file: Path, kind: str = "xlsx") -> Path:
    """The workbook as LibreOffice reads, computes and writes it. Skips where Calc is not installed."""
    office = shutil.which("soffice")
    if office is None or not _has_calc(Path(office)):
        pytest.skip("LibreOffice Calc is not installed: apt-get install libreoffice-calc")
    out = file.parent / "recomputed"
    profile = (file.parent / "profile").as_uri()
    words = [office, f"-env:UserInstallation={profile}", "--headless", "--convert-to", kind]
    done = subprocess.run(
        [*words, "--outdir", str(out), str(file)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    made = out / f"{file.stem}.{kind}"
    assert made.is_file(), done.stdout + done.stderr
    return made


def _has_calc(office: Path) -> bool:
    folder = office.resolve().parent
    return any(folder.glob("libsclo.*")) or any((folder.parent / "program").glob("libsclo.*"))
