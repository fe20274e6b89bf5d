/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hmp_table.h"

#include <string.h>

#include "qemu_symbols.h"

/* QEMU's own table and our copy of it; NULL while there is no copy. */
static HMPCommand *info_original;
static HMPCommand *info_copy;

/* An entry's name holds its aliases too: "name|alias". */
static HMPCommand *table_find(HMPCommand *table, const char *name)
{
    for (HMPCommand *entry = table; entry->name; entry++) {
        if (strcmp(entry->name, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static size_t table_length(const HMPCommand *table)
{
    size_t length = 0;

    while (table[length].name) {
        length++;
    }
    return length;
}

/* QEMU sorts its tables by name; `help info` shows them in their order. */
static size_t table_place(const HMPCommand *table, const char *name)
{
    size_t place = 0;

    while (table[place].name && strcmp(table[place].name, name) < 0) {
        place++;
    }
    return place;
}

static HMPCommand *table_copy_with(const HMPCommand *table,
                                   const HMPCommand *entry)
{
    size_t length = table_length(table);
    size_t place = table_place(table, entry->name);
    HMPCommand *copy = g_new0(HMPCommand, length + 2);

    memcpy(copy, table, place * sizeof(*copy));
    copy[place] = *entry;
    memcpy(copy + place + 1, table + place, (length - place) * sizeof(*copy));
    return copy;
}

static void entry_complete(HMPCommand *entry, HaywireHmpCompletion *completion)
{
    *haywire_hmp_completion(entry, haywire_qemu_version()->hmp) = completion;
}

static void info_replace(HMPCommand **sub_table, HaywireHmpHandler *handler,
                         HaywireHmpCompletion *completion)
{
    HMPCommand entry = {
        .name = "haywire",
        .args_type = HAYWIRE_HMP_WORDS ":S?",
        .params = "[help|WHAT [ARGUMENT...]]",
        .help = "show what runs inside the guest",
        .cmd = handler,
    };

    entry_complete(&entry, completion);
    info_original = *sub_table;
    info_copy = table_copy_with(info_original, &entry);
    *sub_table = info_copy;
}

bool haywire_hmp_table_install(HaywireHmpHandler *handler,
                               HaywireHmpCompletion *completion)
{
    HMPCommand *info = table_find(haywire_hmp_commands(), "info");
    HMPCommand **sub_table, *declared;

    if (!info) {
        return false;
    }
    sub_table = haywire_hmp_sub_table(info, haywire_qemu_version()->hmp);
    if (!*sub_table) {
        return false;
    }
    declared = table_find(*sub_table, "haywire");
    if (!declared) {
        info_replace(sub_table, handler, completion);
        return true;
    }
    if (declared->cmd || declared->cmd_info_hrt) {
        return false;
    }
    monitor_register_hmp("haywire", true, handler);
    entry_complete(declared, completion);
    return true;
}

bool haywire_hmp_table_fill(const char *name, HaywireHmpHandler *handler,
                            HaywireHmpCompletion *completion)
{
    HMPCommand *declared = table_find(haywire_hmp_commands(), name);

    if (!declared || declared->cmd || declared->cmd_info_hrt) {
        return false;
    }
    monitor_register_hmp(name, false, handler);
    entry_complete(declared, completion);
    return true;
}

void haywire_hmp_table_sync(void)
{
    HMPCommand *copy = info_copy;

    if (!copy) {
        return;
    }
    for (HMPCommand *entry = info_original; entry->name; entry++, copy++) {
        if (copy->name != entry->name) {
            copy++; /* our own entry */
        }
        copy->cmd = entry->cmd;
        copy->cmd_info_hrt = entry->cmd_info_hrt;
    }
}
