"""Slotway's pods: their size, their end, their image."""

from manifests import seconds

# Kept for the process to end after its clients, and for the kubelet.
GRACE_RESERVE = 5
# Workers that a pod is meant to have: one in an overlay for laptops, which has no autoscaler.
WORKERS = {True: 2, False: 1}


def workers(manifests):
    """`workers: auto` takes the CPU limit, rounded up: a whole number, and `limits.max_memory` takes the memory limit."""
    limits = manifests.container().get("resources", {}).get("limits", {})
    settings = manifests.settings()
    if settings["workers"] != "auto" or settings["limits"]["max_memory"] != "auto":
        yield "slotway.yaml: workers and limits.max_memory are auto, which follows the container's limits"
    if not str(limits.get("cpu", "")).isdigit():
        yield f"the CPU limit is {limits.get('cpu')}: not a whole number, so the last worker would be throttled"
    elif int(limits["cpu"]) != WORKERS[bool(manifests.of("HorizontalPodAutoscaler"))]:
        yield f"the CPU limit makes {limits['cpu']} workers, which is not what is meant"
    if "memory" not in limits:
        yield "there is no memory limit: limits.max_memory would be three quarters of the machine's"
    requests = manifests.container()["resources"].get("requests", {})
    if manifests.of("HorizontalPodAutoscaler") and requests.get("cpu") != limits.get("cpu"):
        yield "the CPU request is not the limit: the autoscaler counts in requests, and workers are as many as the limit"


def grace(manifests):
    """The time to end is longer than the drain."""
    settings = manifests.settings()
    pod = manifests.slotway().spec
    hook = manifests.container().get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    delay, drain = seconds(settings["drain"]["delay"]), seconds(settings["timeouts"]["drain"])
    given = pod.get("terminationGracePeriodSeconds", 30)
    if given < hook + delay + drain + GRACE_RESERVE:
        yield f"terminationGracePeriodSeconds is {given}: less than {hook} + {delay:g} + {drain:g} + {GRACE_RESERVE} s"
    if delay + hook < 1:
        yield "drain.delay is 0: clients would be sent to a closed port until every node has heard of the end"


def images(manifests):
    """Images have a version, Slotway's is the project's."""
    for template in manifests.templates():
        for container in template.spec["containers"]:
            _, _, tag = container["image"].rpartition("/")[2].partition(":")
            if tag in ("", "latest"):
                yield f"{template.owner}: {container['image']} has no version"
    _, _, tag = manifests.container()["image"].partition(":")
    if tag != manifests.project.version():
        yield f"Slotway's image is {tag}, the project {manifests.project.version()}"
