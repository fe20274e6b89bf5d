/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target: what a person or a program hands in. The first byte says what the
 * rest of the input is:
 *
 *   a  the arguments of one QMP command, in numbers: looked up in a model and
 *      answered as the plugin does
 *   w  the words of a command line of the host tool
 *   r  a reply, as JSON, from a QMP peer that need not be our plugin
 */

#include <json-glib/json-glib.h>
#include <string.h>

#include "beacon_ram.h"
#include "fuzz.h"
#include "haywire/focus.h"
#include "haywire/watch.h"
#include "json_emitter.h"
#include "listing.h"
#include "options.h"
#include "reply_parse.h"

#define WORDS_MAX 16

static const char model_text[] =
    "place first=0x1000\n"
    "session id=7\n"
    "geometry roundrobin=8 pid=4 camera1=4 camera2=4\n"
    "ram start=0x1000 end=0x100000\n"
    "process pid=1 name=\"init\" exe=\"/sbin/init\" cmdline=\"init\"\n"
    "process pid=4294967295 name=\"last\"\n"
    "sections pid=1\n"
    "section start=0x1000 end=0x3000 perms=\"r-xp\" path=\"/sbin/init\"\n"
    "camera 1 pid=1 status=1\n"
    "sections pid=1 camera=1\n"
    "section start=0x1000 end=0x3000 perms=\"r-xp\" path=\"/sbin/init\"\n"
    "run camera=1 gva=0x1000 pfn=5 pages=2\n"
    "run camera=1 gva=0x200000 pfn=512 pages=512 shift=21\n"
    "run camera=1 gva=0xfffffffffffff000 pfn=9\n"
    "run camera=1 gva=0x5000 swap=3\n";

/* Built once, never freed. */
static HaywireModel *get_model(void)
{
    static HaywireModel *model;
    HaywireBeaconRam ram;
    HaywireWatch *watch;

    if (model) {
        return model;
    }
    haywire_beacon_ram_init(&ram, model_text, 1 << 20, true);
    FUZZ_CHECK(haywire_watch_new(ram.source, &watch) == HAYWIRE_OK);
    FUZZ_CHECK(haywire_watch_look(watch, (HaywireNow){ 1, 1 }, &model) ==
               HAYWIRE_OK);
    FUZZ_CHECK(model->process_count == 2);
    haywire_watch_destroy(watch);
    haywire_beacon_ram_clear(&ram);
    return model;
}

typedef struct Arguments {
    uint32_t pid;
    uint32_t camera;
    uint64_t address;
    uint64_t length;
} Arguments;

static void check_json(GString *out)
{
    g_autoptr(JsonNode) node = json_from_string(out->str, NULL);

    FUZZ_CHECK(node != NULL);
    fuzz_check_text(out->str, true);
}

/* Runs of a range lie within it, to the page, and keep their order. */
static void check_range(const HaywirePageRunList *list, HaywireGvaRange range)
{
    for (size_t i = 0; i < list->count; i++) {
        const HaywirePageRun *run = &list->run[i];
        HaywirePageRun part;

        if (haywire_page_run_clip(run, range.start, range.length, &part)) {
            FUZZ_CHECK(part.pages >= 1 && part.pages <= run->pages);
            FUZZ_CHECK(part.gva.value >= run->gva.value);
            FUZZ_CHECK((part.gva.value - run->gva.value) / HAYWIRE_PAGE_SIZE <=
                       run->pages - part.pages);
        }
    }
}

static void answer(const Arguments *arguments)
{
    const HaywireModel *model = get_model();
    g_autoptr(GString) out = g_string_new(NULL);
    HaywireGvaRange range = { { arguments->address }, arguments->length };
    HaywirePlace place = { .ram_block = "ram" };
    HaywireJsonEmitter emitter;
    HaywireSectionList sections;
    HaywirePageRunList runs;
    HaywireFocusTarget target;

    haywire_json_emitter_init(&emitter, out, true);
    emitter.base.begin_list(&emitter.base, NULL);
    if (haywire_model_sections(model, arguments->pid, &sections) ==
        HAYWIRE_OK) {
        haywire_reply_sections(&emitter.base, NULL, &sections);
    }
    if (haywire_model_page_runs(model, arguments->pid, &runs) == HAYWIRE_OK) {
        check_range(&runs, range);
        haywire_reply_page_runs(&emitter.base, NULL, &runs, range);
    }
    if (haywire_model_translate(model, arguments->pid,
                                (HaywireGva){ arguments->address },
                                &place.translation) == HAYWIRE_OK) {
        haywire_reply_place(&emitter.base, NULL, &place);
    }
    /* Nobody saw this session beat. */
    FUZZ_CHECK(haywire_focus_target(model, arguments->camera, &target) !=
               HAYWIRE_OK);
    emitter.base.end_list(&emitter.base);
    check_json(out);
}

