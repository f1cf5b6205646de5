"""Where the archives of GroupLens are, on machines that have them."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def samples_folder() -> Path:
    """The folder with ml-100k.zip and the like; they must not be redistributed, so not every machine has it."""
    folder = Path(os.environ.get("TASTEMAKER_SAMPLES") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "ml-100k.zip").is_file():
        pytest.skip(f"no MovieLens archives in {folder}; set TASTEMAKER_SAMPLES to a folder that has them")
    return folder
