"""slotway.yaml as it is mounted."""

import os
import re
import subprocess
import tempfile

from manifests import matches, named
from rules.mounts import secret_files


def check_config(manifests):
    """The binary takes it, with the variables of its pod."""
    if not manifests.project.slotway:
        return
    with tempfile.TemporaryDirectory() as folder:
        text = manifests.settings_text()
        for _, path in secret_files(manifests.settings()):
            # Secrets are the user's: any password will do.
            here = os.path.join(folder, os.path.basename(path))
            text = text.replace(path, here)
            write(here, "requirepass it-is-secret\n")
        write(os.path.join(folder, "slotway.yaml"), text)
        command = [manifests.project.slotway, "--config", "slotway.yaml", "--check-config"]
        env = os.environ | pod_variables(manifests.container())
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield f"slotway --check-config: {(done.stdout + done.stderr).strip()}"


def pod_variables(container):
    values = {env["name"]: env.get("value", "a-value") for env in container.get("env", [])}
    return {name: re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], value) for name, value in values.items()}


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def seeds(manifests):
    found = manifests.settings()["upstream"]["seeds"]
    for seed in [found] if isinstance(found, str) else found:
        host, _, port = seed.rpartition(":")
        yield host, int(port)


def service_of(manifests, host, port):
    service = manifests.named("Service", host)
    return service if service and any(known["port"] == port for known in service["spec"]["ports"]) else None


def upstream(manifests):
    """Seeds are Services of this overlay, or an example that the user replaces."""
    for host, port in seeds(manifests):
        if not host.endswith(".example") and not service_of(manifests, host, port):
            yield f"slotway.yaml: upstream.seeds: there is no Service {host} with port {port}"


def egress(manifests):
    """NetworkPolicies let Slotway reach its seeds, and its seeds' pods let it in."""
    labels = manifests.slotway().labels
    policies = [p for p in manifests.of("NetworkPolicy") if matches(p["spec"]["podSelector"].get("matchLabels"), labels)]
    for host, port in seeds(manifests):
        for policy in policies:
            rules = policy["spec"].get("egress", [])
            if "Egress" in policy["spec"]["policyTypes"] and not any(
                known["port"] == port for rule in rules for known in rule["ports"]
            ):
                yield f"{named(policy)}: Slotway cannot reach {host}:{port}"
        service = service_of(manifests, host, port)
        for template in manifests.selected(service["spec"]["selector"]) if service else ():
            yield from refusals(manifests, template, labels)


def refusals(manifests, template, labels):
    for policy in manifests.of("NetworkPolicy"):
        if matches(policy["spec"]["podSelector"].get("matchLabels"), template.labels):
            peers = [peer for rule in policy["spec"]["ingress"] for peer in rule["from"] if "podSelector" in peer]
            if not any(matches(peer["podSelector"].get("matchLabels"), labels) for peer in peers):
                yield f"{named(policy)}: does not let Slotway in"
