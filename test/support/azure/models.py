"""Writes what Azure's own Python packages say of the resources that clusters are made of, as JSON: models.py FILE.

Of each model its members by their names on the wire, with their types and whether only Azure writes them; of each enum its
values.
"""
import builtins
import collections.abc
import enum
import importlib
import json
import sys
import types
import typing

ROOTS = {
    "azure.mgmt.compute.models": ["VirtualMachine", "Disk"],
    "azure.mgmt.network.models": [
        "NetworkInterface",
        "PublicIPAddress",
        "NetworkSecurityGroup",
        "ApplicationSecurityGroup",
        "VirtualNetwork",
    ],
    "azure.mgmt.resource.resources.models": ["ResourceGroup"],
}
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", object: "any"}


def described(root, package, models):
    """The name of a type's shape; models that it needs are described, too."""
    if isinstance(root, (str, typing.ForwardRef)):
        root = named(root if isinstance(root, str) else root.__forward_arg__, package)
    origin, inner = typing.get_origin(root), typing.get_args(root)
    if origin in (typing.Union, types.UnionType):
        shapes = [described(each, package, models) for each in inner if each is not type(None)]
        # An open enum is a string or one of its values: the values are what is documented.
        values = [each for each in shapes if each.startswith("enum:")]
        return values[0] if values else shapes[0] if len(shapes) == 1 else "any"
    if origin is list:
        return f"list:{described(inner[0], package, models)}"
    if origin in (dict, collections.abc.Mapping):
        return f"map:{described(inner[1], package, models)}"
    if isinstance(root, type) and issubclass(root, enum.Enum):
        name = f"{space_of(package)}.{root.__name__}"
        models[name] = {"values": [each.value for each in root]}
        return f"enum:{name}"
    if isinstance(root, type) and getattr(root, "_is_model", False):
        return f"model:{model(root, package, models)}"
    return PLAIN.get(root, "string" if isinstance(root, type) else "any")


def named(text, package):
    """`_models.X`, or a type of Python's own."""
    found = package
    for part in text.split(".")[1:]:
        found = getattr(found, part, typing.Any)
    return found if "." in text else getattr(builtins, text, typing.Any)


def model(kind, package, models):
    name = f"{space_of(package)}.{kind.__name__}"
    if name in models:
        return name
    members = {}
    models[name] = {"members": members}
    kind()
    hints = {attribute: hint for each in reversed(kind.__mro__) for attribute, hint in own_hints(each).items()}
    for attribute, field in kind._attr_to_rest_field.items():
        written = [getattr(each, "value", each) for each in field._visibility or []]
        shape = described(hints.get(attribute, typing.Any), package, models)
        members[field._rest_name] = {"type": shape, "readOnly": written == ["read"]}
    return name


def own_hints(kind):
    return kind.__dict__.get("__annotations__", {})


def space_of(package):
    return package.__name__.split(".")[2]


def main(path):
    models = {}
    for module, roots in ROOTS.items():
        package = importlib.import_module(module)
        for root in roots:
            model(getattr(package, root), package, models)
    with open(path, "w") as file:
        json.dump(models, file)


if __name__ == "__main__":
    main(sys.argv[1])
