"""What manifests must keep, one function per rule; each yields what is wrong."""

from rules import (
    addresses, autoscaling, configuration, image, metrics, monitors, mounts, names, pods, ports, probes, security,
    selectors,
)  # fmt: skip

ALL = (
    selectors.selectors,
    selectors.owners,
    ports.service_ports,
    ports.policy_ports,
    ports.listening_ports,
    addresses.addresses,
    probes.probes,
    mounts.mounts,
    mounts.files,
    configuration.check_config,
    configuration.upstream,
    configuration.egress,
    pods.workers,
    pods.grace,
    pods.images,
    image.image,
    security.pod_security,
    security.tokens,
    autoscaling.autoscaler,
    metrics.alerts,
    metrics.autoscaler_metrics,
    monitors.monitors,
    names.namespaces,
)
RULES = {rule.__name__: rule for rule in ALL}
