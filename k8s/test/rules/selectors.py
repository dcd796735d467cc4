"""Selectors, and references by name, that lead somewhere."""

from manifests import matches, named


def selectors(manifests):
    """Whatever selects pods selects some, and an owner its own."""
    for owner in manifests.of("Deployment", "StatefulSet"):
        labels = owner["spec"]["template"]["metadata"].get("labels", {})
        if not matches(owner["spec"]["selector"]["matchLabels"], labels):
            yield f"{named(owner)}: its selector does not match its own pods"
    for what, selector in pod_selectors(manifests):
        if selector and not manifests.selected(selector):
            yield f"{what}: selects no pods: {selector}"


def pod_selectors(manifests):
    for service in manifests.of("Service"):
        yield named(service), service["spec"].get("selector")
    for budget in manifests.of("PodDisruptionBudget"):
        yield named(budget), budget["spec"]["selector"]["matchLabels"]
    for policy in manifests.of("NetworkPolicy"):
        yield named(policy), policy["spec"]["podSelector"].get("matchLabels")
        for rule in policy["spec"].get("ingress", []):
            for peer in rule.get("from", []):
                if "podSelector" in peer and "namespaceSelector" not in peer:
                    yield named(policy), peer["podSelector"].get("matchLabels")
    for template in manifests.templates():
        for constraint in template.spec.get("topologySpreadConstraints", []):
            yield f"{template.owner}: topologySpreadConstraints", constraint["labelSelector"]["matchLabels"]
        anti = template.spec.get("affinity", {}).get("podAntiAffinity", {})
        for term in anti.get("preferredDuringSchedulingIgnoredDuringExecution", []):
            yield f"{template.owner}: podAntiAffinity", term["podAffinityTerm"]["labelSelector"]["matchLabels"]


def owners(manifests):
    """Names of other objects are those of objects that are there."""
    for autoscaler in manifests.of("HorizontalPodAutoscaler"):
        target = autoscaler["spec"]["scaleTargetRef"]
        if not manifests.named(target["kind"], target["name"]):
            yield f"{named(autoscaler)}: there is no {target['kind']} {target['name']}"
    for owner in manifests.of("StatefulSet"):
        service = manifests.named("Service", owner["spec"]["serviceName"])
        if not service or service["spec"].get("clusterIP") != "None":
            yield f"{named(owner)}: there is no headless Service {owner['spec']['serviceName']}"
    for template in manifests.templates():
        account = template.spec.get("serviceAccountName")
        if account and not manifests.named("ServiceAccount", account):
            yield f"{template.owner}: there is no ServiceAccount {account}"
