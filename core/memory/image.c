/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of memory images. Nothing in them is trusted: each number is checked
 * against the file, and what they promise beyond its end is counted, not read.
 *
 * ELF: elf(5), and QEMU's dump/dump.c for what dump-guest-memory writes.
 * LiME: https://github.com/504ensicsLabs/LiME, doc/README.md, version 1.
 */

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "haywire/vector.h"
#include "image.h"

/* No machine has physical addresses from here on: nothing below wraps. */
#define GPA_END (UINT64_C(1) << 52)

#define LIME_MAGIC   0x4c694d45
#define LIME_VERSION 1

typedef struct LimeHeader {
    uint32_t magic;
    uint32_t version;
    uint64_t start;
    uint64_t last; /* inclusive */
    uint64_t reserved;
} LimeHeader;

typedef struct Reader {
    int fd;
    uint64_t size;
    HaywireVector extents;
    uint64_t missing;
    HaywireDiagnosis *diagnosis;
} Reader;

static HaywireStatus refuse(const Reader *reader, HaywireStatus status,
                            const char *field, uint64_t offset, uint64_t value)
{
    if (reader->diagnosis) {
        *reader->diagnosis = (HaywireDiagnosis){ offset, field, value };
    }
    return status;
}

/* HAYWIRE_SHORT_PAYLOAD: the file ends before. */
static HaywireStatus read_at(const Reader *reader, uint64_t offset, void *to,
                             size_t length, const char *what)
{
    ssize_t got;

    if (offset > reader->size || length > reader->size - offset) {
        return refuse(reader, HAYWIRE_SHORT_PAYLOAD, what, offset, length);
    }
    got = pread(reader->fd, to, length, (off_t)offset);
    if (got == (ssize_t)length) {
        return HAYWIRE_OK;
    }
    return got < 0
               ? HAYWIRE_IO_ERROR
               : refuse(reader, HAYWIRE_SHORT_PAYLOAD, what, offset, length);
}

static HaywireStatus add(Reader *reader, uint64_t gpa, uint64_t offset,
                         uint64_t length)
{
    uint64_t there = offset < reader->size ? reader->size - offset : 0;
    HaywireExtent extent = { gpa, offset, length < there ? length : there };

    /* Mappings of a kernel that have no physical address: kcore has -1. */
    if (gpa >= GPA_END || length > GPA_END - gpa) {
        return HAYWIRE_OK;
    }
    reader->missing += length - extent.length;
    reader->missing = reader->missing < GPA_END ? reader->missing : GPA_END;
    return extent.length > 0 ? haywire_vector_push(&reader->extents, &extent)
                             : HAYWIRE_OK;
}

/* ---- ELF --------------------------------------------------------------- */

static HaywireStatus check_elf(const Reader *reader, const Elf64_Ehdr *header)
{
    if (header->e_ident[EI_CLASS] != ELFCLASS64) {
        return refuse(reader, HAYWIRE_BAD_VALUE, "ELF class", EI_CLASS,
                      header->e_ident[EI_CLASS]);
    }
    if (header->e_ident[EI_DATA] != ELFDATA2LSB) {
        return refuse(reader, HAYWIRE_BAD_VALUE, "ELF byte order", EI_DATA,
                      header->e_ident[EI_DATA]);
    }
    if (le16toh(header->e_type) != ET_CORE) {
        return refuse(reader, HAYWIRE_BAD_KIND, "ELF type",
                      offsetof(Elf64_Ehdr, e_type), le16toh(header->e_type));
    }
    if (le16toh(header->e_phentsize) != sizeof(Elf64_Phdr)) {
        return refuse(reader, HAYWIRE_BAD_LENGTH, "ELF program header size",
                      offsetof(Elf64_Ehdr, e_phentsize),
                      le16toh(header->e_phentsize));
    }
    return HAYWIRE_OK;
}

/* More than fit into 16 bits stand in the first section header. */
static HaywireStatus count_headers(const Reader *reader,
                                   const Elf64_Ehdr *header,
                                   uint32_t *ret_count)
{
    Elf64_Shdr section;
    HaywireStatus status;

    *ret_count = le16toh(header->e_phnum);
    if (*ret_count != PN_XNUM) {
        return HAYWIRE_OK;
    }
    status = read_at(reader, le64toh(header->e_shoff), &section,
                     sizeof(section), "ELF section header");
    if (status == HAYWIRE_OK) {
        *ret_count = le32toh(section.sh_info);
    }
    return status;
}

static HaywireStatus read_elf(Reader *reader)
{
    Elf64_Ehdr header;
    uint32_t i, count = 0;
    uint64_t gpas = 0, places = 0, first = 0;
    HaywireStatus status =
        read_at(reader, 0, &header, sizeof(header), "ELF header");

    if (status == HAYWIRE_OK) {
        status = check_elf(reader, &header);
    }
    if (status == HAYWIRE_OK) {
        status = count_headers(reader, &header, &count);
    }
    if (status == HAYWIRE_OK && count > HAYWIRE_EXTENTS_MAX) {
        status = refuse(reader, HAYWIRE_LIMIT, "ELF program headers",
                        offsetof(Elf64_Ehdr, e_phnum), count);
    }
    for (i = 0; i < count && status == HAYWIRE_OK; i++) {
        uint64_t at = le64toh(header.e_phoff);
        Elf64_Phdr load;

        at = at < reader->size ? at + i * sizeof(load) : UINT64_MAX;
        status = read_at(reader, at, &load, sizeof(load), "ELF program header");
        if (status == HAYWIRE_OK && le32toh(load.p_type) == PT_LOAD) {
            first = reader->extents.count == 0 ? le64toh(load.p_offset) : first;
            gpas |= le64toh(load.p_paddr);
            places |= le64toh(load.p_offset) ^ first;
            status = add(reader, le64toh(load.p_paddr), le64toh(load.p_offset),
                         le64toh(load.p_filesz));
        }
    }
    /* A process's core has no physical addresses: each of its parts is at 0. */
    if (status == HAYWIRE_OK && gpas == 0 && places != 0 &&
        reader->extents.count > 1) {
        return refuse(reader, HAYWIRE_BAD_KIND, "physical address",
                      offsetof(Elf64_Phdr, p_paddr), 0);
    }
    return status;
}

