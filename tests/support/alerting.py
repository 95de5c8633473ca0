"""Which alerts fire of what the hub told of itself, as Prometheus would say: asked of promtool."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.services.prometheus import find_promtool

RULES = Path("ops/watch/alerts.yml")
_MINUTES = 6
"""For which each stage lasts: longer than any alert waits that wakes somebody."""
_FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'

Told = Mapping[str, float]
"""Each series, as Prometheus writes it, and its value."""


def told(exposition: bytes) -> Told:
    """What ``/metrics`` answered."""
    return {
        _series(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    } | {'up{job="mash-hub"}': 1.0}


def fires_once_each(stages: Sequence[tuple[Told, Iterable[str]]]) -> str:
    """What Prometheus says otherwise than that in each of these stages, one after the other, just
    the named alerts fire, each once; "" where it is so. Raises ``ServiceUnavailable``.
    """
    names = sorted({name for values, _ in stages for name in values})
    series = [
        {"series": name, "values": " ".join(_run(values.get(name)) for values, _ in stages)}
        for name in names
    ]
    asked = [
        {
            "expr": _FIRING,
            "eval_time": f"{_MINUTES * (number + 1) - 1}m",
            "exp_samples": [
                {"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(alerts)
            ],
        }
        for number, (_, alerts) in enumerate(stages)
    ]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    whole = {"rule_files": [str(RULES.resolve())], "evaluation_interval": "1m", "tests": [test]}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump(whole, file)  # which is YAML too
        file.flush()
        done = subprocess.run(
            [find_promtool(), "test", "rules", file.name],
            capture_output=True,
            text=True,
            check=False,
        )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _run(value: float | None) -> str:
    return " ".join(["_" if value is None else f"{value:g}"] * _MINUTES)


def _series(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name
