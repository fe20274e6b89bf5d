/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a builder's text about processes.
 */

#include "beacon_process.h"

#include <string.h>

#include "haywire/bytes.h"

/* As the guest's collector would have seen it. */
typedef struct Process {
    HaywireProcessRecord record;
    HaywireFieldsRecord fields; /* none known: there is no such record */
    gboolean in_snapshot;
    gboolean in_cycle;
} Process;

static BeaconSnapshot *current_snapshot(BeaconSession *session)
{
    GPtrArray *all = session->snapshot;
    BeaconSnapshot *snapshot;

    if (all->len == 0) {
        snapshot = g_new0(BeaconSnapshot, 1);
        snapshot->generation = 1;
        snapshot->taken = session->time;
        snapshot->total = BEACON_UNSET;
        snapshot->entry =
            g_array_new(FALSE, FALSE, sizeof(HaywireWirePidEntry));
        g_ptr_array_add(all, snapshot);
    }
    return all->pdata[all->len - 1];
}

static BeaconCycle *current_cycle(BeaconSession *session)
{
    GPtrArray *all = session->cycle;
    BeaconCycle *cycle;

    if (all->len == 0) {
        cycle = g_new0(BeaconCycle, 1);
        cycle->generation = 1;
        cycle->seen = BEACON_UNSET;
        cycle->record =
            g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
        g_ptr_array_add(all, cycle);
    }
    return all->pdata[all->len - 1];
}

void beacon_run_snapshot(BeaconText *text, BeaconLine *line)
{
    GPtrArray *all = text->session->snapshot;
    uint64_t last = all->len ? current_snapshot(text->session)->generation : 0;
    BeaconSnapshot *snapshot = g_new0(BeaconSnapshot, 1);

    snapshot->generation = beacon_line_number(line, "generation", last + 1);
    snapshot->taken = beacon_line_number(line, "taken", text->session->time);
    snapshot->total = beacon_line_number(line, "total", BEACON_UNSET);
    snapshot->dropped = (uint32_t)beacon_line_number(line, "dropped", 0);
    snapshot->entry = g_array_new(FALSE, FALSE, sizeof(HaywireWirePidEntry));
    g_ptr_array_add(all, snapshot);
}

void beacon_run_cycle(BeaconText *text, BeaconLine *line)
{
    GPtrArray *all = text->session->cycle;
    uint64_t last = all->len ? current_cycle(text->session)->generation : 0;
    BeaconCycle *cycle = g_new0(BeaconCycle, 1);

    cycle->generation = beacon_line_number(line, "generation", last + 1);
    cycle->seen = beacon_line_number(line, "seen", BEACON_UNSET);
    cycle->record =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(all, cycle);
}

uint64_t beacon_start_time(const BeaconSession *session, uint32_t pid)
{
    const uint64_t *known =
        g_hash_table_lookup(session->start_time, GUINT_TO_POINTER(pid));

    return known ? *known : UINT64_C(10000000) * pid;
}

static void remember_start_time(BeaconSession *session, uint32_t pid,
                                uint64_t start_time)
{
    g_hash_table_insert(session->start_time, GUINT_TO_POINTER(pid),
                        g_memdup2(&start_time, sizeof(start_time)));
}

static void add_to_snapshot(BeaconSession *session,
                            const HaywireProcessRecord *from)
{
    size_t length = MIN(from->name.length, HAYWIRE_SHORT_NAME_SIZE);
    gboolean cut = length < from->name.length ||
                   from->flags & HAYWIRE_PROCESS_NAME_TRUNCATED;
    HaywireWirePidEntry entry = {
        .pid = haywire_le32(from->pid),
        .ppid = haywire_le32(from->ppid),
        .start_time_ns = haywire_le64(from->start_time_ns),
        .uid = haywire_le32(from->uid),
        .state = from->state,
        .threads = haywire_le16((uint16_t)MIN(from->threads, UINT16_MAX)),
    };

    if (from->flags & HAYWIRE_PROCESS_KERNEL) {
        entry.flags |= HAYWIRE_PID_FLAG_KERNEL;
    }
    if (cut) {
        entry.flags |= HAYWIRE_PID_FLAG_NAME_TRUNCATED;
    }
    memcpy(entry.name, from->name.data, length);
    g_array_append_val(current_snapshot(session)->entry, entry);
}

