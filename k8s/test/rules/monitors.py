"""PodMonitors and ServiceMonitors."""

from manifests import matches, named
from rules.ports import port_names


def monitors(manifests):
    """They find pods, or Services, with a port of that name, and ask a page that there is; not both for the same pods."""
    for monitor in manifests.of("PodMonitor"):
        found = manifests.selected(monitor["spec"]["selector"]["matchLabels"])
        names = [port_names(template) for template in found]
        yield from endpoint_problems(manifests, monitor, monitor["spec"]["podMetricsEndpoints"], names)
    for monitor in manifests.of("ServiceMonitor"):
        labels = monitor["spec"]["selector"]["matchLabels"]
        found = [s for s in manifests.of("Service") if matches(labels, s["metadata"].get("labels", {}))]
        names = [{port["name"] for port in service["spec"]["ports"]} for service in found]
        yield from endpoint_problems(manifests, monitor, monitor["spec"]["endpoints"], names)
    if manifests.of("PodMonitor") and manifests.of("ServiceMonitor"):
        yield "both a PodMonitor and a ServiceMonitor: everything is counted twice"


def endpoint_problems(manifests, monitor, endpoints, names):
    if len(names) != 1:
        yield f"{named(monitor)}: finds {len(names)} things to scrape, not one"
    for endpoint in endpoints:
        if any(endpoint["port"] not in known for known in names):
            yield f"{named(monitor)}: there is no port {endpoint['port']}"
        if endpoint["path"] not in manifests.project.admin_pages():
            yield f"{named(monitor)}: there is no page {endpoint['path']}"
