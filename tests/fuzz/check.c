/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold for every model, however it came about.
 */

#include <string.h>

#include "fuzz.h"
#include "harmless.h"
#include "reply.h"
#include "text.h"

/* Texts of bigger models take long, and say nothing new. */
#define TEXT_PROCESSES_MAX 64
#define LOOKUPS_MAX        64

void fuzz_check_text(const char *text, bool lines)
{
    FUZZ_CHECK(text != NULL);
    FUZZ_CHECK(haywire_text_find_harm(text, lines) == NULL);
}

/* An emitter that keeps nothing but looks at everything. */
typedef struct CheckEmitter {
    HaywireEmitter base;
    unsigned depth;
    uint64_t lists; /* bit set by depth: 1 for a list */
} CheckEmitter;

static CheckEmitter *place_member(HaywireEmitter *base, const char *name)
{
    CheckEmitter *emitter = (CheckEmitter *)base;
    bool in_object =
        emitter->depth > 0 && !(emitter->lists >> emitter->depth & 1);

    FUZZ_CHECK((name != NULL) == in_object);
    if (name) {
        fuzz_check_text(name, false);
    }
    return emitter;
}

static void begin(HaywireEmitter *base, const char *name, bool list)
{
    CheckEmitter *emitter = place_member(base, name);

    emitter->depth++;
    FUZZ_CHECK(emitter->depth < 8);
    emitter->lists &= ~(UINT64_C(1) << emitter->depth);
    emitter->lists |= (uint64_t)list << emitter->depth;
}

static void end(HaywireEmitter *base, bool list)
{
    CheckEmitter *emitter = (CheckEmitter *)base;

    FUZZ_CHECK(emitter->depth > 0);
    FUZZ_CHECK((emitter->lists >> emitter->depth & 1) == list);
    emitter->depth--;
}

static void begin_object(HaywireEmitter *base, const char *name)
{
    begin(base, name, false);
}

static void end_object(HaywireEmitter *base)
{
    end(base, false);
}

static void begin_list(HaywireEmitter *base, const char *name)
{
    begin(base, name, true);
}

static void end_list(HaywireEmitter *base)
{
    end(base, true);
}

static void boolean(HaywireEmitter *base, const char *name, bool value)
{
    (void)value;
    place_member(base, name);
}

static void number(HaywireEmitter *base, const char *name, uint64_t value)
{
    (void)value;
    place_member(base, name);
}

static void integer(HaywireEmitter *base, const char *name, int64_t value)
{
    (void)value;
    place_member(base, name);
}

static void string(HaywireEmitter *base, const char *name, const char *value)
{
    place_member(base, name);
    fuzz_check_text(value, false);
}

static const HaywireEmitter check_emitter = {
    begin_object, end_object, begin_list, end_list,
    boolean,      number,     integer,    string,
};

static void check_sections(const HaywireSectionList *list,
                           HaywireEmitter *emitter, GString *out)
{
    for (size_t i = 0; i < list->count; i++) {
        const HaywireSection *section = &list->section[i];

        FUZZ_CHECK(section->start < section->end);
        FUZZ_CHECK(i == 0 || section->start >= list->section[i - 1].start);
        FUZZ_CHECK(strlen(section->permissions) == 4);
    }
    haywire_reply_sections(emitter, NULL, list);
    haywire_text_sections(out, list);
}

static void check_translation(const HaywireModel *model, uint32_t pid,
                              uint64_t address)
{
    HaywireTranslation translation;

    if (haywire_model_translate(model, pid, (HaywireGva){ address },
                                &translation) == HAYWIRE_OK) {
        FUZZ_CHECK(translation.pid == pid);
        FUZZ_CHECK(translation.address.value == address);
        FUZZ_CHECK(translation.gpa.value % HAYWIRE_PAGE_SIZE ==
                   address % HAYWIRE_PAGE_SIZE);
    }
}

