"""What pods may do: as Kubernetes's profile `restricted` has it, and no more."""


def pod_security(manifests):
    """All pods run without root, privileges, capabilities or a writable root."""
    for template in manifests.templates():
        pod = template.spec.get("securityContext", {})
        if pod.get("runAsNonRoot") is not True or not pod.get("runAsUser"):
            yield f"{template.owner}: not runAsNonRoot with a number"
        if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{template.owner}: seccompProfile is not RuntimeDefault"
        if any(template.spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{template.owner}: uses the host's namespaces"
        if any("hostPath" in volume for volume in template.spec.get("volumes", [])):
            yield f"{template.owner}: mounts the host's files"
        for container in template.spec["containers"] + template.spec.get("initContainers", []):
            yield from container_problems(f"{template.owner}: {container['name']}", container.get("securityContext", {}))


def container_problems(where, context):
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield f"{where}: may get privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{where}: its root file system is not read-only"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield f"{where}: does not drop all capabilities"


def tokens(manifests):
    """No pod has a token of Kubernetes, nor variables of other Services, which could be taken for SLOTWAY_*."""
    for template in manifests.templates():
        if template.spec.get("automountServiceAccountToken") is not False:
            yield f"{template.owner}: has a token"
        if template.spec.get("enableServiceLinks") is not False:
            yield f"{template.owner}: has enableServiceLinks"
    for account in manifests.of("ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"ServiceAccount {account['metadata']['name']}: gives its token to pods"
