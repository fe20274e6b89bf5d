/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backend that reads a RAM file, live or kept: see backend.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "exit_status.h"
#include "haywire/focus.h"
#include "haywire/text.h"
#include "haywire/watch.h"
#include "hint_cache.h"
#include "open_ram.h"
#include "progress.h"
#include "ram_kind.h"
#include "ram_scan.h"
#include "rest.h"
#include "text.h"

#define NS_PER_US 1000

/* The longest sentence on why there is no kernel. */
#define EXPLANATION_MAX 256

typedef struct RamFile {
    char *path;
    char *shown; /* the path, fit for a terminal and for JSON */
    int fd;
} RamFile;

typedef struct RamBackend {
    HaywireBackend base;
    GArray *file; /* of RamFile, in the order of the guest's memory */
    HaywireMemory *source;
    HaywireWatch *watch;
    HaywireModel *model; /* the newest; NULL before the first refresh */
    HaywireProgress progress;
    gboolean uses_hint;
    guint64 hint_ns;                   /* wall clock of the newest look */
    char why[4 * EXPLANATION_MAX + 1]; /* fit for a terminal */
} RamBackend;

static RamBackend *ram(HaywireBackend *backend)
{
    return (RamBackend *)backend;
}

static const RamFile *file_at(const RamBackend *backend, guint number)
{
    return &g_array_index(backend->file, RamFile, number);
}

/* Nothing in any of them can change just now. */
static gboolean is_at_rest(const RamBackend *backend)
{
    for (guint i = 0; i < backend->file->len; i++) {
        if (!haywire_file_at_rest(file_at(backend, i)->fd)) {
            return FALSE;
        }
    }
    return TRUE;
}

static HaywireNow now(const RamBackend *backend)
{
    const uint64_t ns = (uint64_t)g_get_monotonic_time() * NS_PER_US;

    return (HaywireNow){
        .now_ns = ns,
        .host_ns = ns,
        .still = is_at_rest(backend),
    };
}

/* A failure of the file itself: errno says more about one of them. */
static gboolean fail_file(const char *path, HaywireStatus status,
                          GError **error)
{
    const int saved = errno;

    if (status == HAYWIRE_IO_ERROR && saved) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_IO, "%s: %s", path,
                                 g_strerror(saved));
    }
    return haywire_exit_fail_status(error, status, NULL, path);
}

/* Of one of them; which is known only where there is one. */
static gboolean fail(const RamBackend *backend, HaywireStatus status,
                     GError **error)
{
    return fail_file(backend->file->len == 1 ? file_at(backend, 0)->path
                                             : "RAM files",
                     status, error);
}

/* The end of a look; @model: with HAYWIRE_OK only. */
static gboolean take(RamBackend *backend, HaywireStatus status,
                     HaywireModel *model, GError **error)
{
    haywire_progress_end(&backend->progress);
    if (status != HAYWIRE_OK) {
        return fail(backend, status, error);
    }
    haywire_model_unref(backend->model);
    backend->model = model;
    return TRUE;
}

static gboolean refresh(HaywireBackend *base, GError **error)
{
    RamBackend *backend = ram(base);
    HaywireModel *model;
    HaywireStatus status;

    errno = 0;
    backend->hint_ns = (guint64)g_get_real_time() * NS_PER_US;
    status = haywire_watch_look(backend->watch, now(backend), &model);
    return take(backend, status, model, error);
}

static gboolean check(HaywireBackend *base, HaywireCheck *into, GError **error)
{
    RamBackend *backend = ram(base);
    HaywireModel *model;
    HaywireStatus status;

    errno = 0;
    status = haywire_watch_check(backend->watch, now(backend), into, &model);
    return take(backend, status, model, error);
}

static gint64 beat_wait(HaywireBackend *base)
{
    const RamBackend *backend = ram(base);
    const uint64_t ns = haywire_watch_beat_wait(backend->watch, now(backend));

    return (gint64)((ns + NS_PER_US - 1) / NS_PER_US);
}

static const HaywireOverview *overview(HaywireBackend *base)
{
    static const HaywireOverview nothing = { .state = HAYWIRE_STATE_SEARCHING };

    return ram(base)->model ? &ram(base)->model->overview : &nothing;
}

/* A companion tells of all processes; of a kernel's they are looked up. */
static gboolean want(HaywireBackend *base, uint32_t pid)
{
    haywire_watch_want(ram(base)->watch, pid);
    return overview(base)->source == HAYWIRE_PROVIDER_KERNEL;
}

static const char *why_no_kernel(HaywireBackend *base)
{
    RamBackend *backend = ram(base);
    char text[EXPLANATION_MAX];

    haywire_watch_explain(backend->watch, text, sizeof(text));
    haywire_text_escape((const uint8_t *)text, strlen(text), backend->why);
    return backend->why;
}

