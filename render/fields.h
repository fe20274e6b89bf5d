/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields: one table for each structure that users see. The tables drive the
 * replies (reply.h), the reading back of replies, the text (text.h), the help,
 * and through fields_doc.c the documents and the schema of the patches, so that
 * a member has one name, one unit and one explanation.
 *
 * Constant data, no state: any thread.
 */

#ifndef HAYWIRE_RENDER_FIELDS_H
#define HAYWIRE_RENDER_FIELDS_H

#include "haywire/model.h"

/* How the member lies in its structure, and what is shown of it. */
typedef enum HaywireFieldType {
    HAYWIRE_TYPE_BOOL,
    HAYWIRE_TYPE_U8,
    HAYWIRE_TYPE_U32,
    HAYWIRE_TYPE_U64,
    HAYWIRE_TYPE_I32,
    HAYWIRE_TYPE_I64,
    HAYWIRE_TYPE_SHIFT,  /* uint8_t n, shown as the number 1 << n */
    HAYWIRE_TYPE_FLAGS,  /* uint16_t, shown as bool: any of .mask */
    HAYWIRE_TYPE_STRING, /* const char *, borrowed */
    HAYWIRE_TYPE_CHAR,   /* char, shown as a string of one */
    HAYWIRE_TYPE_ENUM,   /* 4 bytes, shown as a string; see .name_of */
    HAYWIRE_TYPE_HEX64,  /* uint64_t, shown as 16 hex digits */
    HAYWIRE_TYPE_DEVICE, /* uint64_t, shown as the terminal's name */
    HAYWIRE_TYPE_COLUMN, /* no member: a column of text made of .parts */
} HaywireFieldType;

/* When the member is in the reply. */
typedef enum HaywirePresence {
    HAYWIRE_PRESENT_ALWAYS,
    HAYWIRE_PRESENT_SELF,  /* when it is neither 0 nor "" */
    HAYWIRE_PRESENT_BOOL,  /* when the bool at .present_offset is true */
    HAYWIRE_PRESENT_U32,   /* when the uint32_t there is not 0 */
    HAYWIRE_PRESENT_FLAGS, /* when the uint16_t there has all the mask */
    HAYWIRE_PRESENT_KNOWN, /* when the uint64_t there has bit .number */
    HAYWIRE_PRESENT_REPLY, /* not in the structure: reply.c says it */
} HaywirePresence;

/* What a number means; replies carry it in the unit of the model. */
typedef enum HaywireUnit {
    HAYWIRE_UNIT_NONE,
    HAYWIRE_UNIT_BYTES,
    HAYWIRE_UNIT_DURATION,  /* ns */
    HAYWIRE_UNIT_BOOT_TIME, /* ns since the guest's boot */
    HAYWIRE_UNIT_WALL_TIME, /* ns since 1970-01-01 UTC */
    HAYWIRE_UNIT_ADDRESS,
} HaywireUnit;

/* How a column shows it, where that differs from other text. */
typedef enum HaywireCell {
    HAYWIRE_CELL_PLAIN,
    HAYWIRE_CELL_NUMBER,       /* without a unit */
    HAYWIRE_CELL_KIB,          /* bytes as KiB, without a unit */
    HAYWIRE_CELL_CPU_TIME,     /* as ps has it: 00:01:02 */
    HAYWIRE_CELL_CAPABILITIES, /* bits by name */
    /* The columns of a HaywireProcess that are no members. */
    HAYWIRE_CELL_STAT,
    HAYWIRE_CELL_TIME,
    HAYWIRE_CELL_COMMAND,
} HaywireCell;

typedef struct HaywireField {
    const char *name; /* of the member in QMP and JSON */
    HaywireFieldType type;
    size_t offset;
    bool indirect;   /* at the offset is a pointer to uint64_t, see .number */
    unsigned number; /* of the element there, and of the bit of its presence */
    bool recent;     /* plugins that are older than it lack it: it is 0 then */
    HaywirePresence presence;
    size_t present_offset;
    uint16_t present_mask;
    uint16_t mask;                          /* HAYWIRE_TYPE_FLAGS */
    const char *(*name_of)(uint32_t value); /* HAYWIRE_TYPE_ENUM */
    const char *schema; /* the name of that enumeration in QEMU's schema */
    HaywireUnit unit;
    const char *help; /* a phrase, lower case, no full stop */
    /* As a column of ps -o. */
    const char *heading; /* NULL: .name in capitals */
    const char *aliases; /* more names, as ps has them; blanks between */
    HaywireCell cell;
    bool tree;         /* ps --forest draws its branches here */
    const char *parts; /* HAYWIRE_TYPE_COLUMN: members; blanks between */
} HaywireField;

