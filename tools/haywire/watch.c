/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch: the processes again and again. On a terminal it refreshes in place;
 * elsewhere, and as JSON, it prints one snapshot after the other.
 */
#include <signal.h>
#include <unistd.h>

#include "commands.h"
#include "exit_status.h"
#include "locale_text.h"
#include "progress.h"
#include "text.h"
#include "watch_screen.h"

/* How often a sleep looks for a signal that came just before it. */
#define NAP_US (250 * 1000)

typedef struct Watch {
    HaywireContext *context;
    gint64 interval;       /* us */
    guint64 left;          /* snapshots to show; 0: no end */
    HaywireScreen *screen; /* NULL: plain output */
} Watch;

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* Without SA_RESTART: a waiting getch() or sleep ends at once. */
static void catch_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = on_signal };

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        sigaction(numbers[i], &action, NULL);
    }
}

/* Without a session the list is empty, and the line above it says why. */
static gboolean take(HaywireBackend *backend, HaywireProcessList *ret_list,
                     GError **error)
{
    ret_list->count = 0;
    return haywire_backend_look(backend, error) &&
           (!backend->ops->overview(backend)->has_guest ||
            backend->ops->processes(backend, ret_list, error));
}

static void show_text(Watch *watch, const HaywireOverview *overview,
                      const HaywireProcessList *list)
{
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_text_session_line(text, overview);
    if (list->count > 0) {
        haywire_text_processes(text, list->process, list->count);
    }
    if (watch->screen) {
        haywire_locale_text(text);
        haywire_screen_show(watch->screen, text->str);
    } else {
        g_string_append_c(text, '\n');
        g_string_append_len(watch->context->output.text, text->str,
                            (gssize)text->len);
    }
}

static void show_json(HaywireOutput *output, const HaywireOverview *overview,
                      const HaywireProcessList *list)
{
    HaywireEmitter *emitter = haywire_output_begin(output, overview);

    haywire_reply_processes(emitter, "processes", list->process, list->count);
}

static gboolean show(Watch *watch, GError **error)
{
    HaywireOutput *output = &watch->context->output;
    HaywireBackend *backend = watch->context->backend;
    HaywireProcessList list;

    if (!take(backend, &list, error)) {
        return FALSE;
    }
    if (watch->screen) {
        show_text(watch, backend->ops->overview(backend), &list);
        return TRUE;
    }
    haywire_output_clear(output);
    haywire_output_init(output, output->json, TRUE);
    if (output->json) {
        show_json(output, backend->ops->overview(backend), &list);
    } else {
        show_text(watch, backend->ops->overview(backend), &list);
    }
    return haywire_output_end(output, error);
}

/* FALSE: leave. */
static gboolean pause_until(Watch *watch, gint64 until)
{
    gint64 left;

    if (watch->screen) {
        return haywire_screen_wait(watch->screen, until, &stop);
    }
    while (!stop && (left = until - g_get_monotonic_time()) > 0) {
        g_usleep((gulong)MIN(left, NAP_US));
    }
    return !stop;
}

static gboolean run(Watch *watch, GError **error)
{
    gint64 next = g_get_monotonic_time();

    do {
        if (!show(watch, error)) {
            return FALSE;
        }
        if (watch->left > 0 && --watch->left == 0) {
            return TRUE;
        }
        next = MAX(next + watch->interval, g_get_monotonic_time());
    } while (pause_until(watch, next));
    return TRUE;
}

gboolean haywire_run_watch(HaywireContext *context, GError **error)
{
    const gboolean terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    Watch watch = { .context = context,
                    .interval = (gint64)context->seconds * G_USEC_PER_SEC,
                    .left = context->count };
    gboolean done;

    if (!haywire_backend_refresh(context->backend, error)) {
        return FALSE;
    }
    catch_signals();
    if (terminal && !context->output.json) {
        haywire_progress_disable_all();
        watch.screen = haywire_screen_new(error);
        if (!watch.screen) {
            return FALSE;
        }
    }
    done = run(&watch, error);
    haywire_screen_free(watch.screen);
    return done;
}