static gboolean processes(HaywireBackend *base, HaywireProcessList *ret_list,
                          GError **error)
{
    const HaywireModel *model = ram(base)->model;

    (void)error;
    ret_list->count = model->process_count;
    ret_list->process = model->process;
    return TRUE;
}

/* What was on no camera when a session ended is nowhere in the file. */
static void explain_cameras(GString *out, const HaywireModel *model)
{
    const char *comma = "";

    g_string_append(out, ": this session is not live, and keeps page tables "
                         "only of what a camera was on (");
    for (size_t i = 0; i < G_N_ELEMENTS(model->camera); i++) {
        if (model->camera[i].current_pid) {
            g_string_append_printf(out, "%spid %u", comma,
                                   model->camera[i].current_pid);
            comma = ", ";
        }
    }
    g_string_append(out, comma[0] ? ")" : "nothing)");
    g_string_append(out, "; ps and sections tell of the others");
}

/* Where a part of the memory is missing, that may be why. */
static gboolean fail_pid(const RamBackend *backend, GError **error,
                         HaywireStatus status, uint32_t pid)
{
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_text_failure(text, status, "pid", pid, NULL);
    if (status == HAYWIRE_NO_CAMERA &&
        !haywire_state_is_current(backend->model->overview.state)) {
        explain_cameras(text, backend->model);
    }
    haywire_text_missing(text, &backend->model->overview);
    return haywire_exit_fail(error, haywire_exit_of_status(status), "%s",
                             text->str);
}

static gboolean sections(HaywireBackend *base, uint32_t pid,
                         HaywireSectionList *ret_list, GError **error)
{
    const HaywireStatus status =
        haywire_model_sections(ram(base)->model, pid, ret_list);

    return status == HAYWIRE_OK || fail_pid(ram(base), error, status, pid);
}

static gboolean page_runs(HaywireBackend *base, uint32_t pid,
                          HaywireGvaRange range, HaywirePageRunList *ret_list,
                          GError **error)
{
    const HaywireStatus status =
        haywire_model_page_runs(ram(base)->model, pid, ret_list);

    (void)range;
    return status == HAYWIRE_OK || fail_pid(ram(base), error, status, pid);
}

static gboolean cameras(HaywireBackend *base, HaywireCamera ret_camera[2],
                        GError **error)
{
    (void)error;
    memcpy(ret_camera, ram(base)->model->camera,
           sizeof(ram(base)->model->camera));
    return TRUE;
}

static gboolean stats(HaywireBackend *base, HaywireHostCounters *ret_host,
                      HaywireGuestStats *ret_guest, GError **error)
{
    (void)error;
    *ret_host = ram(base)->model->host;
    *ret_guest = ram(base)->model->guest;
    return TRUE;
}

/* Of several files the one that holds @position is named. */
static void find_place(const RamBackend *backend, HaywirePosition position,
                       HaywirePlace *ret_place)
{
    size_t number;

    ret_place->has_offset = haywire_memory_place(backend->source, position,
                                                 &number, &ret_place->offset);
    if (ret_place->has_offset && backend->file->len > 1) {
        ret_place->ram_block = file_at(backend, (guint)number)->shown;
    }
}

/* The place in the file may be unknown; the guest's address is not. */
static gboolean translate(HaywireBackend *base, uint32_t pid,
                          HaywireGva address, HaywirePlace *ret_place,
                          GError **error)
{
    const HaywireModel *model = ram(base)->model;
    HaywirePosition position;
    HaywireStatus status;

    ret_place->ram_block = "";
    ret_place->has_offset = false;
    status =
        haywire_model_translate(model, pid, address, &ret_place->translation);
    if (status != HAYWIRE_OK) {
        return fail_pid(ram(base), error, status, pid);
    }
    if (haywire_layout_position(&model->layout, ret_place->translation.gpa,
                                &position) == HAYWIRE_OK) {
        find_place(ram(base), position, ret_place);
    }
    return TRUE;
}

static gboolean focus(HaywireBackend *base, uint32_t camera, uint32_t pid,
                      GError **error)
{
    RamBackend *backend = ram(base);
    HaywireDiagnosis diagnosis = { 0 };
    HaywireFocusTarget target;
    HaywireControl control;
    HaywireStatus status;

    status = haywire_focus_target(backend->model, camera, &target);
    if (status != HAYWIRE_OK) {
        return haywire_exit_fail_about(error, status, "camera", camera, NULL);
    }
    errno = 0;
    status = haywire_focus(backend->source, &target, pid, &control, &diagnosis);
    haywire_watch_count_focus(backend->watch, status);
    if (status == HAYWIRE_IO_ERROR) {
        return fail(backend, status, error);
    }
    return status == HAYWIRE_OK ||
           haywire_exit_fail_about(error, status, "camera", camera, &diagnosis);
}

