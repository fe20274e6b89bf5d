/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The notes of /proc/kcore, an ELF core file of the running kernel. */

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "os/linux/cleanup.h"
#include "os/linux/kcore.h"
#include "os/linux/proc_file.h"

#define NOTES_LIMIT         65536
#define PROGRAM_HEADERS_MAX 4096
#define VMCOREINFO_NAME     "VMCOREINFO"

static size_t note_align(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

static bool is_vmcoreinfo(const uint8_t *name, size_t length)
{
    /* The name's length includes its NUL. */
    return length == sizeof(VMCOREINFO_NAME) &&
           memcmp(name, VMCOREINFO_NAME, length) == 0;
}

static size_t copy_text(char *ret_text, size_t size, const uint8_t *text,
                        size_t length)
{
    length = strnlen((const char *)text, length);
    length = length < size ? length : size;
    memcpy(ret_text, text, length);
    return length;
}

size_t haywire_notes_vmcoreinfo(const uint8_t *notes, size_t length,
                                char *ret_text, size_t size)
{
    size_t at = 0;

    while (length - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        size_t name;
        size_t text;

        memcpy(&note, notes + at, sizeof(note));
        at += sizeof(note);
        name = note_align(note.n_namesz);
        text = note_align(note.n_descsz);
        if (name > length - at || text > length - at - name) {
            return 0;
        }
        if (is_vmcoreinfo(notes + at, note.n_namesz)) {
            return copy_text(ret_text, size, notes + at + name, note.n_descsz);
        }
        at += name + text;
    }
    return 0;
}

static bool read_at(int fd, void *buffer, size_t length, uint64_t at)
{
    return at <= INT64_MAX &&
           pread(fd, buffer, length, (off_t)at) == (ssize_t)length;
}

static bool find_notes(int fd, Elf64_Phdr *ret_header)
{
    Elf64_Ehdr header;

    if (!read_at(fd, &header, sizeof(header), 0) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_phentsize != sizeof(Elf64_Phdr)) {
        return false;
    }
    for (size_t i = 0; i < header.e_phnum && i < PROGRAM_HEADERS_MAX; i++) {
        if (!read_at(fd, ret_header, sizeof(*ret_header),
                     header.e_phoff + i * sizeof(*ret_header))) {
            return false;
        }
        if (ret_header->p_type == PT_NOTE) {
            return true;
        }
    }
    return false;
}

size_t haywire_kcore_vmcoreinfo(int proc, char *ret_text, size_t size)
{
    HAYWIRE_AUTOCLOSE int fd = -1;
    HAYWIRE_AUTOFREE uint8_t *notes = NULL;
    Elf64_Phdr header;

    if (haywire_proc_open(proc, "kcore", 0, &fd) != HAYWIRE_COLLECT_OK ||
        !find_notes(fd, &header) || header.p_filesz > NOTES_LIMIT) {
        return 0;
    }
    notes = malloc(header.p_filesz);
    if (!notes || !read_at(fd, notes, header.p_filesz, header.p_offset)) {
        return 0;
    }
    return haywire_notes_vmcoreinfo(notes, header.p_filesz, ret_text, size);
}
