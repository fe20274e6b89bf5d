/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that a test makes up. */

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_collector.h"
#include "os/os.h"

static FakeCollector *self_of(HaywireCollector *collector)
{
    return (FakeCollector *)collector;
}

static const FakeProcess *find(FakeCollector *fake, uint32_t pid)
{
    for (size_t i = 0; i < fake->count; i++) {
        if (fake->process[i].pid == pid) {
            return &fake->process[i];
        }
    }
    return NULL;
}

static void fake_destroy(HaywireCollector *collector)
{
    g_assert_cmpint(self_of(collector)->open, ==, 0);
}

static HaywireCollect fake_list(HaywireCollector *collector,
                                HaywireVector *pids)
{
    FakeCollector *fake = self_of(collector);

    pids->count = 0;
    for (size_t i = 0; i < fake->count; i++) {
        g_assert_cmpint(haywire_vector_push(pids, &fake->process[i].pid), ==,
                        HAYWIRE_OK);
    }
    return HAYWIRE_COLLECT_OK;
}

/* Use processor time, as reading a process does. */
static void burn(unsigned us)
{
    uint64_t end = haywire_os_cpu_ns() + us * (HAYWIRE_NS_PER_MS / 1000);

    while (us > 0 && haywire_os_cpu_ns() < end) {
        continue;
    }
}

static HaywireCollect read_brief(FakeCollector *fake, uint32_t pid,
                                 HaywireBrief *ret_brief)
{
    const FakeProcess *process = find(fake, pid);

    burn(fake->burn_us);
    if (!process || process->listed_only) {
        return process ? process->listed_only : HAYWIRE_COLLECT_GONE;
    }
    memset(ret_brief, 0, sizeof(*ret_brief));
    ret_brief->pid = pid;
    ret_brief->ppid = process->ppid ? process->ppid : 1;
    ret_brief->start_time_ns = process->start_time_ns;
    ret_brief->threads = process->threads ? process->threads : pid + 65000;
    ret_brief->state = process->zombie ? 'Z' : process->running ? 'R' : 'S';
    ret_brief->kernel = process->kernel;
    ret_brief->ids_known = true;
    ret_brief->uid = 1000 + pid;
    ret_brief->name_length =
        (size_t)snprintf((char *)ret_brief->name, sizeof(ret_brief->name),
                         "fake-process-%u", pid);
    return HAYWIRE_COLLECT_OK;
}

static HaywireCollect fake_brief(HaywireCollector *collector, uint32_t pid,
                                 HaywireBrief *ret_brief)
{
    self_of(collector)->reads++;
    return read_brief(self_of(collector), pid, ret_brief);
}

static void fake_mark(HaywireCollector *collector, uint32_t pid,
                      HaywireMark *ret_mark)
{
    FakeCollector *fake = self_of(collector);
    const FakeProcess *process = find(fake, pid);

    *ret_mark = (HaywireMark){ 0, 0 };
    if (fake->marks && process) {
        *ret_mark = (HaywireMark){ process->start_time_ns, process->run };
    }
}

static bool fake_hear(HaywireCollector *collector, HaywireHeard *ret_heard)
{
    FakeCollector *fake = self_of(collector);

    if (fake->hears) {
        *ret_heard = fake->heard;
        fake->heard = (HaywireHeard){ 0 };
    }
    return fake->hears;
}

static HaywireCollect fake_open(HaywireCollector *collector, uint32_t pid,
                                HaywireOpenProcess **ret_process,
                                HaywireBrief *ret_brief)
{
    FakeCollector *fake = self_of(collector);
    HaywireCollect result = read_brief(fake, pid, ret_brief);

    fake->opens++;
    if (result == HAYWIRE_COLLECT_OK) {
        *ret_process = g_new0(HaywireOpenProcess, 1);
        (*ret_process)->pid = pid;
        (*ret_process)->start_time_ns = ret_brief->start_time_ns;
        fake->open++;
    }
    return result;
}

static void fake_close(HaywireCollector *collector, HaywireOpenProcess *process)
{
    g_free(process);
    self_of(collector)->open--;
}

static HaywireCollect fake_details(HaywireCollector *collector,
                                   HaywireOpenProcess *process,
                                   HaywireDetails *ret_details)
{
    const FakeProcess *fake = find(self_of(collector), process->pid);

    memset(ret_details, 0, sizeof(*ret_details));
    ret_details->rss = 4096 * process->pid;
    ret_details->nice = -3;
    ret_details->exe_length = 9;
    memcpy(ret_details->exe, "/bin/fake", 9);
    ret_details->cmdline_length = fake->cmdline_length;
    memset(ret_details->cmdline, 'c', fake->cmdline_length);
    return HAYWIRE_COLLECT_OK;
}

