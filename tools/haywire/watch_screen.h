/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal as a screen for `haywire watch`, through ncurses.
 */
#ifndef HAYWIRE_TOOL_WATCH_SCREEN_H
#define HAYWIRE_TOOL_WATCH_SCREEN_H

#include <glib.h>
#include <signal.h>

typedef struct HaywireScreen HaywireScreen;

/* NULL with @error when the terminal cannot do it. */
HaywireScreen *haywire_screen_new(GError **error);

/* Give the terminal back as it was. NULL is fine. */
void haywire_screen_free(HaywireScreen *screen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireScreen, haywire_screen_free)

/* Show @text; its first two lines stay on top when the rest is scrolled. */
void haywire_screen_show(HaywireScreen *screen, const char *text);

/*
 * Until the monotonic time @until (us), wait for keys and act on them: scroll,
 * resize. FALSE when the person wants to leave, or when *@stop is set by a
 * signal.
 */
gboolean haywire_screen_wait(HaywireScreen *screen, gint64 until,
                             const volatile sig_atomic_t *stop);

#endif
