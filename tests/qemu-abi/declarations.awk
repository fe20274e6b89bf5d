# SPDX-License-Identifier: GPL-2.0-or-later
#
# Make qemu_internals.h fit to stand behind QEMU's own headers in one file:
# each structure that it defines is called struct haywire_NAME, so that the
# two definitions can be compared, and every other use of NAME means QEMU's.
# So a prototype that differs from QEMU's does not compile. Functions with a
# body are left out.

/^static inline/ { in_function = 1 }
in_function { if (/^}/) in_function = 0; next }

/^typedef struct [A-Za-z0-9_]+ \{/ {
    sub(/^typedef struct /, "struct haywire_")
    in_typedef = 1
    print
    next
}
in_typedef && /^} [A-Za-z0-9_]+;/ { print "};"; in_typedef = 0; next }

/^struct [A-Za-z0-9_]+ \{/ { sub(/^struct /, "struct haywire_") }

{ print }
