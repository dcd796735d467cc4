#!/usr/bin/env python3
"""Proves that each rule can fail: on an overlay that is right, then on the same with one thing wrong. Usage: self_test.py [--slotway
PATH] --types FOLDER."""

import argparse
import copy
import os
import sys
import unittest

import check
import kustomization
import render
import rules
from manifests import Manifests
from project import Project

# With monitoring it has objects of all kinds.
OVERLAY = "valkey"
GONE = object()

POD = ("spec", "template", "spec")
SLOTWAY = ("Deployment", "slotway")
CONTAINER = POD + ("containers", 0)
MASTERS = ("StatefulSet", "valkey-masters")
JOB = ("Job", "create-cluster")
AUTOSCALER = ("HorizontalPodAutoscaler", "slotway")
POLICY = ("NetworkPolicy", "slotway")

# Rule; kind and name of the object; what in it becomes what. A text in slotway.yaml: (old, new) of its text.
WRONG = [
    ("selectors", ("Service", "slotway"), ("spec", "selector", "app.kubernetes.io/name"), "slotways"),
    ("selectors", ("PodDisruptionBudget", "slotway"), ("spec", "selector", "matchLabels"), {"app": "slotway"}),
    ("selectors", POLICY, ("spec", "podSelector", "matchLabels"), {"app": "slotway"}),
    ("selectors", ("NetworkPolicy", "valkey"), ("spec", "ingress", 0, "from", 0, "podSelector", "matchLabels"), {"a": "b"}),
    ("selectors", SLOTWAY, ("spec", "template", "metadata", "labels", "app.kubernetes.io/name"), "other"),
    ("selectors", SLOTWAY, POD + ("topologySpreadConstraints", 0, "labelSelector", "matchLabels"), {"a": "b"}),
    ("owners", AUTOSCALER, ("spec", "scaleTargetRef", "name"), "slotways"),
    ("owners", MASTERS, ("spec", "serviceName"), "valkey-cluster"),
    ("owners", SLOTWAY, POD + ("serviceAccountName",), "other"),
    ("service_ports", ("Service", "slotway"), ("spec", "ports", 0, "targetPort"), "resp"),
    ("policy_ports", POLICY, ("spec", "ingress", 1, "ports", 0, "port"), "metrics"),
    ("listening_ports", SLOTWAY, CONTAINER + ("ports", 0, "containerPort"), 6379),
    ("listening_ports", "slotway.yaml", "listen: 0.0.0.0:6380", "listen: 127.0.0.1:6380"),
    ("listening_ports", "slotway.yaml", "admin: 0.0.0.0:9380", ""),
    ("addresses", SLOTWAY, CONTAINER + ("env", 1, "value"), "slotway.$(POD_NAMESPACE).svc:6380"),
    ("addresses", SLOTWAY, CONTAINER + ("env", 1, "value"), "slotways.$(POD_NAMESPACE).svc:6379"),
    ("probes", SLOTWAY, CONTAINER + ("readinessProbe", "httpGet", "path"), "/ready"),
    ("probes", SLOTWAY, CONTAINER + ("livenessProbe", "httpGet", "path"), "/readyz"),
    ("probes", SLOTWAY, CONTAINER + ("startupProbe",), GONE),
    ("probes", SLOTWAY, CONTAINER + ("livenessProbe", "httpGet", "port"), "redis"),
    ("probes", MASTERS, CONTAINER + ("livenessProbe", "tcpSocket", "port"), "resp"),
    ("mounts", SLOTWAY, CONTAINER + ("volumeMounts", 0, "name"), "configuration"),
    ("mounts", SLOTWAY, CONTAINER + ("volumeMounts", 0, "subPath"), "slotway.yaml"),
    ("mounts", SLOTWAY, CONTAINER + ("volumeMounts", 1, "mountPath"), "/etc/slotway/secrets"),
    ("mounts", SLOTWAY, POD + ("volumes", 1, "configMap", "name"), "slotway"),
    ("files", SLOTWAY, CONTAINER + ("args", 1), "/etc/slotway/slotway.yml"),
    ("files", MASTERS, CONTAINER + ("command", 0), "/scripts/start.sh"),
    ("files", MASTERS, CONTAINER + ("lifecycle", "preStop", "exec", "command", 0), "/scripts/stop.sh"),
    ("files", SLOTWAY, POD + ("volumes", 0, "projected", "sources", 0, "secret", "items", 0, "path"), "password"),
    ("files", SLOTWAY, POD + ("volumes", 0, "projected", "sources", 0, "secret", "optional"), GONE),
    ("files", "slotway.yaml", "wait_for_secrets: on", "wait_for_secrets: off"),
    ("check_config", "slotway.yaml", "workers: auto", "workers: many"),
    ("check_config", "slotway.yaml", "client_max_age", "client_max_aeg"),
    ("check_config", SLOTWAY, CONTAINER + ("env", 1, "value"), "slotway.$(POD_NAMESPACE).svc"),
    ("upstream", "slotway.yaml", "[valkey-cluster:6379]", "[valkey:6379]"),
    ("upstream", "slotway.yaml", "[valkey-cluster:6379]", "[valkey-cluster:6380]"),
    ("egress", POLICY, ("spec", "egress", 1, "ports", 0, "port"), 6380),
    ("egress", ("NetworkPolicy", "valkey"), ("spec", "ingress", 0, "from", 0, "podSelector", "matchLabels"), {"a": "b"}),
    ("workers", SLOTWAY, CONTAINER + ("resources", "limits", "cpu"), "1500m"),
    ("workers", SLOTWAY, CONTAINER + ("resources", "limits", "cpu"), "4"),
    ("workers", SLOTWAY, CONTAINER + ("resources", "limits", "memory"), GONE),
    ("workers", SLOTWAY, CONTAINER + ("resources", "requests", "cpu"), "1"),
    ("workers", "slotway.yaml", "workers: auto", "workers: 8"),
    ("grace", SLOTWAY, POD + ("terminationGracePeriodSeconds",), 25),
    ("grace", SLOTWAY, CONTAINER + ("lifecycle",), {"preStop": {"sleep": {"seconds": 10}}}),
    ("grace", "slotway.yaml", "drain: 20s", "drain: 1m"),
    ("grace", "slotway.yaml", "delay: 5s", "delay: 0"),
    ("images", SLOTWAY, CONTAINER + ("image",), "slotway:latest"),
    ("images", SLOTWAY, CONTAINER + ("image",), "slotway:0.0.1"),
    ("images", MASTERS, CONTAINER + ("image",), "example:5000/valkey"),
    ("image", SLOTWAY, CONTAINER + ("image",), "slotway:0.0.1"),
    ("image", SLOTWAY, CONTAINER + ("command",), ["/usr/bin/slotway"]),
    ("image", SLOTWAY, CONTAINER + ("args", 1), "/etc/slotway.yaml"),
    ("image", SLOTWAY, CONTAINER + ("ports", 1, "containerPort"), 9381),
    ("image", SLOTWAY, POD + ("securityContext", "runAsUser"), 1000),
    ("image", SLOTWAY, POD + ("securityContext", "runAsGroup"), GONE),
    ("pod_security", SLOTWAY, POD + ("securityContext", "runAsNonRoot"), GONE),
    ("pod_security", SLOTWAY, POD + ("securityContext", "runAsUser"), 0),
    ("pod_security", JOB, POD + ("securityContext", "seccompProfile"), GONE),
    ("pod_security", SLOTWAY, CONTAINER + ("securityContext", "allowPrivilegeEscalation"), GONE),
    ("pod_security", MASTERS, CONTAINER + ("securityContext", "readOnlyRootFilesystem"), False),
    ("pod_security", SLOTWAY, CONTAINER + ("securityContext", "capabilities", "add"), ["NET_ADMIN"]),
    ("pod_security", SLOTWAY, POD + ("hostNetwork",), True),
    ("pod_security", SLOTWAY, POD + ("volumes", 0), {"name": "secrets", "hostPath": {"path": "/"}}),
    ("tokens", SLOTWAY, POD + ("automountServiceAccountToken",), GONE),
    ("tokens", SLOTWAY, POD + ("enableServiceLinks",), True),
    ("tokens", ("ServiceAccount", "slotway"), ("automountServiceAccountToken",), GONE),
    ("autoscaler", AUTOSCALER, ("spec", "behavior", "scaleDown", "stabilizationWindowSeconds"), 300),
    ("autoscaler", AUTOSCALER, ("spec", "minReplicas"), 1),
    ("autoscaler", SLOTWAY, ("spec", "replicas"), 2),
    ("autoscaler", "slotway.yaml", "client_max_age: 5m", "client_max_age: 0"),
    ("alerts", ("PrometheusRule", "slotway"), ("spec", "groups", 0, "rules", 0, "expr"), "slotway_redy == 0"),
    ("autoscaler_metrics", AUTOSCALER, ("spec", "metrics", 1, "pods", "metric", "name"), "slotway_requests_total"),
    ("monitors", ("PodMonitor", "slotway"), ("spec", "podMetricsEndpoints", 0, "port"), "metrics"),
    ("monitors", ("PodMonitor", "slotway"), ("spec", "podMetricsEndpoints", 0, "path"), "/prometheus"),
    ("monitors", ("PodMonitor", "slotway"), ("spec", "selector", "matchLabels"), {"app": "slotway"}),
    ("namespaces", ("Service", "slotway"), ("metadata", "namespace"), "default"),
    ("namespaces", ("Namespace", "valkey"), ("metadata", "name"), "other"),
    ("types", SLOTWAY, CONTAINER + ("livenessProb",), {}),
    ("types", SLOTWAY, POD + ("terminationGracePeriodSeconds",), "35s"),
    ("types", ("Service", "slotway"), ("spec", "ports", 0, "port"), GONE),
    ("types", SLOTWAY, ("apiVersion",), "apps/v1beta9"),
]


