/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to members through the field tables: see fields.h. The structures
 * are our own, never guest bytes; memcpy() keeps the access free of casts.
 */

#include "fields.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "device.h"

/* No enumeration that is shown has more values. */
#define ENUM_VALUES_MAX 16

static uint64_t load(const void *object, size_t offset, size_t width)
{
    const uint8_t *bytes = (const uint8_t *)object + offset;
    uint16_t half;
    uint32_t word;
    uint64_t value;

    switch (width) {
    case 1:
        return *bytes;
    case 2:
        memcpy(&half, bytes, sizeof(half));
        return half;
    case 4:
        memcpy(&word, bytes, sizeof(word));
        return word;
    default:
        memcpy(&value, bytes, sizeof(value));
        return value;
    }
}

static void store(void *object, size_t offset, size_t width, uint64_t value)
{
    uint8_t *bytes = (uint8_t *)object + offset;
    const uint16_t half = (uint16_t)value;
    const uint32_t word = (uint32_t)value;

    switch (width) {
    case 1:
        *bytes = (uint8_t)value;
        break;
    case 2:
        memcpy(bytes, &half, sizeof(half));
        break;
    case 4:
        memcpy(bytes, &word, sizeof(word));
        break;
    default:
        memcpy(bytes, &value, sizeof(value));
        break;
    }
}

/* Bytes of the member. Numbers of the host; strings are pointers. */
static size_t width_of(const HaywireField *field)
{
    switch (field->type) {
    case HAYWIRE_TYPE_BOOL:
    case HAYWIRE_TYPE_U8:
    case HAYWIRE_TYPE_SHIFT:
    case HAYWIRE_TYPE_CHAR:
        return 1;
    case HAYWIRE_TYPE_FLAGS:
        return 2;
    case HAYWIRE_TYPE_U32:
    case HAYWIRE_TYPE_I32:
    case HAYWIRE_TYPE_ENUM:
        return 4;
    default:
        return 8;
    }
}

_Static_assert(sizeof(bool) == 1 && sizeof(const char *) == 8,
               "width_of() knows them");

static const void *pointer_at(const void *object, size_t offset)
{
    const void *pointer;

    memcpy(&pointer, (const uint8_t *)object + offset, sizeof(pointer));
    return pointer;
}

/* The member's bits as they are; 0 of an array that is not there. */
static uint64_t load_member(const HaywireField *field, const void *object)
{
    if (field->indirect) {
        const uint64_t *number = pointer_at(object, field->offset);

        return number ? number[field->number] : 0;
    }
    return load(object, field->offset, width_of(field));
}

/* Whoever sets members has put an array of its own there. */
static void store_member(const HaywireField *field, void *object,
                         uint64_t value)
{
    if (field->indirect) {
        uint64_t *number = (uint64_t *)pointer_at(object, field->offset);

        number[field->number] = value;
    } else {
        store(object, field->offset, width_of(field), value);
    }
}

static const char *load_string(const HaywireField *field, const void *object)
{
    const char *value = pointer_at(object, field->offset);

    return value ? value : "";
}

