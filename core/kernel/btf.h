/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BTF: what the kernel says of its own structures (Documentation/bpf/btf.rst).
 * A reader of no more than offsets of members, that trusts nothing and
 * allocates nothing but an index. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_BTF_H
#define HAYWIRE_KERNEL_BTF_H

#include <stdbool.h>

#include "haywire/status.h"

/* Debian's kernels have 3 to 6 MiB. */
#define HAYWIRE_BTF_MAX         (16u << 20)
#define HAYWIRE_BTF_HEADER_SIZE 24

typedef struct HaywireBtf {
    const uint8_t *data; /* borrowed */
    uint32_t types_end;  /* types lie from the header to there */
    uint32_t size;       /* texts lie behind them, up to there */
    uint32_t *type;      /* where each lies; the first, void, is nowhere */
    uint32_t count;
} HaywireBtf;

typedef struct HaywireMember {
    uint32_t offset; /* bytes */
    uint32_t size;   /* bytes; 0: not known */
    uint32_t type;
    bool known;
} HaywireMember;

/*
 * How long the whole is, by its header.
 * HAYWIRE_OK, HAYWIRE_BAD_MAGIC, HAYWIRE_BAD_VERSION, HAYWIRE_BAD_LENGTH: a
 * header such as no kernel has, or more than HAYWIRE_BTF_MAX.
 */
HaywireStatus haywire_btf_size(const uint8_t header[HAYWIRE_BTF_HEADER_SIZE],
                               uint32_t *ret_size) HAYWIRE_MUST_CHECK;

/*
 * Index @size bytes at @data, which stay until haywire_btf_clear().
 * HAYWIRE_OK, as above, HAYWIRE_SHORT_PAYLOAD: less than the header says;
 * HAYWIRE_BAD_RECORD: a type of an unknown kind, or cut off; HAYWIRE_BAD_STRING:
 * texts without an end; HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_btf_init(HaywireBtf *btf, const uint8_t *data,
                               size_t size) HAYWIRE_MUST_CHECK;
void haywire_btf_clear(HaywireBtf *btf); /* one that is all 0 is fine */

/*
 * The structures or unions of these names, the first of each; 0: there is none.
 */
void haywire_btf_structs(const HaywireBtf *btf, const char *const *name,
                         size_t count, uint32_t *ret_type);

/* Bytes of a type; 0: not known. */
uint32_t haywire_btf_type_size(const HaywireBtf *btf, uint32_t type);

/*
 * A member of a structure, also of unnamed ones within it. A dot leads into a
 * member that is a structure: "d_name.len".
 * HAYWIRE_OK, HAYWIRE_NOT_FOUND, HAYWIRE_LIMIT: too many to look at.
 */
HaywireStatus haywire_btf_member(const HaywireBtf *btf, uint32_t type,
                                 const char *path,
                                 HaywireMember *ret_member) HAYWIRE_MUST_CHECK;

#endif
