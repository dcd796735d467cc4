#!/usr/bin/env python3
"""Checks every overlay by all rules, by itself, with monitoring and with the examples: check.py [--slotway PATH] --types FOLDER."""

import argparse
import json
import os
import subprocess
import sys

import yaml

import render
import rules
from manifests import Manifests, named
from project import Project

HERE = os.path.dirname(os.path.abspath(__file__))
K8S = os.path.dirname(HERE)


def type_problems(objects, folder):
    """What the types of Kubernetes refuse, as (object, problem)."""
    command = ["node", os.path.join(HERE, "types.js"), folder]
    done = subprocess.run(command, input=json.dumps(objects), capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        index, problem = line.split("\t", 1)
        yield objects[int(index)], problem


def variants():
    """Name and objects of all that is checked."""
    overlays = os.path.join(K8S, "overlays")
    for name in sorted(os.listdir(overlays)):
        yield name, render.render(os.path.join(overlays, name))
    examples = os.path.join(K8S, "examples")
    shown = [os.path.join(examples, name) for name in sorted(os.listdir(examples))]
    shown = [folder for folder in shown if os.path.exists(os.path.join(folder, "kustomization.yaml"))]
    # They are applied after an overlay, and lead nowhere without it.
    yield "redis-cluster with the examples", [
        found for folder in (os.path.join(overlays, "redis-cluster"), *shown) for found in render.render(folder)
    ]
    existing = os.path.join(overlays, "existing")
    monitored = render.render_with(existing, os.path.join(K8S, "monitoring"))
    yield "existing with monitoring", monitored
    with open(os.path.join(K8S, "monitoring", "service_monitor.yaml"), encoding="utf-8") as file:
        instead = yaml.safe_load(file)
    instead["metadata"]["namespace"] = next(o for o in monitored if o["kind"] == "PodMonitor")["metadata"]["namespace"]
    yield "existing with a ServiceMonitor", [o for o in monitored if o["kind"] != "PodMonitor"] + [instead]


def problems_of(name, objects, project):
    manifests = Manifests(objects, project)
    for rule, ask in rules.RULES.items():
        for problem in ask(manifests):
            yield f"{name}: {rule}: {problem}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slotway")
    parser.add_argument("--types", required=True)
    options = parser.parse_args()
    project = Project(os.path.dirname(K8S), options.slotway)

    found = list(variants())
    problems = [problem for name, objects in found for problem in problems_of(name, objects, project)]
    everything = [(name, one) for name, objects in found for one in objects]
    owner = {id(one): name for name, one in everything}
    for one, problem in type_problems([one for _, one in everything], options.types):
        problems.append(f"{owner[id(one)]}: types: {named(one)}: {problem}")

    for name, objects in found:
        print(f"  {name}: {len(objects)} objects")
    print("\n".join(problems) if problems else f"  {len(rules.RULES)} rules and the types hold for all of them")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
