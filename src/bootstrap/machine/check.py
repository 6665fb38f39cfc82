"""Whether this interpreter has what is asked for: check.py VERSION REQUIREMENTS. Says what is missing."""
import sys
from importlib import metadata, util


def problems(line):
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        yield f"nobody can tell whether {line} is there"
        return
    if wanted.marker and not wanted.marker.evaluate():
        return
    try:
        found = metadata.distribution(wanted.name)
    except metadata.PackageNotFoundError:
        yield f"{wanted.name} is missing"
        return
    if not wanted.specifier.contains(found.version, prereleases=True):
        yield f"{wanted.name} is {found.version}, not {wanted.specifier}"
    for needed in map(Requirement, found.requires or ()):
        if needed.marker and any(needed.marker.evaluate({"extra": extra}) for extra in wanted.extras):
            needed.marker = None
            yield from problems(str(needed))


def main(version, requirements):
    own = "%d.%d" % sys.version_info[:2]
    if version not in ("any", own):
        return [f"it is Python {own}, not {version}"]
    if util.find_spec("distributed") is None:
        return ["distributed is missing"]
    with open(requirements) as lines:
        return [problem for line in lines for problem in problems(line.strip())]


found = main(*sys.argv[1:])
if found:
    sys.exit(f"install: {sys.executable} is not used: {'; '.join(found)}")
