/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a model: memory, texts, the process table, lists.
 */

#include "haywire/builder.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "content.h"

/* Longest of what is joined. */
#define ARGUMENTS_MAX 4096

/*
 * Texts that many have in common, programs and libraries: each is escaped and
 * kept once, as far as a table of fixed size remembers it.
 */
#define TEXTS 1024

typedef struct KnownText {
    HaywireString bytes; /* the provider's */
    const char *text;    /* in the arena; NULL: nothing is here */
} KnownText;

typedef struct HaywireTexts {
    const KnownText *last; /* met; NULL: none yet */
    KnownText known[TEXTS];
} HaywireTexts;

HaywireStatus haywire_builder_init(HaywireBuilder *builder,
                                   const HaywireShares *shares,
                                   const HaywireModel *last,
                                   HaywireHostCounters *host)
{
    HaywireContent *content = haywire_content_new();
    HaywireTexts *texts = calloc(1, sizeof(*texts));

    if (!content || !texts) {
        free(texts);
        haywire_content_unref(content);
        return HAYWIRE_NO_MEMORY;
    }
    *builder = (HaywireBuilder){ .told = &content->told,
                                 .shares = *shares,
                                 .host = host,
                                 .content = content,
                                 .arena = &content->arena,
                                 .texts = texts };
    content->arena.most = shares->model;
    if (last) {
        builder->last = haywire_content_of(last);
        haywire_arena_reserve(&content->arena,
                              haywire_arena_used(&builder->last->arena));
    }
    return HAYWIRE_OK;
}

HaywireStatus haywire_builder_finish(HaywireBuilder *builder,
                                     const HaywireMoment *moment,
                                     HaywireModel **ret_model)
{
    HaywireContent *content = builder->content;
    uint64_t known = builder->last ? builder->last->limits : 0;
    HaywireStatus status = HAYWIRE_NO_MEMORY;

    free(builder->texts);
    content->limits = builder->limits;
    if (builder->arena != &content->arena) {
        content->lists->limits = builder->limits - builder->limits_before;
    }
    if (builder->limits > known) {
        builder->host->limits_reached += builder->limits - known;
    }
    if (!builder->no_memory) {
        status = haywire_content_model(content, moment, ret_model);
    }
    if (status != HAYWIRE_OK) {
        haywire_content_unref(content);
    }
    return status;
}

void haywire_builder_reject(HaywireBuilder *builder, HaywireStatus status)
{
    builder->host->rejected[status] += builder->fresh;
}

bool haywire_builder_check(HaywireBuilder *builder, HaywireStatus status)
{
    if (status == HAYWIRE_LIMIT) {
        builder->limits++;
    } else if (status == HAYWIRE_NO_MEMORY) {
        builder->no_memory = true;
    }
    return status == HAYWIRE_OK;
}

void haywire_builder_begin(HaywireBuilder *builder, HaywireBuilderPart part)
{
    HaywireArena *arena = builder->arena;
    size_t share = arena->most;
    size_t used = haywire_arena_used(arena);
    size_t left = share - used;
    const size_t bytes[] = {
        [HAYWIRE_BUILDER_TABLE] = share / 4 * 3,
        [HAYWIRE_BUILDER_FACTS] = share / 8,
        [HAYWIRE_BUILDER_PASS] = share / 4,
        [HAYWIRE_BUILDER_REST] = share,
    };

    arena->limit = used + (bytes[part] < left ? bytes[part] : left);
}

/* The arena gave nothing. */
static void note_failure(HaywireBuilder *builder)
{
    (void)haywire_builder_check(
        builder, builder->arena->no_memory ? HAYWIRE_NO_MEMORY : HAYWIRE_LIMIT);
}

void *haywire_builder_array(HaywireBuilder *builder, size_t count, size_t size)
{
    void *array = NULL;

    if (count > 0) {
        array = haywire_arena_alloc(builder->arena, count * size);
        if (!array) {
            note_failure(builder);
        }
    }
    return array;
}

const char *haywire_builder_text(HaywireBuilder *builder, HaywireString bytes,
                                 bool *ret_cut)
{
    const char *text = haywire_arena_text(builder->arena, bytes);

    if (!text) {
        note_failure(builder);
        *ret_cut = true;
        return "";
    }
    return text;
}

static bool is_same(const KnownText *known, HaywireString bytes)
{
    return known && known->text && known->bytes.length == bytes.length &&
           memcmp(known->bytes.data, bytes.data, bytes.length) == 0;
}

const char *haywire_builder_shared_text(HaywireBuilder *builder,
                                        HaywireString bytes, bool *ret_cut)
{
    HaywireTexts *texts = builder->texts;
    KnownText *known;
    bool cut = false;

    if (bytes.length == 0) {
        return "";
    }
    if (is_same(texts->last, bytes)) {
        return texts->last->text;
    }
    known = &texts->known[XXH3_64bits(bytes.data, bytes.length) % TEXTS];
    if (!is_same(known, bytes)) {
        const char *text = haywire_builder_text(builder, bytes, &cut);

        if (cut) {
            *ret_cut = true;
            return text;
        }
        *known = (KnownText){ bytes, text };
    }
    texts->last = known;
    return known->text;
}