typedef struct HaywireTable {
    const char *name; /* of what one object is: "process" */
    size_t size;      /* of the structure, bytes */
    size_t count;     /* members */
    size_t extra;     /* HAYWIRE_TYPE_COLUMN, behind them */
    const HaywireField *field;
} HaywireTable;

/* An element of `categories` in query-haywire. */
typedef struct HaywireCategoryRow {
    HaywireCategory category;
    uint32_t pages;
    uint32_t mapped;
} HaywireCategoryRow;

/* All of @overview, in the order of their numbers. */
void haywire_category_rows(const HaywireOverview *overview,
                           HaywireCategoryRow ret_row[HAYWIRE_CATEGORY_COUNT]);

/* An element of `rejected` in query-haywire-stats. */
typedef struct HaywireRejectedRow {
    const char *reason; /* haywire_status_name() */
    uint64_t count;
} HaywireRejectedRow;

/*
 * haywire-translate: the model's answer and where that is on the host.
 * @ram_block: "" when not known; @offset: in the block's file.
 */
typedef struct HaywirePlace {
    HaywireTranslation translation;
    const char *ram_block;
    bool has_offset;
    uint64_t offset;
} HaywirePlace;

extern const HaywireTable haywire_overview_table;      /* HaywireOverview */
extern const HaywireTable haywire_category_table;      /* HaywireCategoryRow */
extern const HaywireTable haywire_cost_table;          /* HaywireCost */
extern const HaywireTable haywire_process_table;       /* HaywireProcess */
extern const HaywireTable haywire_section_list_table;  /* HaywireSectionList */
extern const HaywireTable haywire_section_table;       /* HaywireSection */
extern const HaywireTable haywire_page_run_list_table; /* HaywirePageRunList */
extern const HaywireTable haywire_page_run_table;      /* HaywirePageRun */
extern const HaywireTable haywire_camera_table;        /* HaywireCamera */
extern const HaywireTable haywire_host_table;          /* HaywireHostCounters */
extern const HaywireTable haywire_guest_table;         /* HaywireGuestStats */
extern const HaywireTable haywire_rejected_table;      /* HaywireRejectedRow */
extern const HaywireTable haywire_place_table;         /* HaywirePlace */

/*
 * Member or column of this name or alias, or NULL. Case does not matter, nor
 * whether there are dashes or underscores in it.
 */
const HaywireField *haywire_table_column(const HaywireTable *table,
                                         const char *name);

/* @table has no more members than these have bits: bit N is .field[N]. */
typedef uint64_t HaywireMembers;
#define HAYWIRE_MEMBERS_ALL UINT64_MAX

/* The member, or those that the column is made of. */
HaywireMembers haywire_table_members(const HaywireTable *table,
                                     const HaywireField *field);

/* Whether @object shows this member. */
bool haywire_field_present(const HaywireField *field, const void *object);

/* True for types shown as strings; for numbers that may be negative. */
bool haywire_field_is_string(const HaywireField *field);
bool haywire_field_is_signed(const HaywireField *field);

/*
 * The number that is shown (bools as 0 and 1, negative ones sign-extended).
 * 0 for fields shown as strings.
 */
uint64_t haywire_field_number(const HaywireField *field, const void *object);

/* Enough for every string that is made up: hex digits, a device. */
#define HAYWIRE_FIELD_BUFFER 48

/*
 * The string that is shown, only for fields shown as strings. It is either
 * borrowed from @object, static, or in @buffer. Never NULL.
 */
const char *haywire_field_string(const HaywireField *field, const void *object,
                                 char buffer[HAYWIRE_FIELD_BUFFER]);

/*
 * The reverse: put a shown value back into @object, which starts zeroed, and
 * make what its presence hangs on true. A string is borrowed. False, and
 * nothing is changed, when the field cannot hold the value.
 */
bool haywire_field_set_number(const HaywireField *field, void *object,
                              uint64_t value);
bool haywire_field_set_string(const HaywireField *field, void *object,
                              const char *value);

/* Point all string members of a zeroed @object at "": models have no NULL. */
void haywire_table_init(const HaywireTable *table, void *object);

#endif
