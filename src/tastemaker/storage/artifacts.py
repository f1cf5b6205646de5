"""A trained model on disk: a folder of .npy arrays and one JSON manifest, never pickle.

Arrays are mapped read-only, so that all server processes share their pages.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.storage.files import new_folder

MANIFEST = "manifest.json"

Arrays = Mapping[str, np.ndarray[Any, Any]]


def save(place: Path, arrays: Arrays, manifest: Mapping[str, Any]) -> None:
    """Write an artifact. Names of arrays are file names: letters, digits, dots, underscores."""
    with new_folder(place) as folder:
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        text = json.dumps({"arrays": sorted(arrays), **manifest}, indent=1, sort_keys=True)
        (folder / MANIFEST).write_text(text, encoding="utf-8")


def load(place: Path) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    """The arrays, mapped read-only, and the manifest. Raises FileNotFoundError if there is no such artifact."""
    manifest: dict[str, Any] = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    return {name: _mapped(place / f"{name}.npy") for name in manifest["arrays"]}, manifest


def _mapped(place: Path) -> np.ndarray[Any, Any]:
    """An array on disk as a plain array: slices of np.memmap are memmaps again, and cost ten times as much."""
    return np.load(place, mmap_mode="r", allow_pickle=False).view(np.ndarray)  # type: ignore[no-any-return]
