"""Keeps the documents true: every C++ snippet in README.md and docs/ quotes a marked part of a file that is compiled.

In a document, the line before a ```cpp fence names the source:   <!-- examples/01_matte_one_image.cpp [readme] -->
In the source, the part stands between  // [readme]  and  // [/readme].
usage: check_docs.py [--write]     --write copies the sources' parts into the documents
"""
import pathlib
import re
import sys
import textwrap

root = pathlib.Path(__file__).resolve().parent.parent
fence = re.compile(r"(?P<head>(?:<!-- (?P<file>\S+) \[(?P<part>\S+)\] -->\n)?```cpp\n)(?P<code>.*?)```", re.S)


def part_of(file, part):
    text = (root / file).read_text(encoding="utf-8")
    found = re.search(rf"^[ \t]*// \[{re.escape(part)}\]\n(.*?)^[ \t]*// \[/{re.escape(part)}\]", text, re.S | re.M)
    if not found:
        raise SystemExit(f"{file}: has no part [{part}]")
    return textwrap.dedent(found.group(1))


def main():
    write = "--write" in sys.argv[1:]
    wrong = 0
    snippets = 0
    for document in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        text = document.read_text(encoding="utf-8")

        def replace(match):
            nonlocal wrong, snippets
            snippets += 1
            name = document.relative_to(root)
            if not match["file"]:
                wrong += 1
                print(f"{name}: a C++ snippet without a source:\n{match['code']}")
                return match[0]
            code = part_of(match["file"], match["part"])
            if code != match["code"] and not write:
                wrong += 1
                print(f"{name}: differs from {match['file']} [{match['part']}]; run scripts/check_docs.py --write")
            return f"{match['head']}{code}```"

        after = fence.sub(replace, text)
        if write and after != text:
            document.write_text(after, encoding="utf-8")
    print(f"{snippets - wrong} of {snippets} snippets agree with their sources")
    sys.exit(1 if wrong else 0)


main()
