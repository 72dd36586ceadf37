"""`python -m local_stack.bicep build|build-params|compare`: the verbs of the real CLI, as far as they are needed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from local_stack.azure_types import AzureTypes
from local_stack.bicep.compare import compare, pairs
from local_stack.bicep.compilation import Compilation
from local_stack.bicep.diagnose import report
from local_stack.bicep.diagnostics import Diagnostic
from local_stack.bicep.emit import text_of, write
from local_stack.bicep.files import Unreadable
from local_stack.bicep.parameters import ParameterFile


def main(arguments: list[str] | None = None) -> int:
    """Run a verb and return the exit status: 0 without errors, 1 with, 2 where a comparison cannot be made."""
    options = _parser().parse_args(arguments)
    verb: int = options.run(options)
    return verb


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack.bicep", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, run, what in (
        ("build", _build, "compile a template"),
        ("build-params", _build_params, "compile a parameter file"),
    ):
        verb = verbs.add_parser(name, help=what)
        verb.add_argument("file", type=Path)
        place = verb.add_mutually_exclusive_group()
        place.add_argument("--outfile", type=Path, help="write there instead of beside the source")
        place.add_argument("--stdout", action="store_true", help="print instead of writing")
        verb.set_defaults(run=run)
    verb = verbs.add_parser("compare", help="hold folders with main.bicep and main.json against each other")
    verb.add_argument("folder", type=Path)
    verb.set_defaults(run=_compare)
    verb = verbs.add_parser("diagnose", help="hold findings against those in main.diagnostics.bicep files")
    verb.add_argument("folder", type=Path)
    verb.set_defaults(run=_diagnose)
    return parser


def _tell(found: list[Diagnostic]) -> None:
    for each in found:
        print(each, file=sys.stderr)


def _unreadable(problem: Unreadable, file: Path) -> int:
    missing = f'The input file "{file}" does not exist.'
    print(
        missing if not file.exists() else f"{file}(1,1) : Error {problem.code}: {problem.message}",
        file=sys.stderr,
    )
    return 1


def _build(options: argparse.Namespace) -> int:
    compilation = Compilation()
    try:
        template = compilation.build(options.file)
    except Unreadable as problem:
        return _unreadable(problem, options.file.resolve())
    _tell(compilation.diagnostics)
    if template is None or any(each.is_error for each in compilation.diagnostics):
        return 1
    if options.stdout:
        print(text_of(template))
    else:
        write(template, options.outfile or options.file.with_suffix(".json"))
    return 0


def _build_params(options: argparse.Namespace) -> int:
    compilation = Compilation()
    source = ParameterFile(options.file, compilation, os.environ)
    try:
        parameters = source.build()
    except Unreadable as problem:
        return _unreadable(problem, options.file.resolve())
    _tell(source.diagnostics)
    if parameters is None:
        return 1
    if options.stdout:
        told = {
            "parametersJson": text_of(parameters),
            "templateJson": text_of(source.template),
            "templateSpecId": None,
        }
        print(json.dumps(told, ensure_ascii=False, separators=(",", ":")))
    else:
        write(parameters, options.outfile or options.file.with_suffix(".json"))
    return 0


def _compare(options: argparse.Namespace) -> int:
    types = AzureTypes()
    if not types.named:
        print(
            "No type catalogue: set VIBEDATA_AZURE_TYPES to a folder with names.txt.gz or a "
            "checkout of bicep-types-az."
        )
        return 2
    counts = {"equal": 0, "refused": 0, "different": 0}
    for folder in pairs(options.folder):
        result = compare(folder, types)
        told = "different" if result.differences else "refused" if result.refused else "equal"
        counts[told] += 1
        if result.differences:
            print(f"{folder}: different: main.json was made by {result.made_by}")
        for line in [*result.differences, *result.refused]:
            print(f"{folder}: {told}: {line}")
    print(", ".join(f"{count} {told}" for told, count in counts.items()))
    return 1 if counts["different"] else 0


def _diagnose(options: argparse.Namespace) -> int:
    lines = report(options.folder, AzureTypes())
    print("\n".join(lines) or "No findings to compare.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
