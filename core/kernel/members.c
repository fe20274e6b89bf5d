/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where members lie in one kernel: see members.h.
 */

#include "members.h"

#include <string.h>

typedef struct Wanted {
    const char *type;
    const char *name;
    const char *other; /* as other versions call it; NULL: no other */
    const char *shown; /* NULL: it may be missing */
} Wanted;

#define NEEDED(id, type, name)       { type, name, NULL, type "." name },
#define ASKED(id, type, name, other) { type, name, other, NULL },
static const Wanted wanted[HAYWIRE_MEMBERS] = { HAYWIRE_KERNEL_MEMBERS(NEEDED,
                                                                       ASKED) };

static void find_member(const HaywireBtf *btf, uint32_t type, const Wanted *it,
                        HaywireMember *member)
{
    if (haywire_btf_member(btf, type, it->name, member) != HAYWIRE_OK &&
        (!it->other ||
         haywire_btf_member(btf, type, it->other, member) != HAYWIRE_OK)) {
        memset(member, 0, sizeof(*member));
    }
}

/* Each structure once: its members stand together. */
static size_t name_structs(const char **name)
{
    size_t count = 0;

    for (size_t i = 0; i < HAYWIRE_MEMBERS; i++) {
        if (i == 0 || strcmp(wanted[i].type, wanted[i - 1].type) != 0) {
            name[count++] = wanted[i].type;
        }
    }
    return count;
}

HaywireStatus haywire_members_find(const HaywireBtf *btf,
                                   HaywireMembers *ret_members,
                                   const char **ret_missing)
{
    const char *name[HAYWIRE_MEMBERS];
    uint32_t type[HAYWIRE_MEMBERS];
    HaywireMembers members = { 0 };
    size_t structs = name_structs(name);

    haywire_btf_structs(btf, name, structs, type);
    structs = 0;
    for (size_t i = 0; i < HAYWIRE_MEMBERS; i++) {
        structs += i > 0 && strcmp(wanted[i].type, wanted[i - 1].type) != 0;
        find_member(btf, type[structs], &wanted[i], &members.member[i]);
        if (i == M_UPID_NR) {
            members.upid_size = haywire_btf_type_size(btf, type[structs]);
        }
        if (wanted[i].shown && !members.member[i].known) {
            *ret_missing = wanted[i].shown;
            return HAYWIRE_NOT_FOUND;
        }
    }
    *ret_members = members;
    return HAYWIRE_OK;
}
