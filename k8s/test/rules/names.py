"""Namespaces, and names that occur once."""

import collections

from manifests import named


def namespaces(manifests):
    """Everything of an overlay is in its namespace, which is there first; no two objects have one name."""
    first = manifests.of("Namespace")
    if len(first) != 1:
        yield f"{len(first)} namespaces, not one"
        return
    name = first[0]["metadata"]["name"]
    for found in manifests.objects:
        if found is not first[0] and found["metadata"].get("namespace") != name:
            yield f"{named(found)}: not in the namespace {name}"
    for what, count in collections.Counter(map(named, manifests.objects)).items():
        if count > 1:
            yield f"{what}: there are {count}"
