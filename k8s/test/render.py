"""Renders kustomizations: with kubectl where it is installed, else with kustomization.py."""

import os
import shutil
import subprocess
import tempfile

import yaml

import kustomization


def kubectl():
    """A kubectl that knows components (kustomize 3.7 and later; Debian 12's does not)."""
    path = shutil.which("kubectl")
    if not path:
        return None
    asked = subprocess.run([path, "version", "--client"], capture_output=True, text=True, check=False)
    return path if "Kustomize Version: v5" in asked.stdout else None


def by_kubectl(path, folder):
    done = subprocess.run([path, "kustomize", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr:
        raise ValueError(f"kubectl kustomize {folder}: {done.stderr.strip()}")
    return list(yaml.safe_load_all(done.stdout))


def key(found):
    return found["kind"], found["metadata"]["name"]


def render(folder):
    """The objects. Where both ways are open they must come to the same."""
    own = sorted(kustomization.build(folder), key=key)
    path = kubectl()
    if path:
        other = sorted(by_kubectl(path, folder), key=key)
        if own != other:
            differing = [f"{mine['kind']} {mine['metadata']['name']}" for mine in own if mine not in other]
            raise ValueError(f"{folder}: kustomization.py and kubectl differ in {', '.join(differing) or 'number'}")
    return own


def render_with(folder, component):
    """The objects of a folder with a component that it does not take in by itself."""
    with open(os.path.join(folder, "kustomization.yaml"), encoding="utf-8") as file:
        namespace = yaml.safe_load(file)["namespace"]
    with tempfile.TemporaryDirectory() as scratch:
        spec = {"kind": "Kustomization", "apiVersion": "kustomize.config.k8s.io/v1beta1", "namespace": namespace}
        spec |= {"resources": [os.path.relpath(folder, scratch)], "components": [os.path.relpath(component, scratch)]}
        with open(os.path.join(scratch, "kustomization.yaml"), "w", encoding="utf-8") as file:
            yaml.safe_dump(spec, file)
        return render(scratch)
