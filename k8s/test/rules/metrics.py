"""Metrics that there are."""

import re

from manifests import named


def unknown_metrics(manifests, expression):
    known = manifests.project.metrics()
    for name in sorted(set(re.findall(r"\bslotway_\w+", expression))):
        if name not in known and re.sub(r"_(bucket|sum|count)$", "", name) not in known:
            yield name


def alerts(manifests):
    """Alerts ask for metrics that docs/metrics.md has."""
    for rule in manifests.of("PrometheusRule"):
        for group in rule["spec"]["groups"]:
            for alert in group["rules"]:
                for name in unknown_metrics(manifests, alert["expr"]):
                    yield f"{named(rule)}: {alert['alert']}: there is no metric {name}"


def autoscaler_metrics(manifests):
    """What the autoscaler counts by pods prometheus-adapter makes, of a counter that there is."""
    made = {}
    for rule in manifests.project.adapter_rules():
        source = rule["name"]["matches"].strip("^$")
        if source in rule["seriesQuery"]:
            made[rule["name"]["as"]] = source
    for found in manifests.of("HorizontalPodAutoscaler"):
        for metric in found["spec"]["metrics"]:
            if metric["type"] == "Pods":
                name = metric["pods"]["metric"]["name"]
                if name not in made:
                    yield f"{named(found)}: no rule of prometheus-adapter makes {name}"
                for unknown in unknown_metrics(manifests, made.get(name, "")):
                    yield f"{named(found)}: {name} is made of {unknown}, which there is not"
