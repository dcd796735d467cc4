"""Builds a kustomization without kubectl: the part of kustomize that k8s/ uses, and nothing more. What it does not know it refuses.

run.sh compares it with `kubectl kustomize` where there is one.
"""

import copy
import hashlib
import json
import os

import yaml

FIELDS = {"apiVersion", "kind", "namespace", "resources", "components", "configMapGenerator", "labels", "patches"}
CLUSTER_WIDE = {"Namespace"}
# How items of lists are told apart when a patch is merged; all other lists are replaced.
LIST_KEYS = {"containers": "name", "volumes": "name", "env": "name", "volumeMounts": "mountPath"}
POD_OWNERS = {"Deployment", "StatefulSet", "Job"}


def build(folder):
    """The objects of a folder with a kustomization.yaml, in kustomize's order of reading."""
    objects = []
    accumulate(os.path.abspath(folder), objects)
    hash_names(objects)
    return [entry["object"] for entry in objects]


def load(path):
    with open(path, encoding="utf-8") as file:
        return [found for found in yaml.safe_load_all(file) if found]


def accumulate(folder, objects):
    """Adds the folder's objects to those that are there, as {object, generated}."""
    (spec,) = load(os.path.join(folder, "kustomization.yaml"))
    unknown = set(spec) - FIELDS
    if unknown:
        raise ValueError(f"{folder}: not known here: {', '.join(sorted(unknown))}")
    own = objects if spec["kind"] == "Component" else []
    for resource in spec.get("resources", []):
        path = os.path.join(folder, resource)
        if os.path.isdir(path):
            accumulate(path, own)
        else:
            own += [{"object": found, "generated": False} for found in load(path)]
    for component in spec.get("components", []):
        accumulate(os.path.join(folder, component), own)
    for generator in spec.get("configMapGenerator", []):
        generate(folder, generator, own)
    for patch in spec.get("patches", []):
        for change in load(os.path.join(folder, patch["path"])):
            apply_patch(change, own)
    for entry in own:
        transform(entry["object"], spec)
    if own is not objects:
        objects += own


def generate(folder, generator, objects):
    data = {}
    for name in generator["files"]:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            data[os.path.basename(name)] = file.read()
    if generator.get("behavior") == "replace":
        find(objects, "ConfigMap", generator["name"])["object"]["data"] = data
        return
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data}
    objects.append({"object": config_map, "generated": True})


def find(objects, kind, name):
    found = [e for e in objects if e["object"]["kind"] == kind and e["object"]["metadata"]["name"] == name]
    if len(found) != 1:
        raise ValueError(f"there are {len(found)} of {kind} {name}")
    return found[0]


def apply_patch(change, objects):
    target = find(objects, change["kind"], change["metadata"]["name"])
    if change.get("$patch") == "delete":
        objects.remove(target)
    else:
        merge(target["object"], change)


def merge(target, change):
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        elif key in LIST_KEYS and isinstance(target.get(key), list):
            merge_list(target[key], value, LIST_KEYS[key])
        else:
            target[key] = copy.deepcopy(value)


def merge_list(target, change, key):
    """Items that the patch names come first, as kustomize has it."""
    rest = {item[key]: item for item in target}
    first = []
    for item in change:
        old = rest.pop(item[key], {})
        merge(old, item)
        first.append(old)
    target[:] = first + list(rest.values())


def transform(found, spec):
    for labels in spec.get("labels", []):
        places = [found["metadata"]]
        if labels.get("includeTemplates") and found["kind"] in POD_OWNERS:
            places.append(found["spec"]["template"].setdefault("metadata", {}))
        for place in places:
            place.setdefault("labels", {}).update(labels["pairs"])
    if "namespace" in spec and found["kind"] not in CLUSTER_WIDE:
        found["metadata"]["namespace"] = spec["namespace"]


def hash_names(objects):
    """Gives generated ConfigMaps the hash of their content, where they are used too."""
    for entry in objects:
        if not entry["generated"]:
            continue
        metadata = entry["object"]["metadata"]
        plain = metadata["name"]
        metadata["name"] = f"{plain}-{content_hash(entry['object'])}"
        for other in objects:
            if other["object"]["kind"] in POD_OWNERS:
                for volume in other["object"]["spec"]["template"]["spec"].get("volumes", []):
                    if volume.get("configMap", {}).get("name") == plain:
                        volume["configMap"]["name"] = metadata["name"]


def content_hash(config_map):
    """As kustomize does it: the JSON that Go writes, its SHA-256, and the digits that look like letters replaced."""
    # It means to put the name in too, and puts in an empty one.
    content = {"kind": "ConfigMap", "name": "", "data": config_map["data"]}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for plain in "<>&\u2028\u2029":
        text = text.replace(plain, f"\\u{ord(plain):04x}")
    digits = hashlib.sha256(text.encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("013ae", "ghkmt"))
