# SPDX-License-Identifier: GPL-2.0-or-later
#
# QEMU 7.2 has headers in another place, and another form of the comments in its
# QAPI schema: a description goes on below its first word, errors are items of
# "Returns:", and notes and examples are sections of their own.
import re
import textwrap

WIDTH = 70 - len("# ")


def adapt(path, text):
    """Return the new file @path as QEMU 7.2 wants it."""
    if not path.endswith(".json"):
        return text.replace('"qobject/', '"qapi/qmp/')
    text = text.replace("# *******\n# Haywire\n# *******\n", "# = Haywire\n")
    return re.sub(r"(?ms)^##\n(# @.*?)^##\n", adapt_comment, text)


def adapt_comment(match):
    text = re.sub(r"(?m)^# ?", "", match[1])
    sections = []
    for section in text.strip("\n").split("\n\n"):
        if section.startswith("@") and ": " in section:
            name, _, description = section.partition(" ")
            section = fill(name + " ", description)
        elif section.startswith("Errors:"):
            section = returns(sections.pop(), section)
        elif section.startswith(".. note:: "):
            section = fill("Note: ", section[len(".. note:: "):])
        elif section.startswith(".. qmp-example::"):
            section = "Example:"
        elif section.startswith("    "):
            section = textwrap.dedent(section)
        sections.append(section)
    lines = "\n\n".join(sections).split("\n")
    comment = "".join(("# " + line).rstrip() + "\n" for line in lines)
    return "##\n" + comment + "##\n"


def returns(section, errors):
    """Return both sections as one list."""
    items = [section[len("Returns: "):]] + errors.split("\n    - ")[1:]
    lines = [fill("         - ", item) for item in items]
    return "Returns:" + "\n".join(lines)[len("Returns:"):]


def fill(first, text):
    """Return @first and @text as one paragraph that goes on below @text."""
    text = text.replace("``interval``", '"interval"')
    return textwrap.fill(" ".join(text.split()), WIDTH,
                         initial_indent=first,
                         subsequent_indent=" " * len(first),
                         break_long_words=False, break_on_hyphens=False)