const char *haywire_builder_arguments(HaywireBuilder *builder,
                                      HaywireString bytes, bool *ret_cut)
{
    uint8_t joined[ARGUMENTS_MAX];
    size_t length = bytes.length;
    uint8_t *at = joined, *end;

    if (length > sizeof(joined)) {
        length = sizeof(joined);
        *ret_cut = true;
    }
    while (length > 0 && bytes.data[length - 1] == '\0') {
        length--;
    }
    if (length > 0) {
        memcpy(joined, bytes.data, length);
    }
    end = joined + length;
    while ((at = memchr(at, '\0', (size_t)(end - at)))) {
        *at++ = ' ';
    }
    return haywire_builder_text(builder, (HaywireString){ joined, length },
                                ret_cut);
}

/* For a process of which no more is known. */
static const uint64_t no_numbers[HAYWIRE_FIELD_COUNT];

/* Half of the share: its names, and what else is told, need room as well. */
bool haywire_builder_begin_table(HaywireBuilder *builder, size_t count)
{
    size_t room = builder->shares.model / 2 / sizeof(*builder->process);

    room = room < HAYWIRE_PROCESSES_MAX ? room : HAYWIRE_PROCESSES_MAX;
    room = count < room ? count : room;
    builder->process =
        haywire_builder_array(builder, room, sizeof(*builder->process));
    builder->process_room = builder->process ? room : 0;
    builder->told->process = builder->process;
    builder->told->process_count = 0;
    return builder->process;
}

bool haywire_builder_add_process(HaywireBuilder *builder,
                                 const HaywireProcess *process,
                                 HaywireString name)
{
    HaywireModel *told = builder->told;
    HaywireProcess *added;

    if (told->process_count == builder->process_room) {
        return haywire_builder_check(builder, HAYWIRE_LIMIT);
    }
    added = &builder->process[told->process_count++];
    *added = *process;
    if (added->state <= 0x20 || added->state >= 0x7f) {
        added->state = '?';
    }
    added->exe = "";
    added->cmdline = "";
    added->number = no_numbers;
    added->cgroup = "";
    added->name = haywire_builder_text(builder, name, &added->name_truncated);
    return !builder->no_memory;
}

/* By pid; those of one pid as they came, by the number that sort() gives. */
static int compare_processes(const void *left, const void *right)
{
    const HaywireProcess *a = left;
    const HaywireProcess *b = right;

    if (a->pid != b->pid) {
        return a->pid < b->pid ? -1 : 1;
    }
    return a->details_generation < b->details_generation ? -1 : 1;
}

static void sort(HaywireProcess *process, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        process[i].details_generation = i; /* has none yet */
    }
    qsort(process, count, sizeof(*process), compare_processes);
    for (size_t i = 0; i < count; i++) {
        process[i].details_generation = 0;
    }
}

static bool is_ascending(const HaywireProcess *process, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (process[i - 1].pid >= process[i].pid) {
            return false;
        }
    }
    return true;
}

/* Returns how many are left. */
static size_t drop_duplicates(HaywireProcess *process, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || process[kept - 1].pid != process[i].pid) {
            process[kept++] = process[i];
        }
    }
    return kept;
}

/* Guests mostly list their processes in order. */
void haywire_builder_end_table(HaywireBuilder *builder, bool count_duplicates)
{
    HaywireOverview *overview = &builder->told->overview;
    size_t count = builder->told->process_count;

    if (!is_ascending(builder->process, count)) {
        size_t kept;

        sort(builder->process, count);
        kept = drop_duplicates(builder->process, count);
        for (size_t i = kept; count_duplicates && i < count; i++) {
            haywire_builder_reject(builder, HAYWIRE_BAD_VALUE);
        }
        count = kept;
    }
    builder->told->process_count = count;
    if (overview->processes < count) {
        overview->processes = count;
    }
    overview->processes_missing = overview->processes - count;
}

HaywireProcess *haywire_builder_process(const HaywireBuilder *builder,
                                        uint32_t pid, uint64_t start_time)
{
    const HaywireProcess *found = haywire_process_find(
        builder->process, builder->told->process_count, pid);

    return found && found->start_time == start_time
               ? &builder->process[found - builder->process]
               : NULL;
}

void haywire_builder_add_fields(HaywireBuilder *builder,
                                HaywireProcess *process, uint64_t known,
                                const uint64_t *number, HaywireString cgroup)
{
    uint64_t *copy =
        haywire_builder_array(builder, HAYWIRE_FIELD_COUNT, sizeof(*copy));
    bool cut = false;

    if (!copy) {
        return;
    }
    process->number = memcpy(copy, number, HAYWIRE_FIELD_COUNT * sizeof(*copy));
    process->cgroup = haywire_builder_shared_text(builder, cgroup, &cut);
    process->known = cut ? known & ~HAYWIRE_FIELD_TEXTS : known;
}