static void check_runs(const HaywireModel *model,
                       const HaywirePageRunList *list, HaywireEmitter *emitter,
                       GString *out)
{
    uint64_t end = 0;

    for (size_t i = 0; i < list->count; i++) {
        const HaywirePageRun *run = &list->run[i];
        uint64_t length = (uint64_t)run->pages * HAYWIRE_PAGE_SIZE;
        HaywirePageRun part;

        FUZZ_CHECK(run->pages > 0);
        FUZZ_CHECK(i == 0 || run->gva.value >= end);
        FUZZ_CHECK(length - 1 <= UINT64_MAX - run->gva.value);
        end = run->gva.value + length;
        check_translation(model, list->pid, run->gva.value);
        check_translation(model, list->pid, run->gva.value + length - 1);
        FUZZ_CHECK(haywire_page_run_clip(run, run->gva, 1, &part));
        FUZZ_CHECK(part.pages >= 1 && part.pages <= run->pages);
    }
    haywire_reply_page_runs(emitter, NULL, list, (HaywireGvaRange){ 0 });
    haywire_text_page_runs(out, list, (HaywireGvaRange){ 0 });
}

static void check_pid(const HaywireModel *model, uint32_t pid,
                      HaywireEmitter *emitter)
{
    g_autoptr(GString) out = g_string_new(NULL);
    HaywireSectionList sections;
    HaywirePageRunList runs;

    if (haywire_model_sections(model, pid, &sections) == HAYWIRE_OK) {
        FUZZ_CHECK(sections.pid == pid);
        check_sections(&sections, emitter, out);
    }
    if (haywire_model_page_runs(model, pid, &runs) == HAYWIRE_OK) {
        FUZZ_CHECK(runs.pid == pid);
        check_runs(model, &runs, emitter, out);
    }
    check_translation(model, pid, 0);
    check_translation(model, pid, UINT64_MAX);
    fuzz_check_text(out->str, true);
}

static void check_processes(const HaywireModel *model, HaywireEmitter *emitter)
{
    size_t step = model->process_count / LOOKUPS_MAX + 1;

    FUZZ_CHECK(model->process_count <= HAYWIRE_PROCESSES_MAX);
    for (size_t i = 0; i < model->process_count; i++) {
        const HaywireProcess *process = &model->process[i];

        FUZZ_CHECK(i == 0 || process->pid > model->process[i - 1].pid);
        FUZZ_CHECK(haywire_model_process(model, process->pid) == process);
        FUZZ_CHECK(g_ascii_isprint(process->state));
        if (i % step == 0) {
            check_pid(model, process->pid, emitter);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(model->camera); i++) {
        check_pid(model, model->camera[i].current_pid, emitter);
    }
}

static void check_replies(const HaywireModel *model, HaywireEmitter *emitter)
{
    haywire_reply_overview(emitter, NULL, &model->overview);
    haywire_reply_processes(emitter, NULL, model->process,
                            model->process_count);
    haywire_reply_cameras(emitter, NULL, model->camera,
                          G_N_ELEMENTS(model->camera));
    haywire_reply_stats(emitter, NULL, &model->host, &model->guest);
}

static void check_texts(const HaywireModel *model)
{
    g_autoptr(GString) out = g_string_new(NULL);

    haywire_text_overview(out, &model->overview);
    haywire_text_session_line(out, &model->overview);
    haywire_text_processes(out, model->process,
                           MIN(model->process_count, TEXT_PROCESSES_MAX));
    haywire_text_cameras(out, model->camera, G_N_ELEMENTS(model->camera));
    haywire_text_stats(out, &model->overview.cost, &model->host, &model->guest);
    fuzz_check_text(out->str, true);
    fuzz_check_text(model->manifest.kernel_version, false);
    fuzz_check_text(model->manifest.kernel_cmdline, false);
    fuzz_check_text(model->manifest.vmcoreinfo_text, false);
}

void fuzz_check_model(const HaywireModel *model)
{
    CheckEmitter emitter = { .base = check_emitter };

    FUZZ_CHECK(model->overview.processes >= model->process_count);
    FUZZ_CHECK(model->overview.has_guest || model->process_count == 0);
    check_processes(model, &emitter.base);
    check_replies(model, &emitter.base);
    check_texts(model);
    FUZZ_CHECK(emitter.depth == 0);
}