def place(objects, what, path):
    """The map or list in which the path's last word stands."""
    found = next(o for o in objects if (o["kind"], o["metadata"]["name"]) == what)
    for step in path[:-1]:
        found = found[step]
    return found


def spoiled(right, what, old, new):
    objects = copy.deepcopy(right)
    if what == "slotway.yaml":
        data = next(o["data"] for o in objects if what in o.get("data", {}))
        changed = data[what].replace(old, new)
        if changed == data[what]:
            raise ValueError(f"slotway.yaml has no {old}")
        data[what] = changed
        return objects
    holder = place(objects, what, old)
    if new is GONE:
        del holder[old[-1]]
    else:
        holder[old[-1]] = new
    return objects


class SelfTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        overlay = os.path.join(check.K8S, "overlays", OVERLAY)
        cls.right = render.render_with(overlay, os.path.join(check.K8S, "monitoring"))

    def problems(self, rule, objects):
        return list(rules.RULES[rule](Manifests(objects, OPTIONS.project)))

    def test_right_one_passes(self):
        for rule in rules.RULES:
            with self.subTest(rule=rule):
                self.assertEqual(self.problems(rule, self.right), [])

    def test_each_wrong_one_is_refused(self):
        for rule, what, old, new in WRONG:
            if rule == "types" or (rule == "check_config" and not OPTIONS.project.slotway):
                continue
            with self.subTest(rule=rule, what=what, old=old):
                self.assertNotEqual(self.problems(rule, spoiled(self.right, what, old, new)), [])

    def test_types_refuse_each_wrong_one(self):
        wrong = [row for row in WRONG if row[0] == "types"]
        objects = [next(o for o in spoiled(self.right, *row[1:]) if (o["kind"], o["metadata"]["name"]) == row[1]) for row in wrong]
        refused = {id(one) for one, _ in check.type_problems(objects, OPTIONS.types)}
        self.assertEqual(refused, {id(one) for one in objects})

    def test_every_rule_has_a_wrong_one(self):
        self.assertEqual({row[0] for row in WRONG}, set(rules.RULES) | {"types"})

    def test_what_kustomize_does_and_this_does_not_is_refused(self):
        with self.assertRaises(ValueError):
            kustomization.apply_patch({"kind": "Deployment", "metadata": {"name": "nobody"}}, [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slotway")
    parser.add_argument("--types", required=True)
    OPTIONS = parser.parse_args()
    OPTIONS.project = Project(os.path.dirname(check.K8S), OPTIONS.slotway)
    unittest.main(argv=sys.argv[:1])
