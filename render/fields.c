/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Access to members through the field tables: see fields.h. The structures
 * are our own, never guest bytes; memcpy() keeps the access free of casts.
 */

#include "fields.h"

#include <stdio.h>
#include <string.h>

/* No enumeration that is shown has more values. */
#define ENUM_VALUES_MAX 16

static const uint8_t *member(const void *object, size_t offset)
{
    return (const uint8_t *)object + offset;
}

static uint16_t load_u16(const void *object, size_t offset)
{
    uint16_t value;

    memcpy(&value, member(object, offset), sizeof(value));
    return value;
}

static uint32_t load_u32(const void *object, size_t offset)
{
    uint32_t value;

    memcpy(&value, member(object, offset), sizeof(value));
    return value;
}

static uint64_t load_u64(const void *object, size_t offset)
{
    uint64_t value;

    memcpy(&value, member(object, offset), sizeof(value));
    return value;
}

static bool load_bool(const void *object, size_t offset)
{
    bool value;

    memcpy(&value, member(object, offset), sizeof(value));
    return value;
}

static const char *load_string(const void *object, size_t offset)
{
    const char *value;

    memcpy(&value, member(object, offset), sizeof(value));
    return value ? value : "";
}

const HaywireField *haywire_table_field(const HaywireTable *table,
                                        const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->field[i].name, name) == 0) {
            return &table->field[i];
        }
    }
    return NULL;
}

bool haywire_field_is_string(const HaywireField *field)
{
    switch (field->type) {
    case HAYWIRE_FIELD_STRING:
    case HAYWIRE_FIELD_CHAR:
    case HAYWIRE_FIELD_ENUM:
    case HAYWIRE_FIELD_HEX64:
        return true;
    default:
        return false;
    }
}

static bool is_set(const HaywireField *field, const void *object)
{
    if (field->type == HAYWIRE_FIELD_STRING) {
        return load_string(object, field->offset)[0] != '\0';
    }
    return haywire_field_number(field, object) != 0;
}

bool haywire_field_present(const HaywireField *field, const void *object)
{
    switch (field->presence) {
    case HAYWIRE_PRESENT_SELF:
        return is_set(field, object);
    case HAYWIRE_PRESENT_BOOL:
        return load_bool(object, field->present_offset);
    case HAYWIRE_PRESENT_U32:
        return load_u32(object, field->present_offset) != 0;
    case HAYWIRE_PRESENT_FLAGS:
        return (load_u16(object, field->present_offset) &
                field->present_mask) == field->present_mask;
    default:
        return true;
    }
}

static uint64_t number_of_shift(uint8_t shift)
{
    return shift > 0 && shift < 64 ? UINT64_C(1) << shift : 0;
}

uint64_t haywire_field_number(const HaywireField *field, const void *object)
{
    switch (field->type) {
    case HAYWIRE_FIELD_BOOL:
        return load_bool(object, field->offset);
    case HAYWIRE_FIELD_U8:
        return *member(object, field->offset);
    case HAYWIRE_FIELD_U32:
        return load_u32(object, field->offset);
    case HAYWIRE_FIELD_U64:
        return load_u64(object, field->offset);
    case HAYWIRE_FIELD_I32:
        return (uint64_t)(int64_t)(int32_t)load_u32(object, field->offset);
    case HAYWIRE_FIELD_FLAGS:
        return (load_u16(object, field->offset) & field->mask) != 0;
    case HAYWIRE_FIELD_SHIFT:
        return number_of_shift(*member(object, field->offset));
    default:
        return 0;
    }
}

const char *haywire_field_string(const HaywireField *field, const void *object,
                                 char buffer[HAYWIRE_FIELD_BUFFER])
{
    switch (field->type) {
    case HAYWIRE_FIELD_STRING:
        return load_string(object, field->offset);
    case HAYWIRE_FIELD_ENUM:
        return field->name_of(load_u32(object, field->offset));
    case HAYWIRE_FIELD_CHAR:
        buffer[0] = (char)*member(object, field->offset);
        buffer[1] = '\0';
        return buffer;
    case HAYWIRE_FIELD_HEX64:
        snprintf(buffer, HAYWIRE_FIELD_BUFFER, "%016llx",
                 (unsigned long long)load_u64(object, field->offset));
        return buffer;
    default:
        return "";
    }
}

static void store(void *object, size_t offset, const void *value, size_t size)
{
    memcpy((uint8_t *)object + offset, value, size);
}

/* A member that is in a reply had what its presence hangs on. */
static void set_present(const HaywireField *field, void *object)
{
    const bool yes = true;
    uint16_t flags;

    if (field->presence == HAYWIRE_PRESENT_BOOL) {
        store(object, field->present_offset, &yes, sizeof(yes));
    } else if (field->presence == HAYWIRE_PRESENT_FLAGS) {
        flags = load_u16(object, field->present_offset) | field->present_mask;
        store(object, field->present_offset, &flags, sizeof(flags));
    }
}

