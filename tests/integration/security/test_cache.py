"""What lies in Redis is JSON: whoever writes into it makes the server run nothing."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache, caches
from django.http import Http404
from django.test import Client
from redis import Redis

from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.celery import app
from surveillance.fhir.kept_searches import keep, kept
from tests.factories import MembershipFactory
from tests.integration.pages.scene import signed_in

pytestmark = pytest.mark.django_db


class Running:
    """When it is unpickled a file is there."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.made,)


@pytest.fixture
def redis() -> Any:
    cache.clear()
    return Redis.from_url(settings.REDIS_URL)


@pytest.fixture
def nurse() -> User:
    return MembershipFactory.create(role=Role.NURSE).user


def test_a_pickle_in_the_cache_is_never_loaded(redis: Any, nurse: User, tmp_path: Path) -> None:
    here, name = signed_in(nurse), keep([("name", "Doe")], kind="Patient", by=nurse)
    assert here.get("/api/v1/patients/").status_code == 200
    Client().post("/sign-in/", {"login": nurse.username, "password": "a guess"})
    written = redis.keys("surveillance-json:*")
    assert len(written) > 2
    for key in written:  # what each use wrote
        json.loads(redis.get(key))
        redis.set(key, pickle.dumps(Running(tmp_path / "ran")))

    assert here.get("/api/v1/patients/").status_code == 200
    assert Client().post("/sign-in/", {"login": nurse.username, "password": "b"}).status_code == 200
    with pytest.raises(Http404):
        kept(name, kind="Patient", by=nurse)
    redis.set(caches["strict"].make_key("readyz"), pickle.dumps(Running(tmp_path / "ran")))
    assert Client().get("/readyz").status_code == 200
    assert not (tmp_path / "ran").exists()
    assert list(app.conf.accept_content) == ["json"]  # the broker is the same Redis


def test_what_is_kept_comes_back_as_it_was(redis: Any, nurse: User) -> None:
    told = [("family", "見本"), ("birthdate", "ge1960-05-17")]
    assert kept(keep(told, kind="Patient", by=nurse), kind="Patient", by=nurse) == told
    cache.add("count", 0)
    assert cache.incr("count") == 1
    cache.set("failed", [1764295200.123456, 1764295201.0], 600)
    assert cache.get("failed") == [1764295200.123456, 1764295201.0]
    with pytest.raises(TypeError):  # nothing else is written by accident
        cache.set("person", nurse)
