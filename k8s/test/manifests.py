"""The objects of one overlay, as the rules ask for them."""

import collections

import yaml

# A pod template: who makes pods of it, their labels and their spec.
Template = collections.namedtuple("Template", "owner labels spec")


def named(found):
    return f"{found['kind']} {found['metadata']['name']}"


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in (selector or {}).items())


class Manifests:
    def __init__(self, objects, project):
        self.objects = objects
        self.project = project

    def of(self, *kinds):
        return [found for found in self.objects if found["kind"] in kinds]

    def named(self, kind, name):
        return next((found for found in self.of(kind) if found["metadata"]["name"] == name), None)

    def templates(self):
        owners = self.of("Deployment", "StatefulSet", "Job")
        return [template_of(owner) for owner in owners]

    def selected(self, selector):
        """Templates whose pods a selector's matchLabels select."""
        return [template for template in self.templates() if matches(selector, template.labels)]

    def slotway(self):
        """The template of Slotway's pods."""
        return template_of(self.named("Deployment", "slotway"))

    def container(self):
        return self.slotway().spec["containers"][0]

    def settings(self):
        """slotway.yaml as it is mounted, on top of the defaults, which the example file has."""
        return merged(self.project.defaults(), yaml.safe_load(self.settings_text()))

    def settings_text(self):
        for config_map in self.of("ConfigMap"):
            if "slotway.yaml" in config_map.get("data", {}):
                return config_map["data"]["slotway.yaml"]
        raise ValueError("no ConfigMap has a slotway.yaml")


def template_of(owner):
    template = owner["spec"]["template"]
    return Template(named(owner), template["metadata"].get("labels", {}), template["spec"])


def merged(defaults, settings):
    result = dict(defaults)
    for key, value in (settings or {}).items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def seconds(text):
    """A time as slotway.yaml has it."""
    text = str(text)
    for unit, factor in (("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)):
        if text.endswith(unit) and text[: -len(unit)].isdigit():
            return int(text[: -len(unit)]) * factor
    return float(text)
