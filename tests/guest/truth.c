/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's own words: see truth.h. Formats: Linux, proc(5).
 */
#include "truth.h"

#include <stdio.h>
#include <string.h>

#define TICK_NS         10000000u /* USER_HZ is 100 on x86 */
#define PF_KTHREAD      0x00200000u
#define DELETED_MARK    " (deleted)"
#define READY_TIMEOUT_S 60u

/*
 * Nearly all in two programs, so that it is nearly one moment. What threads
 * have in common is shown by any that lives, where the first has ended.
 */
static const char processes_command[] =
    "head -v -c 1000000 /proc/[0-9]*/stat /proc/[0-9]*/status "
    "/proc/[0-9]*/statm /proc/[0-9]*/cmdline; "
    "z=$(grep -l '^State:.Z' /proc/[0-9]*/status | cut -d/ -f3); "
    "for p in $z; do for t in /proc/$p/task/*; do "
    "[ ${t##*/} = $p ] || { echo; "
    "head -v -c 1000000 $t/stat $t/statm $t/cmdline; break; }; "
    "done; done; "
    "stat -c '==exe %N' /proc/[0-9]*/exe; "
    "for p in $z; do stat -c '==exe %N' /proc/$p/task/*/exe; done";

static void process_free(gpointer opaque)
{
    TruthProcess *process = opaque;

    g_clear_pointer(&process->name, g_bytes_unref);
    g_clear_pointer(&process->cmdline, g_bytes_unref);
    g_free(process->exe);
    g_free(process);
}

static TruthProcess *process_of(GHashTable *table, guint32 pid)
{
    TruthProcess *process = g_hash_table_lookup(table, GUINT_TO_POINTER(pid));

    if (!process) {
        process = g_new0(TruthProcess, 1);
        process->pid = pid;
        g_hash_table_insert(table, GUINT_TO_POINTER(pid), process);
    }
    return process;
}

/* The line "PID (NAME) STATE PPID ...": NAME may hold anything. */
static void parse_stat(TruthProcess *process, const char *text, gsize size)
{
    const char *open = memchr(text, '(', size);
    const char *close = g_strrstr_len(text, (gssize)size, ")");
    unsigned long long flags, utime, stime, start;
    int n;

    g_assert_true(open && close && close > open);
    process->name = g_bytes_new(open + 1, (gsize)(close - open - 1));
    n = sscanf(close + 1,
               " %c %u %*d %*d %*d %*d %llu %*u %*u %*u %*u %llu %llu %*d "
               "%*d %*d %d %u %*d %llu %" G_GUINT64_FORMAT,
               &process->state, &process->ppid, &flags, &utime, &stime,
               &process->nice, &process->threads, &start, &process->vsize);
    g_assert_cmpint(n, ==, 9);
    process->kernel_thread = (flags & PF_KTHREAD) != 0;
    process->cpu_ns = (utime + stime) * TICK_NS;
    process->start_ns = start * TICK_NS;
}

/* The number in the second column, the effective one. */
static guint32 effective_id(const char *text, const char *label)
{
    const char *line = strstr(text, label);
    guint32 id = 0;

    g_assert_nonnull(line);
    g_assert_cmpint(sscanf(line + strlen(label), "%*u %u", &id), ==, 1);
    return id;
}

static void parse_status(TruthProcess *process, const char *text, gsize size)
{
    g_autofree char *copy = g_strndup(text, size);

    process->uid = effective_id(copy, "\nUid:");
    process->gid = effective_id(copy, "\nGid:");
}

static void parse_statm(TruthProcess *process, const char *text, gsize size)
{
    g_autofree char *copy = g_strndup(text, size);

    /* In pages, as yet. */
    g_assert_cmpint(sscanf(copy, "%*u %" G_GUINT64_FORMAT, &process->rss), ==,
                    1);
}

/* Of a thread that is not the first. */
static void parse_thread_stat(TruthProcess *process, const char *text,
                              gsize size)
{
    TruthProcess thread = { 0 };

    parse_stat(&thread, text, size);
    process->vsize = thread.vsize;
    g_bytes_unref(thread.name);
}

static void parse_cmdline(TruthProcess *process, const char *text, gsize size)
{
    g_autofree char *joined = g_memdup2(text, size);

    /* A process that names itself there leaves more than one at the end. */
    while (size > 0 && joined[size - 1] == '\0') {
        size--;
    }
    for (gsize i = 0; i < size; i++) {
        joined[i] = joined[i] ? joined[i] : ' ';
    }
    g_clear_pointer(&process->cmdline, g_bytes_unref);
    process->cmdline = g_bytes_new(joined, size);
}