static bool set_u8(const HaywireField *field, void *object, uint64_t value)
{
    const uint8_t byte = (uint8_t)value;

    if (value > UINT8_MAX) {
        return false;
    }
    store(object, field->offset, &byte, sizeof(byte));
    return true;
}

static bool set_u32(const HaywireField *field, void *object, uint64_t value)
{
    const uint32_t word = (uint32_t)value;

    if (value > UINT32_MAX) {
        return false;
    }
    store(object, field->offset, &word, sizeof(word));
    return true;
}

static bool set_i32(const HaywireField *field, void *object, int64_t value)
{
    const int32_t word = (int32_t)value;

    if (value < INT32_MIN || value > INT32_MAX) {
        return false;
    }
    store(object, field->offset, &word, sizeof(word));
    return true;
}

static bool set_bool(const HaywireField *field, void *object, uint64_t value)
{
    const bool truth = value != 0;

    if (value > 1) {
        return false;
    }
    store(object, field->offset, &truth, sizeof(truth));
    return true;
}

static bool set_flags(const HaywireField *field, void *object, uint64_t value)
{
    uint16_t flags = load_u16(object, field->offset);

    if (value > 1) {
        return false;
    }
    flags = value ? flags | field->mask : flags & ~field->mask;
    store(object, field->offset, &flags, sizeof(flags));
    return true;
}

static bool set_shift(const HaywireField *field, void *object, uint64_t value)
{
    if (value < 2 || (value & (value - 1)) != 0) {
        return false;
    }
    return set_u8(field, object, (uint64_t)__builtin_ctzll(value));
}

static bool store_number(const HaywireField *field, void *object,
                         uint64_t value)
{
    switch (field->type) {
    case HAYWIRE_FIELD_BOOL:
        return set_bool(field, object, value);
    case HAYWIRE_FIELD_U8:
        return set_u8(field, object, value);
    case HAYWIRE_FIELD_U32:
        return set_u32(field, object, value);
    case HAYWIRE_FIELD_I32:
        return set_i32(field, object, (int64_t)value);
    case HAYWIRE_FIELD_U64:
        store(object, field->offset, &value, sizeof(value));
        return true;
    case HAYWIRE_FIELD_FLAGS:
        return set_flags(field, object, value);
    case HAYWIRE_FIELD_SHIFT:
        return set_shift(field, object, value);
    default:
        return false;
    }
}

bool haywire_field_set_number(const HaywireField *field, void *object,
                              uint64_t value)
{
    if (!store_number(field, object, value)) {
        return false;
    }
    set_present(field, object);
    return true;
}

static bool set_enum(const HaywireField *field, void *object, const char *value)
{
    for (uint32_t i = 0; i < ENUM_VALUES_MAX; i++) {
        if (strcmp(field->name_of(i), value) == 0) {
            store(object, field->offset, &i, sizeof(i));
            return true;
        }
    }
    return false;
}

/* 16 lower-case digits, no more and no less. */
static bool set_hex(const HaywireField *field, void *object, const char *value)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = 0;
    size_t i;

    for (i = 0; value[i] != '\0'; i++) {
        const char *digit = strchr(digits, value[i]);

        if (!digit || i >= 16) {
            return false;
        }
        number = number << 4 | (uint64_t)(digit - digits);
    }
    if (i != 16) {
        return false;
    }
    store(object, field->offset, &number, sizeof(number));
    return true;
}

static bool store_string(const HaywireField *field, void *object,
                         const char *value)
{
    switch (field->type) {
    case HAYWIRE_FIELD_STRING:
        store(object, field->offset, &value, sizeof(value));
        return true;
    case HAYWIRE_FIELD_CHAR:
        if (value[0] == '\0' || value[1] != '\0') {
            return false;
        }
        store(object, field->offset, value, 1);
        return true;
    case HAYWIRE_FIELD_ENUM:
        return set_enum(field, object, value);
    case HAYWIRE_FIELD_HEX64:
        return set_hex(field, object, value);
    default:
        return false;
    }
}

bool haywire_field_set_string(const HaywireField *field, void *object,
                              const char *value)
{
    if (!store_string(field, object, value)) {
        return false;
    }
    set_present(field, object);
    return true;
}

void haywire_table_init(const HaywireTable *table, void *object)
{
    const char *empty = "";

    for (size_t i = 0; i < table->count; i++) {
        if (table->field[i].type == HAYWIRE_FIELD_STRING) {
            store(object, table->field[i].offset, &empty, sizeof(empty));
        }
    }
}
