/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a builder's text: dispatch, sessions, what lies in MASTER.
 */

#include "beacon_commands.h"

#include <string.h>

#include "beacon_process.h"
#include "haywire/layout.h"
#include "haywire/bytes.h"

const char *const beacon_category_names[] = {
    "master", "roundrobin", "pid", "camera1", "camera2", NULL,
};

BeaconText *beacon_text_new(void)
{
    BeaconText *text = g_new0(BeaconText, 1);

    text->layout = g_array_new(FALSE, FALSE, sizeof(HaywireLayoutRange));
    text->placement.first = 0x100000;
    text->placement.step = HAYWIRE_PAGE_SIZE;
    return text;
}

void beacon_text_free(BeaconText *text)
{
    beacon_session_free(text->session);
    g_array_free(text->layout, TRUE);
    g_free(text);
}

static void run_layout(BeaconText *text, BeaconLine *line)
{
    HaywireLayoutRange range = {
        .gpa = { beacon_line_need(line, "gpa") },
        .position = { beacon_line_need(line, "position") },
        .length = beacon_line_need(line, "length"),
    };

    g_array_append_val(text->layout, range);
}

static void run_place(BeaconText *text, BeaconLine *line)
{
    BeaconPlacement *next = &text->placement;

    next->shuffled = beacon_line_has(line, "seed");
    next->first = beacon_line_number(line, "first", next->first);
    next->step = beacon_line_number(line, "step", HAYWIRE_PAGE_SIZE);
    if (next->shuffled) {
        next->seed = (uint32_t)beacon_line_number(line, "seed", 0);
        next->frames = (uint32_t)beacon_line_need(line, "pages");
    }
}

static void read_version(BeaconLine *line, HaywireDiscovery *discovery)
{
    size_t length;
    const char *text = beacon_line_string(line, "version", "0.1.0", &length);
    g_auto(GStrv) parts = g_strsplit(text, ".", 3);

    for (size_t i = 0; i < 3 && parts[i]; i++) {
        discovery->version[i] = (uint16_t)g_ascii_strtoull(parts[i], NULL, 10);
    }
}

static void read_discovery(BeaconLine *line, HaywireDiscovery *discovery)
{
    size_t length;
    const char *boot_id = beacon_line_string(line, "boot-id", "", &length);

    discovery->os = (uint32_t)beacon_line_number(line, "os", HAYWIRE_OS_LINUX);
    discovery->arch =
        (uint32_t)beacon_line_number(line, "arch", HAYWIRE_ARCH_X86_64);
    discovery->page_size =
        (uint32_t)beacon_line_number(line, "page-size", HAYWIRE_PAGE_SIZE);
    discovery->state =
        beacon_line_number(line, "state", HAYWIRE_SESSION_RUNNING);
    discovery->features = beacon_line_number(line, "features", 7);
    discovery->heartbeat = beacon_line_number(line, "heartbeat", 1);
    discovery->heartbeat_interval_ns =
        beacon_line_number(line, "interval", 100000000);
    discovery->started_monotonic_ns =
        beacon_line_number(line, "started", 5000000000);
    discovery->started_realtime_ns =
        beacon_line_number(line, "wall-started", 1700000000000000000);
    discovery->companion_pid = (uint32_t)beacon_line_number(line, "pid", 99);
    memcpy(discovery->boot_id, boot_id, MIN(length, HAYWIRE_BOOT_ID_SIZE));
    read_version(line, discovery);
}

/* The next session's pages come behind this one's. */
static void advance_placement(BeaconText *text)
{
    const BeaconSession *session = text->session;
    uint64_t pages = 0;

    for (size_t i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        pages += session->discovery.geometry[i];
    }
    if (session->placement.shuffled) {
        pages = session->placement.frames;
    }
    text->placement.first =
        session->placement.first + pages * session->placement.step;
}

static void run_session(BeaconText *text, BeaconLine *line)
{
    BeaconSession *session = beacon_session_new(text->sessions++);

    text->session = session;
    text->set = NULL;
    session->placement = text->placement;
    session->id = beacon_line_number(line, "id", 0x1234 + session->number);
    session->time = beacon_line_number(line, "time", 10000000000);
    session->wall_time =
        beacon_line_number(line, "wall-time", 1700000005000000000);
    session->pfns = beacon_line_number(line, "pfns", 1) != 0;
    read_discovery(line, &session->discovery);
    advance_placement(text);
}

static void run_geometry(BeaconText *text, BeaconLine *line)
{
    for (size_t i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        uint32_t *pages = &text->session->discovery.geometry[i];

        *pages = (uint32_t)beacon_line_number(line, beacon_category_names[i],
                                              *pages);
        if (*pages == 0 || *pages > HAYWIRE_CATEGORY_PAGES_MAX) {
            beacon_line_fail(line, "%u pages: use `set` for damage", *pages);
            *pages = 1;
        }
    }
    advance_placement(text);
}