static const struct {
    const char *name;
    void (*parse)(TruthProcess *process, const char *text, gsize size);
} files[] = {
    { "stat", parse_stat },
    { "status", parse_status },
    { "statm", parse_statm },
    { "cmdline", parse_cmdline },
};

static void parse_file(GHashTable *table, guint32 pid, const char *name,
                       const char *text, gsize size)
{
    const char *within_task = strrchr(name, '/');

    if (within_task && g_str_has_suffix(name, "/stat")) {
        parse_thread_stat(process_of(table, pid), text, size);
        return;
    }
    name = within_task ? within_task + 1 : name;
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        /* Empty but for cmdline: the process ended under the reader. */
        if (g_str_equal(name, files[i].name) &&
            (size > 0 || g_str_equal(name, "cmdline"))) {
            files[i].parse(process_of(table, pid), text, size);
        }
    }
}

/* "==exe '/proc/PID/exe' -> 'PATH'" */
static void parse_exe(GHashTable *table, const char *line, gsize size)
{
    g_autofree char *copy = g_strndup(line, size);
    const char *arrow = strstr(copy, "' -> '");
    guint32 pid = 0;
    TruthProcess *process;

    if (!arrow || sscanf(copy, "==exe '/proc/%u/", &pid) != 1) {
        return;
    }
    process = process_of(table, pid);
    process->exe = g_strndup(arrow + 6, strlen(arrow + 6) - 1);
    if (g_str_has_suffix(process->exe, DELETED_MARK)) {
        process->deleted = TRUE;
        process->exe[strlen(process->exe) - strlen(DELETED_MARK)] = '\0';
    }
}

static void parse_exes(GHashTable *table, const char *text, const char *end)
{
    while (text && text < end) {
        const char *line_end = memchr(text, '\n', (gsize)(end - text));

        parse_exe(table, text, (gsize)((line_end ? line_end : end) - text));
        text = line_end ? line_end + 1 : NULL;
    }
}

/* Where the next "==> " or "==exe " header begins. */
static const char *next_header(const char *text, const char *end)
{
    static const char *const headers[] = { "\n==> /proc/", "==exe '/proc/" };
    const char *first = end;

    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
        const char *found =
            memmem(text, (gsize)(end - text), headers[i], strlen(headers[i]));

        if (found && found < first) {
            first = found;
        }
    }
    return first;
}

/* Parts of "==> /proc/PID/NAME <==\n", or of a thread, before the file. */
static const char *parse_part(GHashTable *table, const char *text,
                              const char *end)
{
    char name[32] = "";
    guint32 pid = 0;
    int header = 0;
    const char *part_end;

    if (sscanf(text, "==> /proc/%u/%31s <==%n", &pid, name, &header) != 2 ||
        header == 0) {
        return NULL;
    }
    text += header + 1;
    part_end = next_header(text, end);
    parse_file(table, pid, name, text, (gsize)(part_end - text));
    return part_end < end && *part_end == '\n' ? part_end + 1 : part_end;
}

/* A process that ended while it was read has no stat, or nothing else. */
static gboolean is_incomplete(gpointer key, gpointer value, gpointer opaque)
{
    TruthProcess *process = value;

    (void)key;
    (void)opaque;
    return !process->name || !process->cmdline;
}

static void count_bytes(gpointer key, gpointer value, gpointer page)
{
    TruthProcess *process = value;

    (void)key;
    process->page = *(const guint *)page;
    process->rss *= process->page;
}

GHashTable *truth_processes(Vm *vm)
{
    GHashTable *table = g_hash_table_new_full(NULL, NULL, NULL, process_free);
    g_autoptr(GBytes) bytes = vm_guest_capture(vm, processes_command);
    gsize size;
    const char *text = g_bytes_get_data(bytes, &size);
    const char *end = text + size;
    guint page = vm_guest_page(vm);

    while (text && text < end && g_str_has_prefix(text, "==> ")) {
        text = parse_part(table, text, end);
    }
    g_assert_nonnull(text);
    parse_exes(table, text, end);
    g_hash_table_foreach_remove(table, is_incomplete, NULL);
    g_hash_table_foreach(table, count_bytes, &page);
    g_assert_cmpuint(g_hash_table_size(table), >, 10);
    return table;
}

static void section_free(gpointer opaque)
{
    TruthSection *section = opaque;

    g_bytes_unref(section->path);
    g_free(section);
}

/* maps writes a newline in a path as \012, and nothing else specially. */
static GBytes *unescape_path(const char *path)
{
    GString *plain = g_string_new(path);

    g_string_replace(plain, "\\012", "\n", 0);
    return g_string_free_to_bytes(plain);
}