static gboolean scan(HaywireBackend *base, HaywireScanReport *ret_report,
                     GError **error)
{
    RamBackend *backend = ram(base);
    HaywireStatus status;

    errno = 0;
    status = haywire_ram_scan(backend->source, is_at_rest(backend),
                              &backend->progress, ret_report);
    haywire_progress_end(&backend->progress);
    return status == HAYWIRE_OK || fail(backend, status, error);
}

/* Of what is missing altogether; parts of it are in the result. */
static gboolean fail_read(RamBackend *backend, const HaywireReadWish *wish,
                          HaywireStatus status, GError **error)
{
    const char *why = why_no_kernel(&backend->base);

    if (status == HAYWIRE_NOT_FOUND || status == HAYWIRE_NO_LAYOUT) {
        return haywire_exit_fail(
            error, HAYWIRE_EXIT_NOTHING, "%s",
            *why ? why
                 : "Only the guest's kernel knows where this lies: ask it with "
                   "--from kernel or --from auto");
    }
    if (status == HAYWIRE_NO_SECTIONS) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                                 "A process without memory of its own (pid "
                                 "%u): kernel threads have none",
                                 wish->pid);
    }
    if (wish->whose == HAYWIRE_WHOSE_PROCESS) {
        return fail_pid(backend, error, status, wish->pid);
    }
    return fail(backend, status, error);
}

static gboolean read_memory(HaywireBackend *base, const HaywireReadWish *wish,
                            void *to, HaywireReadResult *ret_result,
                            GError **error)
{
    RamBackend *backend = ram(base);
    const HaywireStatus status = haywire_watch_read(
        backend->watch, now(backend), backend->model, wish, to, ret_result);

    return status == HAYWIRE_OK || fail_read(backend, wish, status, error);
}

gboolean haywire_backend_ram_guest(HaywireBackend *base,
                                   HaywireRamGuest *ret_guest, GError **error)
{
    RamBackend *backend = ram(base);
    HaywireKernel *kernel = haywire_watch_kernel(backend->watch, now(backend));

    if (!kernel) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING, "%s",
                                 why_no_kernel(base));
    }
    *ret_guest = (HaywireRamGuest){
        .memory = backend->source,
        .kernel = kernel,
        .model = backend->model,
        .layout = haywire_kernel_layout(kernel),
        .progress = &backend->progress,
    };
    return TRUE;
}

void haywire_backend_ram_use_hint(HaywireBackend *base)
{
    RamBackend *backend = ram(base);
    HaywireFileHint hint;

    backend->uses_hint = backend->file->len == 1;
    if (backend->uses_hint &&
        haywire_hint_find(file_at(backend, 0)->fd,
                          (guint64)g_get_real_time() * NS_PER_US, &hint)) {
        haywire_watch_hint_file(backend->watch, &hint);
    }
}

/*
 * A session that does not beat is none to begin with; and what a hint has found
 * is none to go on with: every ten seconds there is a scan.
 */
static void note_hint(const RamBackend *backend)
{
    HaywireFileHint hint;

    if (backend->uses_hint && backend->model &&
        backend->model->overview.has_scan &&
        backend->model->overview.state != HAYWIRE_STATE_STALE &&
        haywire_watch_recall(backend->watch, &hint)) {
        haywire_hint_note(file_at(backend, 0)->fd, backend->hint_ns, &hint);
    }
}

static void destroy(HaywireBackend *base)
{
    RamBackend *backend = ram(base);

    note_hint(backend);

    haywire_model_unref(backend->model);
    haywire_watch_destroy(backend->watch);
    haywire_memory_destroy(backend->source);
    g_array_unref(backend->file);
    g_free(backend);
}

static const HaywireBackendOps ram_ops = {
    .refresh = refresh,
    .beat_wait = beat_wait,
    .overview = overview,
    .want = want,
    .why_no_kernel = why_no_kernel,
    .processes = processes,
    .sections = sections,
    .page_runs = page_runs,
    .cameras = cameras,
    .stats = stats,
    .translate = translate,
    .focus = focus,
    .check = check,
    .scan = scan,
    .read = read_memory,
    .destroy = destroy,
};

static void clear_file(gpointer file)
{
    RamFile *of = file;

    close(of->fd);
    g_free(of->path);
    g_free(of->shown);
}

