"""Addresses in variables of containers."""

import re

ADDRESS = re.compile(r"([a-z][a-z0-9-]*)(?:\.[^:/]+)?:(\d+)")


def addresses(manifests):
    """NAME:PORT, and NAME.NAMESPACE.svc:PORT, is a Service of this overlay with that port."""
    for template in manifests.templates():
        for container in template.spec["containers"]:
            for env in container.get("env", []):
                address = ADDRESS.fullmatch(env.get("value", ""))
                if address and not leads_to(manifests, address[1], int(address[2])):
                    yield f"{template.owner}: {env['name']}: there is no Service {address[1]} with port {address[2]}"


def leads_to(manifests, name, port):
    service = manifests.named("Service", name)
    return service and any(known["port"] == port for known in service["spec"]["ports"])
