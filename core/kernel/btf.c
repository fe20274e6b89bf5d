/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading BTF: see btf.h.
 */

#include "btf.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0xeb9f

/* The words of a type, and what follows them. */
#define TYPE_SIZE   12
#define MEMBER_SIZE 12

/* Members that are looked at for one name, and how deep they nest. */
#define MEMBERS_MAX 20000
#define NESTING_MAX 16
/* Names behind names, as typedef does it. */
#define ALIASES_MAX 32

enum {
    KIND_INT = 1,
    KIND_POINTER = 2,
    KIND_ARRAY = 3,
    KIND_STRUCT = 4,
    KIND_UNION = 5,
    KIND_ENUM = 6,
    KIND_TYPEDEF = 8,
    KIND_RESTRICT = 11,
    KIND_FLOAT = 16,
    KIND_TYPE_TAG = 18,
    KIND_ENUM64 = 19,
    KINDS,
};

/* Bytes that follow a type of each kind: always, and for each part of it. */
static const struct {
    uint8_t fixed, each;
} following[KINDS] = {
    [KIND_INT] = { 4, 0 },     [KIND_ARRAY] = { 12, 0 },
    [KIND_STRUCT] = { 0, 12 }, [KIND_UNION] = { 0, 12 },
    [KIND_ENUM] = { 0, 8 },    [13] = { 0, 8 },  /* parameters of a function */
    [14] = { 4, 0 },           [15] = { 0, 12 }, /* variable, section */
    [17] = { 4, 0 },           [KIND_ENUM64] = { 0, 12 },
};

static uint32_t word_at(const uint8_t *data, size_t offset)
{
    uint32_t word;

    memcpy(&word, data + offset, sizeof(word));
    return le32toh(word);
}

HaywireStatus haywire_btf_size(const uint8_t header[HAYWIRE_BTF_HEADER_SIZE],
                               uint32_t *ret_size)
{
    uint32_t first = word_at(header, 0);
    uint32_t types = word_at(header, 12), texts = word_at(header, 20);

    if ((first & 0xffff) != MAGIC) {
        return HAYWIRE_BAD_MAGIC;
    }
    if (first >> 16 != 1) {
        return HAYWIRE_BAD_VERSION;
    }
    /* A kernel's: types first, texts right behind them. */
    if (word_at(header, 4) != HAYWIRE_BTF_HEADER_SIZE ||
        word_at(header, 8) != 0 || word_at(header, 16) != types || types == 0 ||
        types % 4 != 0 || texts == 0 || types > HAYWIRE_BTF_MAX / 2 ||
        texts > HAYWIRE_BTF_MAX / 2 - HAYWIRE_BTF_HEADER_SIZE) {
        return HAYWIRE_BAD_LENGTH;
    }
    *ret_size = HAYWIRE_BTF_HEADER_SIZE + types + texts;
    return HAYWIRE_OK;
}

static uint32_t kind_of(uint32_t info)
{
    return info >> 24 & 0x1f;
}

/* Where the type behind the one at @at begins; 0: it is none, or cut off. */
static uint32_t next_type(const HaywireBtf *btf, uint32_t at)
{
    uint32_t left = btf->types_end - at, info, kind, length;

    if (left < TYPE_SIZE) {
        return 0;
    }
    info = word_at(btf->data, at + 4);
    kind = kind_of(info);
    if (kind == 0 || kind >= KINDS) {
        return 0;
    }
    length = TYPE_SIZE + following[kind].fixed +
             following[kind].each * (info & 0xffff);
    return length <= left ? at + length : 0;
}

/* Numbers start at 1. */
static HaywireStatus index_types(HaywireBtf *btf)
{
    uint32_t at = HAYWIRE_BTF_HEADER_SIZE, next;

    btf->count = 1;
    btf->type =
        calloc((btf->types_end - at) / TYPE_SIZE + 1, sizeof(*btf->type));
    if (!btf->type) {
        return HAYWIRE_NO_MEMORY;
    }
    while (at < btf->types_end) {
        next = next_type(btf, at);
        if (next == 0) {
            return HAYWIRE_BAD_RECORD;
        }
        btf->type[btf->count++] = at;
        at = next;
    }
    return HAYWIRE_OK;
}

HaywireStatus haywire_btf_init(HaywireBtf *btf, const uint8_t *data,
                               size_t size)
{
    HaywireStatus status;
    uint32_t whole;

    memset(btf, 0, sizeof(*btf));
    if (size < HAYWIRE_BTF_HEADER_SIZE) {
        return HAYWIRE_SHORT_PAYLOAD;
    }
    status = haywire_btf_size(data, &whole);
    if (status != HAYWIRE_OK) {
        return status;
    }
    if (size < whole) {
        return HAYWIRE_SHORT_PAYLOAD;
    }
    if (data[whole - 1] != '\0') {
        return HAYWIRE_BAD_STRING;
    }
    btf->data = data;
    btf->size = whole;
    btf->types_end = HAYWIRE_BTF_HEADER_SIZE + word_at(data, 12);
    status = index_types(btf);
    if (status != HAYWIRE_OK) {
        haywire_btf_clear(btf);
    }
    return status;
}

void haywire_btf_clear(HaywireBtf *btf)
{
    free(btf->type);
    memset(btf, 0, sizeof(*btf));
}

/* The last text ends with the data, so all of them end. */
static const char *text_at(const HaywireBtf *btf, uint32_t offset)
{
    return offset < btf->size - btf->types_end
               ? (const char *)btf->data + btf->types_end + offset
               : "";
}

static bool has_members(uint32_t kind)
{
    return kind == KIND_STRUCT || kind == KIND_UNION;
}