static gboolean open_files(RamBackend *backend, const char *const *path,
                           gsize count, GError **error)
{
    for (gsize i = 0; i < count; i++) {
        RamFile file = { .fd = haywire_open_ram(path[i], error) };

        if (file.fd < 0) {
            return FALSE;
        }
        file.path = g_strdup(path[i]);
        file.shown = g_malloc(4 * strlen(path[i]) + 1);
        haywire_text_escape((const uint8_t *)path[i], strlen(path[i]),
                            file.shown);
        g_array_append_val(backend->file, file);
    }
    return TRUE;
}

static gboolean open_raw(RamBackend *backend, GError **error)
{
    HaywireMemoryFile file[HAYWIRE_MEMORY_FILES_MAX];
    gsize count = MIN(backend->file->len, G_N_ELEMENTS(file)), failed = 0;
    HaywireStatus status;

    for (gsize i = 0; i < count; i++) {
        file[i] = (HaywireMemoryFile){ file_at(backend, i)->fd,
                                       file_at(backend, i)->path };
    }
    errno = 0;
    status = haywire_memory_files_open(file, count, &failed, &backend->source);
    return status == HAYWIRE_OK ||
           fail_file(file_at(backend, failed)->path, status, error);
}

static gboolean fail_image(const char *path, HaywireStatus status,
                           const HaywireDiagnosis *diagnosis, GError **error)
{
    if (status == HAYWIRE_BAD_KIND) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                                 "%s: an ELF file, but no memory of a guest: "
                                 "give a core of dump-guest-memory",
                                 path);
    }
    if (status == HAYWIRE_BAD_VERSION) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                                 "%s: a LiME image of a later, packed form: "
                                 "convert it first (avml-convert)",
                                 path);
    }
    return status == HAYWIRE_IO_ERROR
               ? fail_file(path, status, error)
               : haywire_exit_fail_status(error, status, diagnosis, path);
}

static void complain_cut(const char *path, uint64_t missing)
{
    g_autofree char *size =
        g_format_size_full(missing, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *line = g_strdup_printf(
        "%s: cut off: %s that its headers name are missing", path, size);

    haywire_exit_complain(line);
}

/* A file that says itself which addresses it holds; no source: it does not. */
static gboolean open_image(RamBackend *backend, const RamFile *file,
                           GError **error)
{
    HaywireDiagnosis diagnosis = { 0 };
    HaywireImage image = { 0 };
    HaywireStatus status;

    errno = 0;
    status = haywire_memory_image_open(file->fd, &image, &diagnosis,
                                       &backend->source);
    if (status == HAYWIRE_NOT_FOUND) {
        return TRUE;
    }
    if (status != HAYWIRE_OK) {
        return fail_image(file->path, status, &diagnosis, error);
    }
    if (backend->file->len > 1) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_USAGE,
                                 "%s: holds all of a guest's memory by itself: "
                                 "give it alone",
                                 file->path);
    }
    if (image.missing) {
        complain_cut(file->path, image.missing);
    }
    return TRUE;
}

static gboolean open_memory(RamBackend *backend, GError **error)
{
    for (guint i = 0; i < backend->file->len && !backend->source; i++) {
        const RamFile *file = file_at(backend, i);

        if (!haywire_file_in_use(file->fd) &&
            (!haywire_ram_kind_check(file->fd, file->path, error) ||
             !open_image(backend, file, error))) {
            return FALSE;
        }
    }
    return backend->source || open_raw(backend, error);
}

static gboolean open_watch(RamBackend *backend, HaywireFrom from,
                           GError **error)
{
    HaywireStatus status = haywire_watch_new(backend->source, &backend->watch);

    if (status == HAYWIRE_OK) {
        status = haywire_watch_set_from(backend->watch, from);
    }
    if (status == HAYWIRE_OK) {
        status = haywire_watch_set_memory(backend->watch, HAYWIRE_MEMORY_ROOMY);
    }
    return status == HAYWIRE_OK || fail(backend, status, error);
}

HaywireBackend *haywire_backend_ram_new(const char *const *path, gsize count,
                                        HaywireFrom from, GError **error)
{
    RamBackend *backend = g_new0(RamBackend, 1);

    backend->base.ops = &ram_ops;
    backend->file = g_array_new(FALSE, FALSE, sizeof(RamFile));
    g_array_set_clear_func(backend->file, clear_file);
    if (!open_files(backend, path, count, error) ||
        !open_memory(backend, error) || !open_watch(backend, from, error)) {
        destroy(&backend->base);
        return NULL;
    }
    haywire_progress_init(&backend->progress);
    haywire_watch_set_progress(backend->watch, haywire_progress_show,
                               &backend->progress);
    return &backend->base;
}
