/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands print: see output.h.
 */
#include "output.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "exit_status.h"
#include "locale_text.h"
#include "text.h"

void haywire_output_init(HaywireOutput *output, gboolean json, gboolean compact)
{
    output->json = json;
    output->warned = FALSE;
    output->text = g_string_new(NULL);
    haywire_json_emitter_init(&output->emitter, output->text, compact);
    output->emitter.sink = stdout;
}

void haywire_output_clear(HaywireOutput *output)
{
    g_string_free(output->text, TRUE);
    output->text = NULL;
}

void haywire_output_warn(const HaywireOverview *overview)
{
    g_autoptr(GString) line = g_string_new(NULL);

    if (overview->has_session && overview->state == HAYWIRE_STATE_LIVE &&
        !overview->ram_missing) {
        return;
    }
    haywire_text_session_line(line, overview);
    g_string_truncate(line, line->len - 1);
    haywire_exit_complain(line->str);
}

HaywireEmitter *haywire_output_begin(HaywireOutput *output,
                                     const HaywireOverview *overview)
{
    HaywireEmitter *emitter = &output->emitter.base;

    if (!output->json || (overview->ram_missing && !output->warned)) {
        haywire_output_warn(overview);
        output->warned = TRUE;
    }
    if (!output->json) {
        return NULL;
    }
    emitter->begin_object(emitter, NULL);
    emitter->number(emitter, "version", HAYWIRE_JSON_VERSION);
    emitter->string(emitter, "state", haywire_state_name(overview->state));
    output->about = (HaywireAbout){ .has_session = overview->has_session,
                                    .session = overview->session };
    emitter->about = &output->about;
    haywire_reply_session(emitter);
    return emitter;
}

/* A reader that has seen enough ends us, as it ends other tools. */
static gboolean fail_write(GError **error)
{
    const int reason = errno;

    if (reason == EPIPE) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    return haywire_exit_fail(error, HAYWIRE_EXIT_IO, "standard output: %s",
                             g_strerror(reason));
}

gboolean haywire_output_bytes(const void *bytes, gsize length, GError **error)
{
    return (fwrite(bytes, 1, length, stdout) == length &&
            fflush(stdout) == 0) ||
           fail_write(error);
}

static gboolean flush(HaywireOutput *output, GError **error)
{
    GString *text = output->text;

    if (!output->json) {
        haywire_locale_text(text);
    }
    if (!haywire_output_bytes(text->str, text->len, error)) {
        return FALSE;
    }
    g_string_truncate(text, 0);
    return TRUE;
}

gboolean haywire_output_end(HaywireOutput *output, GError **error)
{
    HaywireEmitter *emitter = &output->emitter.base;

    if (output->json) {
        emitter->end_object(emitter);
    }
    if (output->emitter.failure) {
        errno = output->emitter.failure;
        return fail_write(error);
    }
    return flush(output, error);
}