static void note_struct(const char *its, uint32_t type, const char *const *name,
                        size_t count, uint32_t *ret_type)
{
    for (size_t i = 0; i < count; i++) {
        if (ret_type[i] == 0 && strcmp(its, name[i]) == 0) {
            ret_type[i] = type;
        }
    }
}

void haywire_btf_structs(const HaywireBtf *btf, const char *const *name,
                         size_t count, uint32_t *ret_type)
{
    memset(ret_type, 0, count * sizeof(*ret_type));
    for (uint32_t i = 1; i < btf->count; i++) {
        uint32_t at = btf->type[i];

        if (has_members(kind_of(word_at(btf->data, at + 4)))) {
            note_struct(text_at(btf, word_at(btf->data, at)), i, name, count,
                        ret_type);
        }
    }
}

/* What is behind typedef, const and the like; 0: nothing that is known. */
static uint32_t resolve(const HaywireBtf *btf, uint32_t type)
{
    for (int i = 0; i < ALIASES_MAX && type > 0 && type < btf->count; i++) {
        uint32_t at = btf->type[type];
        uint32_t kind = kind_of(word_at(btf->data, at + 4));

        if (!(kind >= KIND_TYPEDEF && kind <= KIND_RESTRICT) &&
            kind != KIND_TYPE_TAG) {
            return type;
        }
        type = word_at(btf->data, at + 8);
    }
    return 0;
}

uint32_t haywire_btf_type_size(const HaywireBtf *btf, uint32_t type)
{
    uint64_t elements = 1, size;

    for (int i = 0; i < ALIASES_MAX; i++) {
        uint32_t at, kind;

        type = resolve(btf, type);
        at = btf->type ? btf->type[type] : 0;
        kind = type ? kind_of(word_at(btf->data, at + 4)) : 0;
        if (kind == KIND_ARRAY) {
            elements *= word_at(btf->data, at + TYPE_SIZE + 8);
            elements = elements <= UINT32_MAX ? elements : 0;
            type = word_at(btf->data, at + TYPE_SIZE);
            continue;
        }
        if (kind == KIND_POINTER) {
            size = elements * 8;
        } else if (kind == KIND_INT || has_members(kind) || kind == KIND_ENUM ||
                   kind == KIND_FLOAT || kind == KIND_ENUM64) {
            size = elements * word_at(btf->data, at + 8);
        } else {
            return 0;
        }
        return size <= UINT32_MAX ? (uint32_t)size : 0;
    }
    return 0;
}

typedef struct Search {
    const HaywireBtf *btf;
    const char *name;
    size_t length; /* of the name */
    int left;      /* members that may be looked at */
} Search;

static HaywireStatus find(Search *search, uint32_t type, uint64_t bits,
                          int depth, HaywireMember *ret_member);

/* One member, or those of an unnamed structure that it is. */
static HaywireStatus look_at(Search *search, uint32_t at, bool bitfields,
                             uint64_t bits, int depth,
                             HaywireMember *ret_member)
{
    const HaywireBtf *btf = search->btf;
    const char *name = text_at(btf, word_at(btf->data, at));
    uint32_t type = word_at(btf->data, at + 4);
    uint32_t offset = word_at(btf->data, at + 8);
    uint32_t width = bitfields ? offset >> 24 : 0;

    bits += bitfields ? offset & 0xffffff : offset;
    if (*name == '\0' && width == 0) {
        return find(search, resolve(btf, type), bits, depth + 1, ret_member);
    }
    if (strncmp(name, search->name, search->length) != 0 ||
        name[search->length] != '\0') {
        return HAYWIRE_NOT_FOUND;
    }
    *ret_member = (HaywireMember){
        .offset = (uint32_t)(bits / 8),
        .size = haywire_btf_type_size(btf, type),
        .type = type,
        .known = width == 0 && bits % 8 == 0 && bits / 8 <= INT32_MAX,
    };
    return HAYWIRE_OK;
}

static HaywireStatus find(Search *search, uint32_t type, uint64_t bits,
                          int depth, HaywireMember *ret_member)
{
    const HaywireBtf *btf = search->btf;
    HaywireStatus status = HAYWIRE_NOT_FOUND;
    uint32_t at, info;

    if (type == 0 || type >= btf->count || depth > NESTING_MAX) {
        return HAYWIRE_NOT_FOUND;
    }
    at = btf->type[type];
    info = word_at(btf->data, at + 4);
    if (!has_members(kind_of(info))) {
        return HAYWIRE_NOT_FOUND;
    }
    at += TYPE_SIZE;
    for (uint32_t i = 0; i < (info & 0xffff); i++, at += MEMBER_SIZE) {
        if (search->left-- <= 0) {
            return HAYWIRE_LIMIT;
        }
        status = look_at(search, at, info >> 31, bits, depth, ret_member);
        if (status != HAYWIRE_NOT_FOUND) {
            return status;
        }
    }
    return HAYWIRE_NOT_FOUND;
}

HaywireStatus haywire_btf_member(const HaywireBtf *btf, uint32_t type,
                                 const char *path, HaywireMember *ret_member)
{
    Search search = { .btf = btf, .left = MEMBERS_MAX };
    HaywireMember member = { .type = type };
    uint64_t bits = 0;

    for (const char *name = path; *name; name += search.length) {
        HaywireStatus status;

        name += *name == '.';
        search.name = name;
        search.length = strcspn(name, ".");
        status = find(&search, resolve(btf, member.type), bits, 0, &member);
        if (status != HAYWIRE_OK) {
            return status;
        }
        bits = (uint64_t)member.offset * 8;
    }
    *ret_member = member;
    return HAYWIRE_OK;
}
