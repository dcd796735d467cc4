"""What the rules hold manifests against: the repository's own files, and the binary."""

import json
import os
import re

import yaml


class Project:
    def __init__(self, root, slotway=None):
        self.root = root
        self.slotway = slotway

    def text(self, name):
        with open(os.path.join(self.root, name), encoding="utf-8") as file:
            return file.read()

    def version(self):
        return re.search(r"project\(slotway VERSION ([0-9.]+)", self.text("CMakeLists.txt"))[1]

    def image(self):
        """What Dockerfile says of the image that it makes: its last stage."""
        text = self.text("Dockerfile")
        found = {name: re.findall(rf"^{name} (.+)$", text, re.MULTILINE) for name in ("ARG", "ENV", "USER", "EXPOSE", "ENTRYPOINT")}
        variables = dict(line.split("=", 1) for line in found["ARG"] + found["ENV"])
        return {
            "version": variables["VERSION"],
            "config": variables["SLOTWAY_CONFIG"],
            "user": found["USER"][-1],
            "ports": {int(port) for port in found["EXPOSE"][-1].split()},
            "entry_point": json.loads(found["ENTRYPOINT"][-1]),
        }

    def defaults(self):
        return yaml.safe_load(self.text("config/slotway.example.yaml"))

    def metrics(self):
        """The metrics that docs/metrics.md has in its tables."""
        return set(re.findall(r"^\| `(\w+)` \|", self.text("docs/metrics.md"), re.MULTILINE))

    def admin_pages(self):
        """The paths that the admin port serves."""
        return set(re.findall(r'path == "(/\w+)"', self.text("proxy/observe/admin_pages.cpp"))) - {"/drain"}

    def adapter_rules(self):
        return yaml.safe_load(self.text("k8s/monitoring/prometheus_adapter_values.yaml"))["rules"]["custom"]