static GBytes *encode_process(const HaywireProcessRecord *from)
{
    HaywireBytes tail[] = {
        { from->name.data, from->name.length },
        { from->exe.data, from->exe.length },
        { from->cmdline.data, from->cmdline.length },
    };
    HaywireWireProcess wire = {
        .record = { haywire_le16(HAYWIRE_RECORD_PROCESS),
                    .flags = haywire_le32(from->flags) },
        .pid = haywire_le32(from->pid),
        .ppid = haywire_le32(from->ppid),
        .uid = haywire_le32(from->uid),
        .gid = haywire_le32(from->gid),
        .start_time_ns = haywire_le64(from->start_time_ns),
        .vsize = haywire_le64(from->vsize),
        .rss = haywire_le64(from->rss),
        .user_time_ns = haywire_le64(from->user_time_ns),
        .system_time_ns = haywire_le64(from->system_time_ns),
        .threads = haywire_le32(from->threads),
        .nice = haywire_le32((uint32_t)from->nice),
        .state = from->state,
        .name_length = haywire_le16((uint16_t)from->name.length),
        .exe_length = haywire_le16((uint16_t)from->exe.length),
        .cmdline_length = haywire_le16((uint16_t)from->cmdline.length),
    };

    return beacon_record(&wire, sizeof(wire), tail, G_N_ELEMENTS(tail));
}

static GBytes *encode_fields(const Process *process)
{
    const HaywireFieldsRecord *from = &process->fields;
    HaywireLe64 number[HAYWIRE_FIELD_COUNT];
    size_t count = 0;
    HaywireWireProcessFields wire = {
        .record = { haywire_le16(HAYWIRE_RECORD_PROCESS_FIELDS) },
        .pid = haywire_le32(process->record.pid),
        .start_time_ns = haywire_le64(process->record.start_time_ns),
        .known = haywire_le64(from->known),
    };

    for (size_t i = 0; i < HAYWIRE_FIELD_COUNT; i++) {
        if (from->known & UINT64_C(1) << i) {
            number[count++] = haywire_le64(from->number[i]);
        }
    }
    HaywireBytes tail[] = {
        { number, count * sizeof(number[0]) },
        { from->cgroup.data, from->cgroup.length },
    };

    return beacon_record(&wire, sizeof(wire), tail, G_N_ELEMENTS(tail));
}

static void add_to_cycle(BeaconText *text, BeaconLine *line, GBytes *record)
{
    if (record) {
        g_ptr_array_add(current_cycle(text->session)->record, record);
    } else {
        beacon_line_fail(line, "a record longer than a page");
    }
}

static void add_process(BeaconText *text, BeaconLine *line,
                        const Process *process)
{
    BeaconSession *session = text->session;

    remember_start_time(session, process->record.pid,
                        process->record.start_time_ns);
    if (process->in_snapshot) {
        add_to_snapshot(session, &process->record);
    }
    if (process->in_cycle) {
        current_cycle(session)->processes++;
        add_to_cycle(text, line, encode_process(&process->record));
        if (process->fields.known) {
            add_to_cycle(text, line, encode_fields(process));
        }
    }
}

static HaywireString read_string(BeaconLine *line, const char *key,
                                 const char *otherwise)
{
    HaywireString string;

    string.data = (const uint8_t *)beacon_line_string(line, key, otherwise,
                                                      &string.length);
    return string;
}

static void read_presence(BeaconLine *line, Process *process)
{
    size_t length;
    const char *in = beacon_line_string(line, "in", "both", &length);
    gboolean both = strcmp(in, "both") == 0;

    process->in_snapshot = both || strcmp(in, "snapshot") == 0;
    process->in_cycle = both || strcmp(in, "cycle") == 0;
    if (!process->in_snapshot && !process->in_cycle) {
        beacon_line_fail(line, "in=%s: both, snapshot or cycle", in);
    }
}

static const BeaconFlag process_flags[] = {
    { "kernel", HAYWIRE_PROCESS_KERNEL },
    { "name-truncated", HAYWIRE_PROCESS_NAME_TRUNCATED },
    { "exe-truncated", HAYWIRE_PROCESS_EXE_TRUNCATED },
    { "cmdline-truncated", HAYWIRE_PROCESS_CMDLINE_TRUNCATED },
    { "exe-unreadable", HAYWIRE_PROCESS_EXE_UNREADABLE },
    { "exe-deleted", HAYWIRE_PROCESS_EXE_DELETED },
    { "ids-unreadable", HAYWIRE_PROCESS_IDS_UNREADABLE },
    { "blocked", HAYWIRE_PROCESS_BLOCKED },
    { NULL },
};

static void read_numbers(BeaconLine *line, HaywireProcessRecord *record)
{
    record->ppid = (uint32_t)beacon_line_number(line, "ppid", 1);
    record->uid = (uint32_t)beacon_line_number(line, "uid", 0);
    record->gid = (uint32_t)beacon_line_number(line, "gid", 0);
    record->threads = (uint32_t)beacon_line_number(line, "threads", 1);
    record->nice = (int32_t)beacon_line_number(line, "nice", 0);
    record->vsize = beacon_line_number(line, "vsize", 8 << 20);
    record->rss = beacon_line_number(line, "rss", 1 << 20);
    record->user_time_ns = beacon_line_number(line, "utime", 20000000);
    record->system_time_ns = beacon_line_number(line, "stime", 10000000);
    record->flags =
        (uint32_t)beacon_line_flags(line, "flags", process_flags, 0);
}

