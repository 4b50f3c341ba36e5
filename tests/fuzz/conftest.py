from __future__ import annotations

import random

import pytest

from .applications import APPLICATIONS, Caller


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("seed"))


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture(params=APPLICATIONS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)