/* ---- LiME -------------------------------------------------------------- */

static HaywireStatus read_lime(Reader *reader)
{
    HaywireStatus status = HAYWIRE_OK;
    uint64_t at = 0, start, length;
    LimeHeader header;
    uint32_t i;

    for (i = 0; at < reader->size && status == HAYWIRE_OK; i++) {
        status = read_at(reader, at, &header, sizeof(header), "LiME header");
        if (status != HAYWIRE_OK) {
            return status;
        }
        start = le64toh(header.start);
        length = le64toh(header.last) - start + 1;
        if (le32toh(header.magic) != LIME_MAGIC) {
            return refuse(reader, HAYWIRE_BAD_MAGIC, "LiME header", at,
                          le32toh(header.magic));
        }
        if (le32toh(header.version) != LIME_VERSION) {
            return refuse(reader, HAYWIRE_BAD_VERSION, "LiME version", at,
                          le32toh(header.version));
        }
        if (le64toh(header.last) < start || length == 0 || length > GPA_END) {
            return refuse(reader, HAYWIRE_BAD_RANGE, "LiME range", at, start);
        }
        if (i == HAYWIRE_EXTENTS_MAX) {
            return refuse(reader, HAYWIRE_LIMIT, "LiME headers", at, i);
        }
        at += sizeof(header);
        status = add(reader, start, at, length);
        at = length < reader->size - at ? at + length : reader->size;
    }
    return status;
}

/* ---- Both -------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const HaywireExtent *one = a, *other = b;

    if (one->gpa != other->gpa) {
        return one->gpa < other->gpa ? -1 : 1;
    }
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/*
 * What the headers name twice, as a dump with paging does, counts once; pieces
 * that go on where the last one ends are one with it.
 */
static size_t join(HaywireExtent *extent, size_t count)
{
    size_t i, kept = 0;

    for (i = 0; i < count; i++) {
        HaywireExtent piece = extent[i];
        HaywireExtent *last = kept > 0 ? &extent[kept - 1] : NULL;
        uint64_t twice = 0;

        if (last && last->gpa + last->length > piece.gpa) {
            twice = last->gpa + last->length - piece.gpa;
        }
        if (twice >= piece.length) {
            continue;
        }
        piece.gpa += twice;
        piece.offset += twice;
        piece.length -= twice;
        if (last && last->gpa + last->length == piece.gpa &&
            last->offset + last->length == piece.offset) {
            last->length += piece.length;
        } else {
            extent[kept++] = piece;
        }
    }
    return kept;
}

static size_t keep_whole_pages(HaywireExtent *extent, size_t count)
{
    size_t i, kept = 0;

    for (i = 0; i < count; i++) {
        HaywireExtent piece = extent[i];
        uint64_t skip = -piece.gpa % HAYWIRE_PAGE_SIZE;

        if (piece.length < skip + HAYWIRE_PAGE_SIZE) {
            continue;
        }
        piece.gpa += skip;
        piece.offset += skip;
        piece.length -= skip;
        piece.length -= piece.length % HAYWIRE_PAGE_SIZE;
        extent[kept++] = piece;
    }
    return kept;
}

static HaywireStatus read_kind(Reader *reader, HaywireImageKind *ret_kind)
{
    uint8_t start[SELFMAG] = { 0 };
    uint32_t word;

    if (reader->size < sizeof(start)) {
        return HAYWIRE_NOT_FOUND;
    }
    if (pread(reader->fd, start, sizeof(start), 0) != sizeof(start)) {
        return HAYWIRE_IO_ERROR;
    }
    memcpy(&word, start, sizeof(word));
    if (memcmp(start, ELFMAG, SELFMAG) == 0) {
        *ret_kind = HAYWIRE_IMAGE_ELF;
        return read_elf(reader);
    }
    if (le32toh(word) == LIME_MAGIC) {
        *ret_kind = HAYWIRE_IMAGE_LIME;
        return read_lime(reader);
    }
    return HAYWIRE_NOT_FOUND;
}

HaywireStatus haywire_image_read(int fd, uint64_t size, HaywireImage *ret_image,
                                 HaywireDiagnosis *diagnosis,
                                 HaywireExtent **ret_extent, size_t *ret_count)
{
    Reader reader = { .fd = fd, .size = size, .diagnosis = diagnosis };
    HaywireImageKind kind;
    HaywireExtent *extent;
    size_t count = 0;
    HaywireStatus status;

    haywire_vector_init(&reader.extents, sizeof(*extent), HAYWIRE_EXTENTS_MAX);
    status = read_kind(&reader, &kind);
    extent = reader.extents.data;
    if (status == HAYWIRE_OK && reader.extents.count > 0) {
        qsort(extent, reader.extents.count, sizeof(*extent), compare);
        count = keep_whole_pages(extent, join(extent, reader.extents.count));
    }
    if (status == HAYWIRE_OK && count == 0) {
        status = refuse(&reader, HAYWIRE_SOURCE_EMPTY, "memory", 0, 0);
    }
    if (status != HAYWIRE_OK) {
        haywire_vector_clear(&reader.extents);
        return status;
    }
    *ret_image = (HaywireImage){ kind, reader.missing };
    *ret_extent = extent;
    *ret_count = count;
    return HAYWIRE_OK;
}
