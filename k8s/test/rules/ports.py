"""Ports by name: those that containers have."""

from manifests import named


def port_names(template):
    return {port["name"] for container in template.spec["containers"] for port in container.get("ports", [])}


def service_ports(manifests):
    """A Service's port goes to a port that all of its pods have."""
    for service in manifests.of("Service"):
        for port in service["spec"]["ports"]:
            for template in manifests.selected(service["spec"].get("selector")):
                if port["targetPort"] not in port_names(template):
                    yield f"{named(service)}: {template.owner} has no port {port['targetPort']}"


def policy_ports(manifests):
    """What a NetworkPolicy lets in goes to ports that its pods have."""
    for policy in manifests.of("NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            for port in rule["ports"]:
                for template in manifests.selected(policy["spec"]["podSelector"].get("matchLabels")):
                    if port["port"] not in port_names(template):
                        yield f"{named(policy)}: {template.owner} has no port {port['port']}"


def listening_ports(manifests):
    """Slotway's ports are those at which slotway.yaml lets it listen, on all addresses."""
    settings = manifests.settings()
    ports = {port["name"]: port["containerPort"] for port in manifests.container()["ports"]}
    for name, option in (("redis", "listen"), ("admin", "admin")):
        if settings[option] != f"0.0.0.0:{ports.get(name)}":
            yield f"slotway.yaml: {option} is {settings[option]}, and the port {name} is {ports.get(name)}"