/* Named as in section 5.5. */
static const char *const field_names[HAYWIRE_FIELD_COUNT] = {
    [HAYWIRE_FIELD_MINOR_FAULTS] = "minor-faults",
    [HAYWIRE_FIELD_MAJOR_FAULTS] = "major-faults",
    [HAYWIRE_FIELD_READ_BYTES] = "read-bytes",
    [HAYWIRE_FIELD_WRITTEN_BYTES] = "written-bytes",
    [HAYWIRE_FIELD_VOLUNTARY_SWITCHES] = "voluntary-switches",
    [HAYWIRE_FIELD_INVOLUNTARY_SWITCHES] = "involuntary-switches",
    [HAYWIRE_FIELD_OPEN_FILES] = "open-files",
    [HAYWIRE_FIELD_PROCESS_GROUP] = "process-group",
    [HAYWIRE_FIELD_SESSION] = "session",
    [HAYWIRE_FIELD_TERMINAL] = "terminal",
    [HAYWIRE_FIELD_PRIORITY] = "priority",
    [HAYWIRE_FIELD_CGROUP] = "cgroup",
};

static void read_fields(BeaconLine *line, HaywireFieldsRecord *fields)
{
    for (size_t i = 0; i < HAYWIRE_FIELD_COUNT; i++) {
        if (!beacon_line_has(line, field_names[i])) {
            continue;
        }
        fields->known |= UINT64_C(1) << i;
        if (i == HAYWIRE_FIELD_CGROUP) {
            fields->cgroup = read_string(line, field_names[i], "");
            fields->number[i] = fields->cgroup.length;
        } else {
            fields->number[i] = beacon_line_number(line, field_names[i], 0);
        }
    }
}

void beacon_run_process(BeaconText *text, BeaconLine *line)
{
    uint32_t pid = (uint32_t)beacon_line_need(line, "pid");
    g_autofree char *name = g_strdup_printf("p%u", pid);
    Process process = { .record.pid = pid };
    HaywireString state = read_string(line, "state", "S");

    read_numbers(line, &process.record);
    read_fields(line, &process.fields);
    read_presence(line, &process);
    process.record.start_time_ns =
        beacon_line_number(line, "start", UINT64_C(10000000) * pid);
    process.record.state = state.data[0];
    process.record.name = read_string(line, "name", name);
    process.record.exe = read_string(line, "exe", "");
    process.record.cmdline = read_string(line, "cmdline", "");
    if (!line->error) {
        add_process(text, line, &process);
    }
}

/* What an ordinary program's sections look like, as far as sizes matter. */
static void add_sections(BeaconText *text, uint32_t pid, uint32_t count)
{
    BeaconSet *set;

    if (count == 0) {
        return;
    }
    set =
        beacon_set_add(text, 0, pid, beacon_start_time(text->session, pid), 1);
    for (uint32_t i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf(
            "/usr/lib/x86_64-linux-gnu/libexample-%u.so.1.2.3", i / 4);
        HaywireSectionRecord section = {
            .flags = HAYWIRE_SECTION_READ,
            .start = { UINT64_C(0x7f0000000000) + i * UINT64_C(0x10000) },
            .end = { UINT64_C(0x7f0000008000) + i * UINT64_C(0x10000) },
            .inode = 1000 + i / 4,
            .device_major = 8,
            .path = { (const uint8_t *)path, strlen(path) },
        };

        beacon_section_add(set, &section);
    }
}

void beacon_run_processes(BeaconText *text, BeaconLine *line)
{
    uint32_t first = (uint32_t)beacon_line_need(line, "first");
    uint32_t count = (uint32_t)beacon_line_need(line, "count");
    uint32_t sections = (uint32_t)beacon_line_number(line, "sections", 0);
    Process process = { .record.state = 'S' };

    read_numbers(line, &process.record);
    read_fields(line, &process.fields);
    read_presence(line, &process);
    for (uint32_t i = 0; i < count && !line->error; i++) {
        uint32_t pid = first + i;
        g_autofree char *name = g_strdup_printf("p%u", pid);
        g_autofree char *exe = g_strdup_printf("/usr/bin/%s", name);
        HaywireProcessRecord *record = &process.record;

        record->pid = pid;
        record->start_time_ns = UINT64_C(10000000) * pid;
        record->name = (HaywireString){ (uint8_t *)name, strlen(name) };
        record->exe = (HaywireString){ (uint8_t *)exe, strlen(exe) };
        record->cmdline = (HaywireString){ (uint8_t *)exe, strlen(exe) + 1 };
        add_process(text, line, &process);
        add_sections(text, pid, sections);
    }
}
