"""Probes that ask what they mean to ask."""

WANTED = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def probes(manifests):
    """Slotway's probes are pages of the admin port: alive is /healthz, ready /readyz. A node that is away restarts nothing."""
    container = manifests.container()
    for name, page in WANTED.items():
        asked = container.get(name, {}).get("httpGet", {})
        if asked.get("path") not in manifests.project.admin_pages():
            yield f"{name}: the admin port has no page {asked.get('path')}"
        elif asked["path"] != page:
            yield f"{name}: asks {asked['path']}, not {page}"
        if asked.get("port") != "admin":
            yield f"{name}: asks the port {asked.get('port')}, not admin"
    for template in manifests.templates():
        for other in template.spec["containers"]:
            names = {port["name"] for port in other.get("ports", [])}
            for name in WANTED:
                probe = other.get(name, {})
                port = probe.get("httpGet", probe.get("tcpSocket", {})).get("port")
                if port is not None and port not in names:
                    yield f"{template.owner}: {name}: there is no port {port}"
