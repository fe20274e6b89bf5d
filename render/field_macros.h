/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the rows of the field tables are written.
 */

#ifndef HAYWIRE_RENDER_FIELD_MACROS_H
#define HAYWIRE_RENDER_FIELD_MACROS_H

#include "fields.h"

/* clang-format off */

/* The type follows from the member's, so that the two cannot disagree. */
#define TYPE_OF(structure, member)                                          \
    _Generic(((const structure *)0)->member,                                \
             bool: HAYWIRE_TYPE_BOOL,                                       \
             char: HAYWIRE_TYPE_CHAR,                                       \
             uint8_t: HAYWIRE_TYPE_U8,                                      \
             uint32_t: HAYWIRE_TYPE_U32,                                    \
             uint64_t: HAYWIRE_TYPE_U64,                                    \
             int32_t: HAYWIRE_TYPE_I32,                                     \
             const char *: HAYWIRE_TYPE_STRING)

#define BASE(structure, member, name_, help_)                               \
    .name = (name_), .offset = offsetof(structure, member), .help = (help_)

/* The rest of the line: .presence and .unit where they are not the default. */
#define FIELD(structure, member, name, help, ...)                           \
    { BASE(structure, member, name, help),                                  \
      .type = TYPE_OF(structure, member), __VA_ARGS__ }
#define ENUM(structure, member, name, names, help, ...)                     \
    { BASE(structure, member, name, help), .type = HAYWIRE_TYPE_ENUM,       \
      .name_of = (names), __VA_ARGS__ }
#define FLAGS(structure, member, name, bits, help, ...)                     \
    { BASE(structure, member, name, help), .type = HAYWIRE_TYPE_FLAGS,      \
      .mask = (bits), __VA_ARGS__ }
#define SPECIAL(structure, member, name, type_, help, ...)                  \
    { BASE(structure, member, name, help), .type = (type_), __VA_ARGS__ }

#define UNIT(unit_) .unit = HAYWIRE_UNIT_##unit_
#define IF_SET .presence = HAYWIRE_PRESENT_SELF
#define IF(structure, member)                                               \
    .presence = HAYWIRE_PRESENT_BOOL,                                       \
    .present_offset = offsetof(structure, member)
#define IF_U32(structure, member)                                           \
    .presence = HAYWIRE_PRESENT_U32,                                        \
    .present_offset = offsetof(structure, member)
#define IF_FLAGS(structure, member, bits)                                   \
    .presence = HAYWIRE_PRESENT_FLAGS,                                      \
    .present_offset = offsetof(structure, member), .present_mask = (bits)

#define FIELD_COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
#define TABLE(structure, name_, fields)                                     \
    { .name = (name_), .size = sizeof(structure), .field = (fields),        \
      .count = FIELD_COUNT(fields) }

/* clang-format on */

#endif
