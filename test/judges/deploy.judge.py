"""Terraform and YAML files as one JSON document: what their own languages' readers make of them."""

import json
import pathlib
import sys

import hcl2
import yaml


def plain(value):
    if isinstance(value, dict):
        return {plain(name): plain(member) for name, member in value.items() if not name.startswith("__")}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


folder = pathlib.Path(sys.argv[1])
terraform = {path.name: plain(hcl2.loads(path.read_text())) for path in sorted(folder.glob("terraform/*.tf"))}
workflow = yaml.load((folder / "github-actions.yml").read_text(), Loader=yaml.BaseLoader)
json.dump({"terraform": terraform, "workflow": workflow}, sys.stdout)
