"""The alert rules and the board ask for figures that there are, and each alert has its runbook."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.unit.test_documentation import headings

DOCS = Path(__file__).resolve().parents[2] / "docs"
MONITORING = DOCS / "monitoring"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
BOARD: dict[str, Any] = json.loads((MONITORING / "board.json").read_text(encoding="utf-8"))
# Beside ours there is only `up`, which Prometheus makes itself.
FIGURE = re.compile(r"\b(surveillance_\w+)(?:{([^}]*)})?")


def expressions() -> Iterator[str]:
    for rule in RULES:
        yield rule["expr"]
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def test_each_alert_names_a_section_that_says_what_to_do() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        document, heading = rule["annotations"]["runbook"].split("#")
        assert document.startswith("runbooks/")
        assert heading in headings(DOCS / document), rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


@pytest.mark.django_db
def test_each_figure_that_is_asked_for_is_told(client: Client) -> None:
    client.get("/healthz")  # so that something has been counted
    told = [
        sample
        for family in text_string_to_metric_families(client.get("/metrics").content.decode())
        for sample in family.samples
    ]
    asked: set[str] = set()
    for expression in expressions():
        for name, matchers in FIGURE.findall(expression):
            asked.add(name)
            assert any(fits(sample, name, matchers) for sample in told), expression

    assert len(asked) > 10


def fits(sample: Sample, name: str, matchers: str) -> bool:
    """Whether a sample is what is asked for; which routes and statuses there were is chance."""
    wanted = re.findall(r'(\w+)="([^"]*)"', matchers)
    return sample.name == name and all(sample.labels.get(key) == value for key, value in wanted)


def test_the_board_is_one_that_grafana_takes() -> None:
    assert BOARD["schemaVersion"] >= 36
    assert BOARD["title"]
    assert BOARD["uid"]
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        assert panel["type"] in {"stat", "timeseries"}
        assert panel["datasource"]["uid"] == "${datasource}"
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    [variable] = BOARD["templating"]["list"]
    assert (variable["name"], variable["type"]) == ("datasource", "datasource")