static TruthSection *parse_section(const char *line)
{
    TruthSection *section = g_new0(TruthSection, 1);
    int path = 0;
    int n = sscanf(
        line,
        "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER
        "x %4s %" G_GINT64_MODIFIER "x %x:%x %" G_GUINT64_FORMAT "%n",
        &section->start, &section->end, section->permissions, &section->offset,
        &section->device_major, &section->device_minor, &section->inode, &path);

    g_assert_cmpint(n, ==, 7);
    line += path;
    while (*line == ' ') {
        line++;
    }
    section->path = unescape_path(line);
    return section;
}

GPtrArray *truth_sections(Vm *vm, guint32 pid)
{
    /* Of a thread that lives, where the first has ended. */
    g_autofree char *command =
        g_strdup_printf("for t in /proc/%u /proc/%u/task/*; do "
                        "grep -q . $t/maps && { cat $t/maps; break; }; done",
                        pid, pid);
    g_autoptr(GBytes) bytes = vm_guest_capture(vm, command);
    GPtrArray *sections = g_ptr_array_new_with_free_func(section_free);
    g_auto(GStrv) lines = NULL;
    g_autofree char *text = NULL;
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);

    text = g_strndup(data, size);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line) {
            g_ptr_array_add(sections, parse_section(*line));
        }
    }
    return sections;
}

guint64 truth_pagemap(Vm *vm, guint32 pid, guint64 address)
{
    g_autofree char *command = g_strdup_printf(
        "dd if=/proc/%u/pagemap bs=8 count=1 skip=%" G_GUINT64_FORMAT, pid,
        address / vm_guest_page(vm));
    g_autoptr(GBytes) bytes = vm_guest_capture(vm, command);
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);
    guint64 entry;

    g_assert_cmpuint(size, ==, sizeof(entry));
    memcpy(&entry, data, sizeof(entry));
    return GUINT64_FROM_LE(entry);
}

static void animal_free(gpointer opaque)
{
    TruthAnimal *animal = opaque;

    g_free(animal->name);
    g_strfreev(animal->values);
    g_free(animal);
}

static TruthAnimal *parse_animal(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    TruthAnimal *animal = g_new0(TruthAnimal, 1);

    animal->name = g_strdup(words[0]);
    if (words[1] && g_ascii_isdigit(words[1][0])) {
        animal->pid = (guint32)g_ascii_strtoull(words[1], NULL, 10);
        animal->values = g_strdupv(words + 2);
    } else {
        g_test_message("the guest has no '%s': %s", words[0], line);
        animal->values = g_strsplit("", " ", -1);
    }
    return animal;
}

GPtrArray *truth_menagerie(Vm *vm)
{
    GPtrArray *animals = g_ptr_array_new_with_free_func(animal_free);
    g_auto(GStrv) lines = NULL;
    g_autofree char *wait =
        g_strdup_printf("n=0; until grep -q ^ready$ /run/menagerie; do "
                        "sleep 0.1; n=$((n+1)); [ $n -lt %u ] || break; done",
                        READY_TIMEOUT_S * 5);
    g_autofree char *text = NULL;

    g_free(vm_guest_run(vm, wait, NULL));
    text = vm_guest_run(vm, "cat /run/menagerie", NULL);
    g_assert_nonnull(strstr(text, "\nready"));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && !g_str_equal(*line, "ready"); line++) {
        g_ptr_array_add(animals, parse_animal(*line));
    }
    return animals;
}

const TruthAnimal *truth_animal(GPtrArray *animals, const char *name)
{
    for (guint i = 0; i < animals->len; i++) {
        const TruthAnimal *animal = g_ptr_array_index(animals, i);

        if (g_str_equal(animal->name, name)) {
            return animal;
        }
    }
    g_error("no animal '%s' in the guest", name);
}

gboolean truth_animal_address(const TruthAnimal *animal, const char *key,
                              unsigned int nth, guint64 *ret_address)
{
    g_autofree char *prefix = g_strconcat(key, "=", NULL);

    for (char **value = animal->values; *value; value++) {
        if (g_str_has_prefix(*value, prefix) && nth-- == 0) {
            *ret_address = g_ascii_strtoull(*value + strlen(prefix), NULL, 16);
            return TRUE;
        }
    }
    return FALSE;
}

void truth_each_content(GPtrArray *animals, TruthContent *content,
                        gpointer opaque)
{
    /* Small pages, huge ones, one that nobody may touch. */
    static const char *const names[] = { "plain", "huge-thp", "huge-pool",
                                         "forbidden" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const TruthAnimal *animal = truth_animal(animals, names[i]);
        guint64 address;

        for (unsigned int nth = 0;
             animal->pid != 0 &&
             truth_animal_address(animal, "at", nth, &address);
             nth++) {
            content(animal->pid, address, opaque);
        }
    }
}

char *truth_content(guint64 address)
{
    return g_strdup_printf("haywire:%016" G_GINT64_MODIFIER "x:known!!",
                           address);
}
