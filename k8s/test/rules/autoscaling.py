"""The autoscaler, and what it needs of the rest."""

from manifests import named, seconds


def autoscaler(manifests):
    """Connections spread before it decides to shrink, and nobody else sets the number of pods."""
    age = seconds(manifests.settings()["client_max_age"])
    for found in manifests.of("HorizontalPodAutoscaler"):
        down = found["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"]
        if age == 0:
            yield "slotway.yaml: client_max_age is 0: new pods would get no clients"
        if down < 2 * age:
            yield f"{named(found)}: waits {down} s before it shrinks, less than twice client_max_age"
        target = manifests.named("Deployment", found["spec"]["scaleTargetRef"]["name"])
        if target and "replicas" in target["spec"]:
            yield f"{named(target)}: has replicas, which would be set again by each apply"
        if found["spec"]["minReplicas"] < 2:
            yield f"{named(found)}: fewer than two pods"
