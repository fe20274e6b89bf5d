/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal as a screen: see watch_screen.h.
 */
#include "watch_screen.h"

#include <curses.h>

#include "exit_status.h"

/* How long a signal may go unseen that comes just before getch(). */
#define KEY_WAIT_MS 250

/* The session line and the heading. */
#define FIXED_LINES 2

struct HaywireScreen {
    SCREEN *terminal;
    char **line; /* of the text shown; NULL before */
    int lines;
    int top; /* lines that are scrolled away below the fixed ones */
};

HaywireScreen *haywire_screen_new(GError **error)
{
    SCREEN *terminal = newterm(NULL, stdout, stdin);
    HaywireScreen *screen;

    if (!terminal) {
        haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                          "The terminal is of an unknown type");
        return NULL;
    }
    screen = g_new0(HaywireScreen, 1);
    screen->terminal = terminal;
    set_term(terminal);
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    return screen;
}

void haywire_screen_free(HaywireScreen *screen)
{
    if (screen) {
        endwin();
        delscreen(screen->terminal);
        g_strfreev(screen->line);
        g_free(screen);
    }
}

/* The bytes of @text that fit into @columns. */
static int clip(const char *text, int columns)
{
    const char *c = text;

    while (*c) {
        const gunichar letter = g_utf8_get_char(c);

        if (!g_unichar_iszerowidth(letter)) {
            columns -= g_unichar_iswide(letter) ? 2 : 1;
        }
        if (columns < 0) {
            break;
        }
        c = g_utf8_next_char(c);
    }
    return (int)(c - text);
}

static void draw_line(const HaywireScreen *screen, int row, int number)
{
    const char *text = screen->line[number];

    attrset(number == 0 ? A_BOLD : number == 1 ? A_REVERSE : A_NORMAL);
    mvaddnstr(row, 0, text, clip(text, getmaxx(stdscr)));
    attrset(A_NORMAL);
}

static void draw(HaywireScreen *screen)
{
    const int rows = getmaxy(stdscr);

    screen->top = CLAMP(screen->top, 0, MAX(screen->lines - rows, 0));
    erase();
    for (int row = 0; row < rows; row++) {
        const int number = row < FIXED_LINES ? row : row + screen->top;

        if (number < screen->lines) {
            draw_line(screen, row, number);
        }
    }
    refresh();
}

void haywire_screen_show(HaywireScreen *screen, const char *text)
{
    g_strfreev(screen->line);
    screen->line = g_strsplit(text, "\n", -1);
    screen->lines = (int)g_strv_length(screen->line);
    draw(screen);
}

/* FALSE: the person wants to leave. */
static gboolean take_key(HaywireScreen *screen, int key)
{
    const int page = MAX(getmaxy(stdscr) - FIXED_LINES - 1, 1);

    switch (key) {
    case 'q':
    case 'Q':
        return FALSE;
    case KEY_UP:
        screen->top -= 1;
        break;
    case KEY_DOWN:
        screen->top += 1;
        break;
    case KEY_PPAGE:
        screen->top -= page;
        break;
    case KEY_NPAGE:
        screen->top += page;
        break;
    case KEY_HOME:
        screen->top = 0;
        break;
    case KEY_END:
        screen->top = screen->lines;
        break;
    default: /* KEY_RESIZE above all */
        break;
    }
    draw(screen);
    return TRUE;
}

gboolean haywire_screen_wait(HaywireScreen *screen, gint64 until,
                             const volatile sig_atomic_t *stop)
{
    while (!*stop) {
        const gint64 left = until - g_get_monotonic_time();
        int key;

        if (left <= 0) {
            return TRUE;
        }
        timeout((int)MIN(left / 1000 + 1, KEY_WAIT_MS));
        key = getch();
        if (key != ERR && !take_key(screen, key)) {
            return FALSE;
        }
    }
    return FALSE;
}
