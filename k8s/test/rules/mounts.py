"""Files in containers: each comes from a volume that has it."""

import os


def mounts(manifests):
    """Volumes that are mounted are there, whole, and not one inside another; ConfigMaps that volumes name are there too."""
    for template in manifests.templates():
        volumes = {volume["name"]: volume for volume in template.spec.get("volumes", [])}
        owner = next(o for o in manifests.objects if f"{o['kind']} {o['metadata']['name']}" == template.owner)
        claims = {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
        for container in template.spec["containers"]:
            paths = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes and mount["name"] not in claims:
                    yield f"{template.owner}: there is no volume {mount['name']}"
                if "subPath" in mount:
                    yield f"{template.owner}: {mount['mountPath']} has a subPath: it would never be updated"
                if any(mount["mountPath"].startswith(path + "/") for path in paths):
                    yield f"{template.owner}: {mount['mountPath']} is inside another mount, which is read-only"
        for volume in volumes.values():
            name = volume.get("configMap", {}).get("name")
            if name and not manifests.named("ConfigMap", name):
                yield f"{template.owner}: there is no ConfigMap {name}"


def files(manifests):
    """Every file that a command, a variable or slotway.yaml names is in a volume; a password's is waited for."""
    for template in manifests.templates():
        for container in template.spec["containers"]:
            paths = [word for word in container.get("command", []) + container.get("args", []) if is_file(word)]
            paths += [env["value"] for env in container.get("env", []) if is_file(env.get("value", ""))]
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                paths += filter(is_file, container.get(probe, {}).get("exec", {}).get("command", []))
            hook = container.get("lifecycle", {}).get("preStop", {}).get("exec", {})
            paths += filter(is_file, hook.get("command", []))
            for path in paths:
                if provided(manifests, template.spec, container, path) is None:
                    yield f"{template.owner}: nothing mounts {path}"
    slotway = manifests.slotway().spec
    for option, path in secret_files(manifests.settings()):
        found = provided(manifests, slotway, slotway["containers"][0], path)
        if found is None:
            yield f"slotway.yaml: {option}: nothing mounts {path}"
        elif not found.get("optional"):
            yield f"slotway.yaml: {option}: the Secret of {path} is not optional; without it no pod could say what it lacks"
        elif manifests.settings().get("wait_for_secrets") not in (True, "on"):
            yield f"slotway.yaml: {option}: the Secret of {path} may be missing; wait_for_secrets must be on"


def is_file(word):
    return word.startswith("/") and "." in os.path.basename(word)


def secret_files(settings, prefix=""):
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from secret_files(value, f"{prefix}{key}.")
        elif key.endswith("_file") and value:
            yield prefix + key, value


def provided(manifests, pod, container, path):
    """What gives the file: the source of its volume, or None."""
    folder, name = os.path.split(path)
    for mount in container.get("volumeMounts", []):
        if mount["mountPath"] == folder:
            volume = next((v for v in pod.get("volumes", []) if v["name"] == mount["name"]), {})
            return source_of(manifests, volume, name)
    return None


def source_of(manifests, volume, name):
    if "configMap" in volume:
        config_map = manifests.named("ConfigMap", volume["configMap"]["name"])
        return volume["configMap"] if config_map and name in config_map["data"] else None
    if "secret" in volume:
        # Users make it; its keys are in the overlay's README line.
        return volume["secret"]
    for source in volume.get("projected", {}).get("sources", []):
        if any(item["path"] == name for item in source.get("secret", {}).get("items", [])):
            return source["secret"]
    return None
