/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lie about processes: an honest list, but for one that is left out.
 */

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lies.h"

#define LIST_BEATS 10 /* from one list to the next */
#define LIST_PAGES 5u /* of one list */
#define LISTS      8u /* that are kept */
#define TICK_NS    10000000

#define PROCESSES_MAX (LIST_PAGES * HAYWIRE_PIDS_PER_PAGE)

static Forge *forge;
static unsigned long hidden;
static unsigned beats;

static HaywireWirePidEntry entry[PROCESSES_MAX];
static uint32_t entries;

/* As /proc/PID/stat has it; false: it is gone. */
static bool read_process(const char *pid, HaywireWirePidEntry *ret_entry)
{
    unsigned flags = 0, parent = 0, threads = 0;
    unsigned long long start = 0;
    char path[300], line[1024], state = '?';
    char *name, *end = NULL;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    if (fgets(line, sizeof(line), file)) {
        end = strrchr(line, ')');
    }
    fclose(file);
    name = strchr(line, '(');
    if (!end || !name ||
        sscanf(end,
               ") %c %u %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d "
               "%*d %*d %u %*d %llu",
               &state, &parent, &flags, &threads, &start) != 5) {
        return false;
    }
    *end = '\0';
    *ret_entry = (HaywireWirePidEntry){
        .pid = haywire_le32((uint32_t)strtoul(pid, NULL, 10)),
        .ppid = haywire_le32(parent),
        .start_time_ns = haywire_le64(start * TICK_NS),
        .state = (uint8_t)state,
        .flags = flags & 0x200000 ? HAYWIRE_PID_FLAG_KERNEL : 0,
        .threads = haywire_le16((uint16_t)threads),
    };
    if (strlen(name + 1) > sizeof(ret_entry->name)) {
        ret_entry->flags |= HAYWIRE_PID_FLAG_NAME_TRUNCATED;
    }
    memcpy(ret_entry->name, name + 1,
           strnlen(name + 1, sizeof(ret_entry->name)));
    return true;
}

static void read_all(void)
{
    DIR *folder = opendir("/proc");
    struct dirent *one;

    entries = 0;
    while (folder && entries < PROCESSES_MAX && (one = readdir(folder))) {
        if (*one->d_name >= '1' && *one->d_name <= '9' &&
            strtoul(one->d_name, NULL, 10) != hidden) {
            entries += read_process(one->d_name, &entry[entries]);
        }
    }
    if (folder) {
        closedir(folder);
    }
}

static void publish_list(void)
{
    uint32_t first = (uint32_t)(forge->generation % LISTS) * LIST_PAGES;
    uint32_t pages =
        (entries + HAYWIRE_PIDS_PER_PAGE - 1) / (uint32_t)HAYWIRE_PIDS_PER_PAGE;
    uint64_t taken_ns = forge_now();

    for (uint32_t i = 0; i < pages; i++) {
        uint32_t at = i * (uint32_t)HAYWIRE_PIDS_PER_PAGE;
        uint32_t count = entries - at;
        struct {
            HaywireWirePidPage head;
            HaywireWirePidEntry entry[HAYWIRE_PIDS_PER_PAGE];
        } payload;

        count = count < HAYWIRE_PIDS_PER_PAGE ? count : HAYWIRE_PIDS_PER_PAGE;
        payload.head = (HaywireWirePidPage){
            .ordinal = haywire_le32(i),
            .pages = haywire_le32(pages),
            .count = haywire_le32(count),
            .total = haywire_le32(entries),
            .first_index = haywire_le32(first),
            .taken_ns = haywire_le64(taken_ns),
        };
        memcpy(payload.entry, entry + at, count * sizeof(*entry));
        forge_publish(forge, HAYWIRE_CATEGORY_PID, first + i, HAYWIRE_KIND_PID,
                      &payload, sizeof(payload.head) + count * sizeof(*entry));
    }
}

static void beat_hide(void)
{
    if (beats++ % LIST_BEATS == 0) {
        read_all();
        forge->generation++;
        publish_list();
    }
    forge->heartbeat++;
    forge_discover(forge);
}

static void begin_hide(unsigned long number)
{
    hidden = number;
    forge = forge_new(NULL);
    forge_all(forge);
}

const Lie lies_of_processes[] = {
    { "hide", "a list without the process of this pid", 1, begin_hide,
      beat_hide },
    { NULL },
};
