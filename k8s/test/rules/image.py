"""The image that Dockerfile makes, as pods use it."""


def image(manifests):
    """Slotway's pods run the image as it is made: its version, user, program, ports, and where its configuration is."""
    made = manifests.project.image()
    pod, container = manifests.slotway().spec, manifests.container()
    _, _, tag = container["image"].rpartition(":")
    context = pod.get("securityContext", {})
    arguments = container.get("args", [])
    config = arguments[arguments.index("--config") + 1] if "--config" in arguments else None
    used = {
        "version": tag,
        "config": config,
        "user": f"{context.get('runAsUser')}:{context.get('runAsGroup')}",
        "ports": {port["containerPort"] for port in container["ports"]},
        "entry_point": container.get("command"),
    }
    for what, value in made.items():
        if used[what] != value:
            yield f"{what}: Dockerfile has {value}, the pod {used[what]}"
