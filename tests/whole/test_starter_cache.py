"""Without the starter set its tests fail with one sentence, and are left out only by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
NOWHERE = "http://127.0.0.1:9"
"""Nothing listens at the discard port."""


def run_tests(cache: Path, **variables: str) -> str:
    """What pytest says about the tests of the starter set, with nothing to reach."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    indexes = {"PIP_INDEX_URL": f"{NOWHERE}/simple", "npm_config_registry": NOWHERE}
    environment = os.environ | proxies | indexes | {"AVATAR_TEST_MODELS": str(cache)} | variables
    command = [sys.executable, "-m", "pytest", "-q", "-rN", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, str(TESTS / "whole" / "test_starter.py")],
        env=environment,
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    ).stdout


def test_a_failed_download_fails_with_one_sentence(tmp_path: Path) -> None:
    result = run_tests(tmp_path)
    found = re.search(r"(\d+) errors", result)
    assert found is not None
    failed = result.count("The starter set could not be fetched: None of 2 servers has the file")
    assert failed == int(found[1]) >= 3
    assert "Traceback" not in result


def test_leaving_out_models_requires_a_variable(tmp_path: Path) -> None:
    result = run_tests(tmp_path, AVATAR_TEST_WITHOUT_MODELS="1")
    assert re.search(r"\d deselected", result)
    assert "passed" not in result
    assert "error" not in result
    assert list(tmp_path.iterdir()) == []
