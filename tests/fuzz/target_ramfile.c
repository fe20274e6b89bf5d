/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target: the host tool's file input, from the open file to what it prints.
 *
 * The input is an image (image.h) or, with FUZZ_RAW, the file as it is.
 */

#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"
#include "fuzz.h"
#include "haywire/memory.h"
#include "image.h"
#include "output.h"
#include "text.h"

#define CUT_BYTES 100

static void write_image(int fd, const uint8_t *data, size_t size)
{
    HaywirePage page;
    FuzzChunk chunk;
    size_t at = 1;

    FUZZ_CHECK(ftruncate(fd, FUZZ_BYTES) == 0);
    while (fuzz_chunk_next(data, size, &at, &chunk)) {
        fuzz_chunk_write(&chunk, &page);
        FUZZ_CHECK(pwrite(fd, &page, sizeof(page),
                          (off_t)chunk.frame * HAYWIRE_PAGE_SIZE) ==
                   sizeof(page));
    }
}

static void write_file(int fd, const uint8_t *data, size_t size)
{
    if (data[0] & FUZZ_RAW) {
        FUZZ_CHECK(write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    } else {
        write_image(fd, data, size);
    }
    if (data[0] & FUZZ_CUT) {
        FUZZ_CHECK(ftruncate(fd, FUZZ_BYTES - CUT_BYTES) == 0);
    }
}

/* What was emitted is JSON, and harmless. */
static void check_json(GString *out)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = json_from_string(out->str, &error);

    FUZZ_CHECK(node != NULL);
    fuzz_check_text(out->str, true);
    g_string_truncate(out, 0);
}

/* The answers of all commands that name no process. */
static void ask(HaywireBackend *backend)
{
    g_autoptr(GString) out = g_string_new(NULL);
    HaywireJsonEmitter emitter;
    HaywireProcessList processes;
    HaywireHostCounters host;
    HaywireGuestStats guest;
    HaywireCamera camera[2];

    haywire_json_emitter_init(&emitter, out, true);
    haywire_reply_overview(&emitter.base, NULL,
                           backend->ops->overview(backend));
    check_json(out);
    if (backend->ops->processes(backend, &processes, NULL)) {
        haywire_json_emitter_init(&emitter, out, true);
        haywire_reply_processes(&emitter.base, NULL, processes.process,
                                processes.count);
        check_json(out);
    }
    if (backend->ops->cameras(backend, camera, NULL)) {
        haywire_json_emitter_init(&emitter, out, true);
        haywire_reply_cameras(&emitter.base, NULL, camera, 2);
        check_json(out);
    }
    if (backend->ops->stats(backend, &host, &guest, NULL)) {
        haywire_json_emitter_init(&emitter, out, true);
        haywire_reply_stats(&emitter.base, NULL, &host, &guest);
        check_json(out);
    }
}

static void ask_about(HaywireBackend *backend, uint32_t pid)
{
    g_autoptr(GString) out = g_string_new(NULL);
    HaywireJsonEmitter emitter;
    HaywireSectionList sections;
    HaywirePageRunList runs;
    HaywireGvaRange all = { 0 };
    HaywirePlace place;

    if (backend->ops->sections(backend, pid, &sections, NULL)) {
        haywire_json_emitter_init(&emitter, out, false);
        haywire_reply_sections(&emitter.base, NULL, &sections);
        check_json(out);
    }
    if (!backend->ops->page_runs(backend, pid, all, &runs, NULL)) {
        return;
    }
    haywire_json_emitter_init(&emitter, out, false);
    haywire_reply_page_runs(&emitter.base, NULL, &runs, all);
    check_json(out);
    if (runs.count > 0 &&
        backend->ops->translate(backend, pid, runs.run[0].gva, &place, NULL)) {
        haywire_json_emitter_init(&emitter, out, false);
        haywire_reply_place(&emitter.base, NULL, &place);
        check_json(out);
    }
}

/* Errors are fine; each is one harmless line. */
static void check_error(GError *error)
{
    if (error) {
        fuzz_check_text(error->message, false);
        g_error_free(error);
    }
}

static void use(HaywireBackend *backend)
{
    HaywireCamera camera[2];
    GError *error = NULL;

    /* Twice: the second copies nothing, and judges nothing live. */
    for (int i = 0; i < 2; i++) {
        if (!haywire_backend_look(backend, &error)) {
            check_error(error);
            return;
        }
        ask(backend);
    }
    for (uint32_t pid = 0; pid < 4; pid++) {
        ask_about(backend, pid);
    }
    if (backend->ops->cameras(backend, camera, NULL)) {
        ask_about(backend, camera[0].current_pid);
        ask_about(backend, camera[1].current_pid);
    }
    /* Nothing here was seen beating: refused, not written. */
    FUZZ_CHECK(!backend->ops->focus(backend, 1, 1, &error));
    check_error(error);
}

/* The same bytes as an image that says which addresses it holds. */
static void use_image(int fd)
{
    HaywireDiagnosis diagnosis;
    HaywireMemory *memory;
    HaywireImage image;
    uint64_t end = 0;
    uint8_t byte;
    size_t got;

    if (haywire_memory_image_open(fd, &image, &diagnosis, &memory) !=
        HAYWIRE_OK) {
        return;
    }
    for (size_t i = 0; i < memory->region_count; i++) {
        const HaywireRegion *region = &memory->region[i];
        HaywirePosition last = { region->start.value + region->length - 1 };

        FUZZ_CHECK(region->start.value >= end && region->length > 0);
        FUZZ_CHECK(haywire_memory_read(memory, last, &byte, 1, &got) ==
                   HAYWIRE_OK);
        end = last.value + 1;
    }
    haywire_memory_destroy(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = NULL;
    g_autoptr(HaywireBackend) backend = NULL;
    GError *error = NULL;
    int fd;

    if (size < 1) {
        return 0;
    }
    fd = memfd_create("ramfile", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0);
    write_file(fd, data, size);
    use_image(fd);
    path = g_strdup_printf("/proc/self/fd/%d", fd);
    backend = haywire_backend_ram_new((const char *const *)&path, 1, &error);
    check_error(error);
    close(fd);
    if (backend) {
        use(backend);
    }
    return 0;
}