static void fake_fields(HaywireCollector *collector,
                        HaywireOpenProcess *process, HaywireFields *ret_fields)
{
    const FakeProcess *fake = find(self_of(collector), process->pid);

    memset(ret_fields, 0xee, sizeof(*ret_fields));
    ret_fields->cgroup_truncated = false;
    ret_fields->known = fake->fields;
    for (uint64_t i = 0; i < HAYWIRE_FIELD_COUNT; i++) {
        if (fake->fields & UINT64_C(1) << i) {
            ret_fields->value[i] = 1000 + i;
        }
    }
    memset(ret_fields->cgroup, 'g', sizeof(ret_fields->cgroup));
}

static HaywireCollect fake_sections(HaywireCollector *collector,
                                    HaywireOpenProcess *process,
                                    size_t *ret_count)
{
    FakeCollector *fake = self_of(collector);

    fake->loaded = find(fake, process->pid);
    fake->next_section = 0;
    *ret_count = fake->loaded->sections;
    return fake->loaded->sections_result;
}

static bool fake_next(HaywireCollector *collector,
                      HaywireGuestSection *ret_section)
{
    FakeCollector *fake = self_of(collector);
    const FakeProcess *process = fake->loaded;

    if (fake->next_section >= process->sections) {
        return false;
    }
    memset(ret_section, 0, sizeof(*ret_section));
    ret_section->start =
        FAKE_SECTION_BASE + fake->next_section * FAKE_SECTION_STEP;
    ret_section->end = ret_section->start + FAKE_SECTION_STEP / 2;
    ret_section->inode = fake->next_section;
    memset(fake->path, 'p', sizeof(fake->path));
    memcpy(fake->path, "/bin/fake", 9);
    ret_section->path = fake->path;
    ret_section->path_length = process->path_length ? process->path_length : 9;
    fake->next_section++;
    return true;
}

static HaywireCollect fake_figures(HaywireCollector *collector,
                                   HaywireOpenProcess *process,
                                   HaywireFigures *ret_figures)
{
    (void)collector;
    *ret_figures = (HaywireFigures){ process->pid * 10, process->pid * 9, 3 };
    return HAYWIRE_COLLECT_OK;
}

/* Half of the section at a time; every other page is there. */
static HaywireCollect fake_pages(HaywireCollector *collector,
                                 HaywireOpenProcess *process, uint64_t start,
                                 uint64_t end, HaywireRunSink *sink,
                                 void *opaque, uint64_t *ret_next)
{
    FakeCollector *fake = self_of(collector);
    const FakeProcess *owner = find(fake, process->pid);

    if (owner->pages_result) {
        return owner->pages_result;
    }
    g_usleep(fake->pause_ms * 1000);
    for (unsigned i = 0; start % FAKE_SECTION_STEP == 0 && i < owner->runs;
         i++) {
        HaywireGuestRun run = {
            .gva = start + i * UINT64_C(8192),
            .value = FAKE_PFN_BASE + i,
            .pages = 1,
            .flags = HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN,
            .page_shift = 12,
        };

        sink(opaque, &run);
    }
    *ret_next = start + FAKE_SECTION_STEP / 4;
    g_assert_cmphex(*ret_next, <=, end);
    return HAYWIRE_COLLECT_OK;
}

static void fake_facts(HaywireCollector *collector, HaywireFacts *ret_facts)
{
    (void)collector;
    memset(ret_facts, 0, sizeof(*ret_facts));
    ret_facts->ram_count = 1;
    ret_facts->ram[0] = (HaywireRam){ 0x1000, 0x40000000 };
    for (int i = 1; i < HAYWIRE_FACT_TEXTS; i++) {
        ret_facts->text[i].length = (size_t)i * 700;
        memset(ret_facts->text[i].data, 'a' + i, (size_t)i * 700);
    }
}

static bool fake_reads_all(HaywireCollector *collector)
{
    return self_of(collector)->reads_all;
}

static const HaywireCollectorOps fake_ops = {
    .destroy = fake_destroy,
    .list = fake_list,
    .brief = fake_brief,
    .mark = fake_mark,
    .hear = fake_hear,
    .open = fake_open,
    .close = fake_close,
    .details = fake_details,
    .fields = fake_fields,
    .sections = fake_sections,
    .sections_next = fake_next,
    .figures = fake_figures,
    .pages = fake_pages,
    .facts = fake_facts,
    .reads_all = fake_reads_all,
};

void fake_collector_init(FakeCollector *fake, FakeProcess *process,
                         size_t count)
{
    memset(fake, 0, sizeof(*fake));
    fake->base.ops = &fake_ops;
    fake->process = process;
    fake->count = count;
    fake->reads_all = true;
}

FakeProcess *fake_processes_new(size_t count, unsigned sections)
{
    FakeProcess *process = g_new0(FakeProcess, count + 1);

    for (size_t i = 0; i < count; i++) {
        process[i].pid = (uint32_t)i + 1;
        process[i].start_time_ns = 1000 * (i + 1);
        process[i].sections = sections;
    }
    return process;
}
