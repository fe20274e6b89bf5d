# SPDX-License-Identifier: GPL-2.0-or-later
#
# QEMU 10.0 has its own sign for a title in the QAPI schema.


def adapt(path, text):
    """Return the new file @path as QEMU 10.0 wants it."""
    return text.replace("# *******\n# Haywire\n# *******\n", "# = Haywire\n")