static void run_part(BeaconText *text, BeaconLine *line)
{
    static const char *const names[] = { "index",    "stats",    "request",
                                         "response", "manifest", NULL };
    const HaywireDiscovery *discovery = &text->session->discovery;
    HaywirePart *part =
        &text->session->discovery.part[beacon_line_choice(line, names)];

    part->first = (uint32_t)beacon_line_need(line, "first");
    part->pages = (uint32_t)beacon_line_need(line, "pages");
    if (part->first > discovery->geometry[HAYWIRE_CATEGORY_MASTER] ||
        part->pages >
            discovery->geometry[HAYWIRE_CATEGORY_MASTER] - part->first) {
        beacon_line_fail(line, "outside of master: use `set` for damage");
        part->pages = 0;
    }
}

static void run_counter(BeaconText *text, BeaconLine *line)
{
    for (int i = 0; i < HAYWIRE_COUNTER_COUNT; i++) {
        uint64_t *counter = &text->session->counter[i];

        *counter =
            beacon_line_number(line, haywire_guest_counter_name(i), *counter);
    }
}

static void run_ram(BeaconText *text, BeaconLine *line)
{
    HaywireWireRamRange range = {
        .record = { haywire_le16(HAYWIRE_RECORD_RAM_RANGE) },
        .start = haywire_le64(beacon_line_need(line, "start")),
        .end = haywire_le64(beacon_line_need(line, "end")),
    };

    g_ptr_array_add(text->session->manifest,
                    beacon_record(&range, sizeof(range), NULL, 0));
}

static void run_vmcoreinfo(BeaconText *text, BeaconLine *line)
{
    HaywireWireVmcoreinfo note = {
        .record = { haywire_le16(HAYWIRE_RECORD_VMCOREINFO) },
        .gpa = haywire_le64(beacon_line_need(line, "gpa")),
        .size = haywire_le64(beacon_line_need(line, "size")),
    };

    g_ptr_array_add(text->session->manifest,
                    beacon_record(&note, sizeof(note), NULL, 0));
}

/* Long texts come in pieces, so that they cross pages in tests as well. */
#define TEXT_PIECE 1000

static void run_text(BeaconText *text, BeaconLine *line)
{
    static const char *const names[] = { "",     "release",    "version",
                                         "host", "vmcoreinfo", "cmdline",
                                         NULL };
    uint32_t id = (uint32_t)beacon_line_choice(line, names);
    const char *content = beacon_line_word(line);
    size_t total = strlen(content), offset = 0;

    do {
        size_t length = MIN(total - offset, TEXT_PIECE);
        HaywireBytes piece = { content + offset, length };
        HaywireWireText head = {
            .record = { haywire_le16(HAYWIRE_RECORD_TEXT) },
            .id = haywire_le32(id),
            .offset = haywire_le32((uint32_t)offset),
            .total = haywire_le32((uint32_t)total),
            .length = haywire_le32((uint32_t)length),
        };

        g_ptr_array_add(text->session->manifest,
                        beacon_record(&head, sizeof(head), &piece, 1));
        offset += length;
    } while (offset < total);
}

typedef struct Command {
    const char *name;
    gboolean needs_session;
    gboolean later; /* damage: kept until the pages are made */
    void (*run)(BeaconText *text, BeaconLine *line);
} Command;

static const Command commands[] = {
    { "layout", FALSE, FALSE, run_layout },
    { "place", FALSE, FALSE, run_place },
    { "session", FALSE, FALSE, run_session },
    { "geometry", TRUE, FALSE, run_geometry },
    { "part", TRUE, FALSE, run_part },
    { "counter", TRUE, FALSE, run_counter },
    { "ram", TRUE, FALSE, run_ram },
    { "vmcoreinfo", TRUE, FALSE, run_vmcoreinfo },
    { "text", TRUE, FALSE, run_text },
    { "snapshot", TRUE, FALSE, beacon_run_snapshot },
    { "cycle", TRUE, FALSE, beacon_run_cycle },
    { "process", TRUE, FALSE, beacon_run_process },
    { "processes", TRUE, FALSE, beacon_run_processes },
    { "sections", TRUE, FALSE, beacon_run_sections },
    { "section", TRUE, FALSE, beacon_run_section },
    { "camera", TRUE, FALSE, beacon_run_camera },
    { "run", TRUE, FALSE, beacon_run_run },
    { "set", TRUE, TRUE, NULL },
    { "corrupt", TRUE, TRUE, NULL },
    { "drop", TRUE, TRUE, NULL },
    { "move", TRUE, TRUE, NULL },
};

static const Command *find_command(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

gboolean beacon_line_begins_session(const BeaconLine *line)
{
    const BeaconItem *first = line->item->pdata[0];

    return !first->key && strcmp(first->value->str, "session") == 0;
}

gboolean beacon_command_run(BeaconText *text, BeaconLine *line)
{
    const char *name = beacon_line_word(line);
    const Command *command = find_command(name);

    if (!command) {
        beacon_line_fail(line, "unknown command '%s'", name);
        return FALSE;
    }
    if (command->needs_session && !text->session) {
        beacon_line_fail(line, "%s before any session", name);
        return FALSE;
    }
    if (command->later) {
        line->next_word = 0;
        g_ptr_array_add(text->session->damage, line);
        return TRUE;
    }
    command->run(text, line);
    beacon_line_finish(line);
    return FALSE;
}
