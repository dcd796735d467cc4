#!/usr/bin/env python3
"""Checks the chart: check_chart.py RENDERER... [-- --slotway PATH --types FOLDER]. RENDERER is `helm template` or what stands in for it.

Its objects are those of k8s/base, with monitoring too; all rules hold for them; values that are wrong are refused by the schema.
"""

import copy
import json
import os
import subprocess
import sys
import tempfile

import jsonschema
import yaml

import check
import kustomization
import render
import rules
from manifests import Manifests, named
from project import Project

CHART = os.path.join(check.K8S, "helm", "slotway")
# Only the chart has them.
OWN_LABELS = ("app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart")
MONITORED = {"monitoring": {"enabled": True}, "autoscaling": {"requestsPerSecond": "100k"}}

# Values, and what of slotway's objects shows that they were heeded.
HEEDED = [
    ({"image": {"tag": "9.9"}}, lambda m: m.container()["image"] == "slotway:9.9"),
    ({"password": {"required": True}}, lambda m: m.settings()["upstream"]["password_file"].endswith("/upstream-password")),
    ({"autoscaling": {"enabled": False}, "replicas": 3}, lambda m: m.named("Deployment", "slotway")["spec"]["replicas"] == 3),
    ({"networkPolicy": {"enabled": False}}, lambda m: not m.of("NetworkPolicy")),
    ({"config": {"upstream": {"mode": "sentinel"}}}, lambda m: m.settings()["upstream"]["mode"] == "sentinel"),
    ({"nodeSelector": {"a": "b"}}, lambda m: m.slotway().spec["nodeSelector"] == {"a": "b"}),
]
REFUSED = [
    {"image": {"tag": "latest"}},
    {"imagee": {}},
    {"resources": {"limits": {"cpu": "1500m"}}},
    {"resources": {"limits": {"cpu": "2", "memory": "a lot"}}},
    {"config": {"upstream": {"seeds": []}}},
    {"config": {"upstream": {"mode": "proxy"}}},
    {"config": {"listen": "127.0.0.1:6380"}},
    {"config": {"client_max_age": 5}},
    {"autoscaling": {"minReplicas": 0}},
    {"networkPolicy": {"upstreamPorts": [70000]}},
]


def rendered(renderer, values):
    """The objects of a release `slotway`."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(values, file)
        file.flush()
        option = ["-f"] if "helm" in os.path.basename(renderer[0]) else []
        order = ["slotway", CHART] if option else [CHART, "slotway", "default"]
        command = renderer + order + option + [file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr)
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def plain(objects):
    """Objects without what only the chart or only kustomize adds, by kind and name."""
    result = {}
    for found in copy.deepcopy(objects):
        strip(found)
        if found["kind"] == "ConfigMap":
            found["metadata"]["name"] = "slotway"
            found["data"] = {name: yaml.safe_load(text) for name, text in found["data"].items()}
        if found["kind"] == "Deployment":
            template = found["spec"]["template"]
            template["metadata"].pop("annotations", None)
            template["spec"]["containers"][0].pop("imagePullPolicy", None)
            next(v for v in template["spec"]["volumes"] if v["name"] == "config")["configMap"]["name"] = "slotway"
        found["metadata"].pop("labels")
        found["metadata"].pop("namespace", None)
        result[found["kind"], found["metadata"]["name"]] = found
    return result


def strip(value):
    """Takes out the chart's labels wherever they are."""
    if isinstance(value, dict):
        for label in OWN_LABELS:
            value.pop(label, None)
        # kustomize puts what all objects have into the metadata of pods.
        for below in value.values():
            strip(below)
    elif isinstance(value, list):
        for below in value:
            strip(below)


def differences(what, chart, base):
    chart, base = plain(chart), plain(base)
    for key in sorted(set(chart) ^ set(base)):
        yield f"{what}: {key[0]} {key[1]} is in {'the chart' if key in chart else 'k8s'} only"
    for key in sorted(set(chart) & set(base)):
        if chart[key] != base[key]:
            yield f"{what}: {key[0]} {key[1]} is not the same in the chart and in k8s"


def in_overlay(objects):
    """With a namespace, and a node's Service, which a chart leaves to others: for the rules that ask for both."""
    objects = copy.deepcopy(objects)
    for found in objects:
        found["metadata"]["namespace"] = "example"
    service = {"kind": "Service", "metadata": {"name": "redis", "namespace": "example"}}
    service["spec"] = {"selector": {"app.kubernetes.io/name": "slotway"}, "ports": [{"port": 6379, "targetPort": "redis"}]}
    return objects + [service, {"kind": "Namespace", "metadata": {"name": "example"}}]


def problems(renderer, options):
    project = Project(os.path.dirname(check.K8S), options.get("--slotway"))
    base = os.path.join(check.K8S, "base")
    yield from differences("the chart", rendered(renderer, {}), kustomization.build(base))
    monitored = rendered(renderer, MONITORED)
    existing = render.render_with(os.path.join(check.K8S, "overlays", "existing"), os.path.join(check.K8S, "monitoring"))
    own = [o for o in existing if o["kind"] in ("HorizontalPodAutoscaler", "PodMonitor", "PrometheusRule")]
    chosen = [o for o in monitored if o["kind"] in ("HorizontalPodAutoscaler", "PodMonitor", "PrometheusRule")]
    yield from differences("the chart with monitoring", chosen, own)

    for name, objects in (("default", rendered(renderer, {})), ("monitored", monitored)):
        manifests = Manifests(in_overlay(objects), project)
        for rule, ask in rules.RULES.items():
            yield from (f"{name} values: {rule}: {problem}" for problem in ask(manifests))
    for one, problem in check.type_problems(monitored, options["--types"]):
        yield f"types: {named(one)}: {problem}"
    for values, is_heeded in HEEDED:
        if not is_heeded(Manifests(rendered(renderer, values), project)):
            yield f"not heeded: {values}"
    yield from schema_problems()


def schema_problems():
    with open(os.path.join(CHART, "values.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    with open(os.path.join(CHART, "values.yaml"), encoding="utf-8") as file:
        values = yaml.safe_load(file)
    for error in jsonschema.Draft7Validator(schema).iter_errors(values):
        yield f"values.yaml: {error.message}"
    for name in values:
        if name not in schema["properties"]:
            yield f"values.schema.json: knows no {name}"
    for wrong in REFUSED:
        changed = copy.deepcopy(values)
        kustomization.merge(changed, wrong)
        if jsonschema.Draft7Validator(schema).is_valid(changed):
            yield f"values.schema.json: takes {wrong}"


def main():
    split = sys.argv.index("--")
    renderer, rest = sys.argv[1:split], sys.argv[split + 1 :]
    found = list(problems(renderer, dict(zip(rest[::2], rest[1::2]))))
    print("\n".join(found) if found else "  the chart makes the objects of k8s/base and k8s/monitoring")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