static void run_arguments(const uint8_t *data, size_t size)
{
    Arguments arguments = { 0 };
    uint8_t raw[24] = { 0 };

    memcpy(raw, data, MIN(size, sizeof(raw)));
    memcpy(&arguments.pid, raw, 4);
    memcpy(&arguments.camera, raw + 4, 4);
    memcpy(&arguments.address, raw + 8, 8);
    memcpy(&arguments.length, raw + 16, 8);
    if (raw[0] & 1) {
        arguments.pid = 1;
    }
    answer(&arguments);
}

static void check_error(GError *error)
{
    FUZZ_CHECK(error != NULL);
    g_error_free(error);
}

/* A word of the command line as each kind of argument that there is. */
static void read_word(const char *word, guint64 value[HAYWIRE_ARGUMENT_KINDS])
{
    for (int kind = 1; kind < HAYWIRE_ARGUMENT_KINDS; kind++) {
        GError *error = NULL;

        if (!haywire_argument_parse(kind, word, &value[kind], &error)) {
            check_error(error);
        }
    }
    FUZZ_CHECK(value[HAYWIRE_ARGUMENT_PID] <= G_MAXUINT32);
    FUZZ_CHECK(value[HAYWIRE_ARGUMENT_CAMERA] <= 2);
}

/* What ps would list. */
static void list(const HaywireOptions *options)
{
    const HaywireModel *model = get_model();
    const HaywireProcessList all = { model->process_count, model->process };
    g_autoptr(GString) out = g_string_new(NULL);
    GError *error = NULL;
    g_autoptr(HaywireListing) listing = haywire_listing_new(options, &error);

    if (!listing ||
        !haywire_listing_take(listing, &(HaywireOverview){ 0 }, &all, &error)) {
        check_error(error);
        return;
    }
    haywire_listing_print(listing, out);
}

static void run_words(char **words, int count)
{
    char *argv[WORDS_MAX + 2] = { (char *)"haywire" };
    guint64 value[HAYWIRE_ARGUMENT_KINDS] = { 0 };
    HaywireOptions options;
    GError *error = NULL;

    memcpy(argv + 1, words, (size_t)count * sizeof(*words));
    if (!haywire_options_parse(count + 1, argv, &options, &error)) {
        check_error(error);
        return;
    }
    FUZZ_CHECK(options.arguments >= 0 && options.arguments <= count);
    for (int i = 0; i < options.arguments; i++) {
        read_word(options.argument[i], value);
    }
    list(&options);
    answer(&(Arguments){ .pid = (uint32_t)value[HAYWIRE_ARGUMENT_PID],
                         .camera = (uint32_t)value[HAYWIRE_ARGUMENT_CAMERA],
                         .address = value[HAYWIRE_ARGUMENT_ADDRESS],
                         .length = value[HAYWIRE_ARGUMENT_LENGTH] });
}

static void run_reply(const char *text)
{
    g_autoptr(JsonNode) node = json_from_string(text, NULL);
    g_autoptr(GPtrArray) arena = haywire_arena_new();
    HaywireOverview overview;
    HaywireProcessList processes;
    HaywireSectionList sections;
    HaywirePageRunList runs;
    HaywireCamera camera[2];
    HaywireHostCounters host;
    HaywireGuestStats guest;
    HaywirePlace place;
    HaywireJsonEmitter emitter;
    g_autoptr(GString) out = g_string_new(NULL);

    if (!node) {
        return;
    }
    haywire_json_emitter_init(&emitter, out, true);
    emitter.base.begin_list(&emitter.base, NULL);
    if (haywire_parse_overview(node, &overview, NULL)) {
        haywire_reply_overview(&emitter.base, NULL, &overview);
    }
    if (haywire_parse_processes(node, arena, &processes, NULL)) {
        haywire_reply_processes(&emitter.base, NULL, processes.process,
                                processes.count);
    }
    if (haywire_parse_sections(node, arena, &sections, NULL)) {
        haywire_reply_sections(&emitter.base, NULL, &sections);
    }
    if (haywire_parse_page_runs(node, arena, &runs, NULL)) {
        haywire_reply_page_runs(&emitter.base, NULL, &runs,
                                (HaywireGvaRange){ 0 });
    }
    if (haywire_parse_cameras(node, camera, NULL)) {
        haywire_reply_cameras(&emitter.base, NULL, camera, 2);
    }
    if (haywire_parse_stats(node, &host, &guest, NULL)) {
        haywire_reply_stats(&emitter.base, NULL, &host, &guest);
    }
    if (haywire_parse_place(node, &place, NULL)) {
        haywire_reply_place(&emitter.base, NULL, &place);
    }
    emitter.base.end_list(&emitter.base);
    check_json(out);
}

static void run_text(char kind, const char *text)
{
    g_auto(GStrv) words = NULL;
    int count;

    if (kind == 'r') {
        run_reply(text);
        return;
    }
    words = g_strsplit(text, " ", WORDS_MAX);
    count = (int)g_strv_length(words);
    run_words(words, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = NULL;

    if (size < 1) {
        return 0;
    }
    if (data[0] == 'a') {
        run_arguments(data + 1, size - 1);
        return 0;
    }
    text = g_strndup((const char *)data + 1, size - 1);
    run_text((char)data[0], text);
    return 0;
}
