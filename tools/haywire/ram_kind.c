/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kinds of files by how they begin: see ram_kind.h.
 */
#include "ram_kind.h"

#include <string.h>
#include <unistd.h>

#include "exit_status.h"

#define MAGIC_MAX 16

typedef struct Kind {
    const char *magic;
    gsize length;
    const char *what;
    const char *advice;
} Kind;

#define MAGIC(bytes) (bytes), sizeof(bytes) - 1

#define UNPACK "unpack it first"
#define IS_DISK                                                                \
    "that is no memory; give the file of the guest's memory-backend-file, or " \
    "a core of dump-guest-memory"
#define DUMP_PLAIN                                                            \
    "dump-guest-memory (virsh dump --memory-only) without a format writes a " \
    "core that can be read"

static const Kind kinds[] = {
    { MAGIC("\x1f\x8b\x08"), "gzip data", UNPACK ": gunzip -k" },
    { MAGIC("\x28\xb5\x2f\xfd"), "zstd data", UNPACK ": unzstd" },
    { MAGIC("\xfd"
            "7zXZ\0"),
      "xz data", UNPACK ": unxz -k" },
    { MAGIC("BZh"), "bzip2 data", UNPACK ": bunzip2 -k" },
    { MAGIC("\x04\x22\x4d\x18"), "lz4 data", UNPACK ": unlz4" },
    { MAGIC("PK\3\4"), "a zip archive", UNPACK ": unzip" },
    { MAGIC("7z\xbc\xaf\x27\x1c"), "a 7z archive", UNPACK },
    { MAGIC("QFI\xfb"), "a qcow2 disk image", IS_DISK },
    { MAGIC("KDMV"), "a VMDK disk image", IS_DISK },
    { MAGIC("vhdxfile"), "a VHDX disk image", IS_DISK },
    { MAGIC("<<< Oracle VM"), "a VDI disk image", IS_DISK },
    { MAGIC("QEVM"), "a QEMU migration stream",
      "start a QEMU from it (-incoming) and ask that one" },
    { MAGIC("LibvirtQemudSave"), "a libvirt save file", DUMP_PLAIN },
    { MAGIC("LibvirtQemudPart"), "an unfinished libvirt save file",
      DUMP_PLAIN },
    { MAGIC("KDUMP   "), "a compressed kdump", DUMP_PLAIN },
    { MAGIC("makedumpfile\0"), "a flattened kdump", DUMP_PLAIN },
    { MAGIC("PAGEDU64"), "a Windows crash dump", DUMP_PLAIN },
    { MAGIC("PAGEDUMP"), "a Windows crash dump", DUMP_PLAIN },
};

gboolean haywire_ram_kind_check(int fd, const char *path, GError **error)
{
    char start[MAGIC_MAX] = { 0 };
    const ssize_t got = pread(fd, start, sizeof(start), 0);

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const Kind *kind = &kinds[i];

        if (got >= (ssize_t)kind->length &&
            memcmp(start, kind->magic, kind->length) == 0) {
            return haywire_exit_fail(error, HAYWIRE_EXIT_IO, "%s: %s: %s", path,
                                     kind->what, kind->advice);
        }
    }
    return TRUE;
}