static char fold(char c)
{
    return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

/* Whether the first word of @names is @name; *@names goes on to the next. */
static bool next_is(const char **names, const char *name)
{
    const char *at = *names;

    while (*name && *at && *at != ' ' && fold(*at) == fold(*name)) {
        at++;
        name++;
    }
    *names = at + strcspn(at, " ");
    *names += strspn(*names, " ");
    return !*name && (!*at || *at == ' ');
}

static bool is_called(const HaywireField *field, const char *name)
{
    const char *names = field->aliases ? field->aliases : "";
    const char *own = field->name;

    if (next_is(&own, name)) {
        return true;
    }
    while (*names) {
        if (next_is(&names, name)) {
            return true;
        }
    }
    return false;
}

const HaywireField *haywire_table_column(const HaywireTable *table,
                                         const char *name)
{
    for (size_t i = 0; i < table->count + table->extra; i++) {
        if (table->field[i].presence != HAYWIRE_PRESENT_REPLY &&
            is_called(&table->field[i], name)) {
            return &table->field[i];
        }
    }
    return NULL;
}

HaywireMembers haywire_table_members(const HaywireTable *table,
                                     const HaywireField *field)
{
    HaywireMembers members = 0;

    for (size_t i = 0; i < table->count; i++) {
        const char *parts = field->parts ? field->parts : field->name;

        while (*parts) {
            if (next_is(&parts, table->field[i].name)) {
                members |= UINT64_C(1) << i;
            }
        }
    }
    return members;
}

bool haywire_field_is_string(const HaywireField *field)
{
    return field->type >= HAYWIRE_TYPE_STRING;
}

bool haywire_field_is_signed(const HaywireField *field)
{
    return field->type == HAYWIRE_TYPE_I32 || field->type == HAYWIRE_TYPE_I64;
}

static bool is_set(const HaywireField *field, const void *object)
{
    return field->type == HAYWIRE_TYPE_STRING
               ? load_string(field, object)[0] != '\0'
               : load_member(field, object) != 0;
}

bool haywire_field_present(const HaywireField *field, const void *object)
{
    const size_t offset = field->present_offset;

    switch (field->presence) {
    case HAYWIRE_PRESENT_SELF:
        return is_set(field, object);
    case HAYWIRE_PRESENT_BOOL:
        return load(object, offset, 1) != 0;
    case HAYWIRE_PRESENT_U32:
        return load(object, offset, 4) != 0;
    case HAYWIRE_PRESENT_FLAGS:
        return (load(object, offset, 2) & field->present_mask) ==
               field->present_mask;
    case HAYWIRE_PRESENT_KNOWN:
        return (load(object, offset, 8) >> field->number & 1) != 0;
    case HAYWIRE_PRESENT_REPLY:
        return false;
    default:
        return true;
    }
}

uint64_t haywire_field_number(const HaywireField *field, const void *object)
{
    uint64_t value;

    if (haywire_field_is_string(field)) {
        return 0;
    }
    value = load_member(field, object);
    switch (field->type) {
    case HAYWIRE_TYPE_I32:
        return (uint64_t)(int64_t)(int32_t)value;
    case HAYWIRE_TYPE_FLAGS:
        return (value & field->mask) != 0;
    case HAYWIRE_TYPE_SHIFT:
        return value > 0 && value < 64 ? UINT64_C(1) << value : 0;
    default:
        return value;
    }
}

const char *haywire_field_string(const HaywireField *field, const void *object,
                                 char buffer[HAYWIRE_FIELD_BUFFER])
{
    switch (field->type) {
    case HAYWIRE_TYPE_STRING:
        return load_string(field, object);
    case HAYWIRE_TYPE_ENUM:
        return field->name_of((uint32_t)load_member(field, object));
    case HAYWIRE_TYPE_CHAR:
        buffer[0] = (char)load_member(field, object);
        buffer[1] = '\0';
        return buffer;
    case HAYWIRE_TYPE_HEX64:
        snprintf(buffer, HAYWIRE_FIELD_BUFFER, "%016llx",
                 (unsigned long long)load_member(field, object));
        return buffer;
    case HAYWIRE_TYPE_DEVICE:
        haywire_device_name(load_member(field, object), buffer,
                            HAYWIRE_FIELD_BUFFER);
        return buffer;
    default:
        return "";
    }
}

/* A member that is in a reply had what its presence hangs on. */
static void set_present(const HaywireField *field, void *object)
{
    const size_t offset = field->present_offset;

    if (field->presence == HAYWIRE_PRESENT_BOOL) {
        store(object, offset, 1, true);
    } else if (field->presence == HAYWIRE_PRESENT_FLAGS) {
        store(object, offset, 2, load(object, offset, 2) | field->present_mask);
    } else if (field->presence == HAYWIRE_PRESENT_KNOWN) {
        store(object, offset, 8,
              load(object, offset, 8) | UINT64_C(1) << field->number);
    }
}

/* The bits to store for a value that is shown; false when none are. */
static bool bits_of_number(const HaywireField *field, const void *object,
                           uint64_t value, uint64_t *ret_bits)
{
    *ret_bits = value;
    switch (field->type) {
    case HAYWIRE_TYPE_BOOL:
        return value <= 1;
    case HAYWIRE_TYPE_U8:
        return value <= UINT8_MAX;
    case HAYWIRE_TYPE_U32:
        return value <= UINT32_MAX;
    case HAYWIRE_TYPE_I32:
        return value == (uint64_t)(int64_t)(int32_t)value;
    case HAYWIRE_TYPE_U64:
    case HAYWIRE_TYPE_I64:
        return true;
    case HAYWIRE_TYPE_FLAGS:
        *ret_bits = load_member(field, object);
        *ret_bits = value ? *ret_bits | field->mask : *ret_bits & ~field->mask;
        return value <= 1;
    case HAYWIRE_TYPE_SHIFT:
        *ret_bits = value ? (uint64_t)__builtin_ctzll(value) : 0;
        return value >= 2 && (value & (value - 1)) == 0;
    default:
        return false;
    }
}

bool haywire_field_set_number(const HaywireField *field, void *object,
                              uint64_t value)
{
    uint64_t bits;

    if (!bits_of_number(field, object, value, &bits)) {
        return false;
    }
    store_member(field, object, bits);
    set_present(field, object);
    return true;
}

static bool bits_of_enum(const HaywireField *field, const char *value,
                         uint64_t *ret_bits)
{
    for (uint32_t i = 0; i < ENUM_VALUES_MAX; i++) {
        if (strcmp(field->name_of(i), value) == 0) {
            *ret_bits = i;
            return true;
        }
    }
    return false;
}

/* 16 lower-case digits, no more and no less. */
static bool bits_of_hex(const char *value, uint64_t *ret_bits)
{
    unsigned long long number;
    char again[17];

    if (sscanf(value, "%16llx", &number) != 1) {
        return false;
    }
    snprintf(again, sizeof(again), "%016llx", number);
    *ret_bits = number;
    return strcmp(again, value) == 0;
}

static bool bits_of_string(const HaywireField *field, const char *value,
                           uint64_t *ret_bits)
{
    switch (field->type) {
    case HAYWIRE_TYPE_STRING:
        *ret_bits = (uintptr_t)value;
        return true;
    case HAYWIRE_TYPE_CHAR:
        *ret_bits = (unsigned char)value[0];
        return value[0] != '\0' && value[1] == '\0';
    case HAYWIRE_TYPE_ENUM:
        return bits_of_enum(field, value, ret_bits);
    case HAYWIRE_TYPE_HEX64:
        return bits_of_hex(value, ret_bits);
    case HAYWIRE_TYPE_DEVICE:
        return haywire_device_parse(value, ret_bits);
    default:
        return false;
    }
}

bool haywire_field_set_string(const HaywireField *field, void *object,
                              const char *value)
{
    uint64_t bits;

    if (!bits_of_string(field, value, &bits)) {
        return false;
    }
    store_member(field, object, bits);
    set_present(field, object);
    return true;
}

void haywire_table_init(const HaywireTable *table, void *object)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->field[i].type == HAYWIRE_TYPE_STRING) {
            store_member(&table->field[i], object, (uintptr_t) "");
        }
    }
}