void haywire_builder_set_ram(HaywireBuilder *builder,
                             const HaywireRamRange *ram, size_t count)
{
    HaywireManifest *manifest = &builder->told->manifest;
    HaywireRamRange *copy = haywire_builder_array(builder, count, sizeof(*ram));

    if (copy) {
        memcpy(copy, ram, count * sizeof(*ram));
        manifest->ram = copy;
        manifest->ram_count = count;
    }
}

/* Large ones are made anew: the table may need their room. */
bool haywire_builder_share_lists(HaywireBuilder *builder, uint64_t digest)
{
    HaywireLists *lists = builder->last ? builder->last->lists : NULL;

    if (!lists || digest == 0 || lists->digest != digest ||
        lists->arena.total > builder->shares.model / 4 ||
        lists->arena.total > builder->shares.model - builder->arena->total) {
        return false;
    }
    atomic_fetch_add_explicit(&lists->references, 1, memory_order_relaxed);
    builder->content->lists = lists;
    builder->limits += lists->limits;
    return true;
}

/* Texts met before are no part of them, and may go earlier. */
void haywire_builder_begin_lists(HaywireBuilder *builder, size_t count,
                                 uint64_t digest)
{
    const HaywireLists *before = builder->last ? builder->last->lists : NULL;
    HaywireLists *lists = calloc(1, sizeof(*lists));

    if (!lists) {
        builder->no_memory = true;
        return;
    }
    atomic_init(&lists->references, 1);
    lists->digest = digest;
    lists->arena.most = builder->shares.model - builder->arena->total;
    lists->arena.limit = lists->arena.most;
    if (before) {
        haywire_arena_reserve(&lists->arena,
                              haywire_arena_used(&before->arena));
    }
    builder->content->lists = lists;
    builder->arena = &lists->arena;
    builder->limits_before = builder->limits;
    memset(builder->texts, 0, sizeof(*builder->texts));
    lists->list = haywire_builder_array(builder, count, sizeof(*lists->list));
    lists->room = lists->list ? count : 0;
}

HaywireSectionList *haywire_builder_add_list(HaywireBuilder *builder,
                                             uint32_t pid, uint64_t start_time)
{
    HaywireLists *lists = builder->content->lists;
    HaywireSectionList *list;

    if (!lists || lists->count == lists->room) {
        return NULL;
    }
    list = &lists->list[lists->count++];
    *list = (HaywireSectionList){ .pid = pid, .start_time = start_time };
    return list;
}

bool haywire_builder_begin_sections(HaywireBuilder *builder,
                                    HaywireSectionList *list, size_t count)
{
    builder->section =
        haywire_builder_array(builder, count, sizeof(*builder->section));
    builder->section_room = builder->section ? count : 0;
    list->section = builder->section;
    list->count = 0;
    return builder->section || count == 0;
}

void haywire_builder_add_section(HaywireBuilder *builder,
                                 HaywireSectionList *list,
                                 const HaywireSection *section,
                                 HaywireString path)
{
    HaywireSection *added = &builder->section[list->count];

    if (list->count == builder->section_room) {
        return;
    }
    if (list->count > 0 && section->start < added[-1].end) {
        haywire_builder_reject(builder, HAYWIRE_BAD_RANGE);
        return;
    }
    *added = *section;
    added->path =
        haywire_builder_shared_text(builder, path, &added->path_truncated);
    list->count++;
}

HaywireCameraPass *haywire_builder_pass(HaywireBuilder *builder, size_t camera)
{
    return &builder->content->pass[camera];
}

void haywire_builder_begin_runs(HaywireBuilder *builder,
                                HaywirePageRunList *list, size_t count)
{
    /* Half of what a pass may take: the other is for its sections. */
    size_t most = builder->shares.model / 8 / sizeof(*builder->run);
    size_t room = count < most ? count : most;

    builder->run = haywire_builder_array(builder, room, sizeof(*builder->run));
    builder->run_room = builder->run ? room : 0;
    list->run = builder->run;
    list->count = 0;
}

/* Runs never wrap: their last page is none of the address space's last. */
static uint64_t end_of(const HaywirePageRun *run)
{
    return run->gva.value + ((uint64_t)run->pages << HAYWIRE_PAGE_SHIFT);
}

bool haywire_builder_add_run(HaywireBuilder *builder, HaywirePageRunList *list,
                             const HaywirePageRun *run)
{
    const HaywirePageRun *last = &builder->run[list->count];

    if (list->count == builder->run_room) {
        builder->limits++;
        return false;
    }
    if (list->count > 0 && run->gva.value < end_of(&last[-1])) {
        haywire_builder_reject(builder, HAYWIRE_BAD_RANGE);
        return true;
    }
    builder->run[list->count++] = *run;
    return true;
}
