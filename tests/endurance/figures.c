/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values measured over time: see figures.h.
 */
#include "figures.h"

#include <string.h>

typedef struct {
    double time;
    guint64 value;
} Figure;

struct Figures {
    GArray *list; /* of Figure */
};

Figures *figures_new(void)
{
    Figures *figures = g_new0(Figures, 1);

    figures->list = g_array_new(FALSE, FALSE, sizeof(Figure));
    return figures;
}

void figures_free(Figures *figures)
{
    if (figures) {
        g_array_unref(figures->list);
        g_free(figures);
    }
}

void figures_add(Figures *figures, double time, guint64 value)
{
    Figure figure = { time, value };

    g_array_append_val(figures->list, figure);
}

guint figures_count(const Figures *figures)
{
    return figures->list->len;
}

static int compare_values(gconstpointer a, gconstpointer b)
{
    const Figure *first = a, *second = b;

    return first->value < second->value ? -1 : first->value > second->value;
}

guint64 figures_percentile(const Figures *figures, double percent)
{
    g_autoptr(GArray) sorted = g_array_copy(figures->list);
    guint place;

    if (sorted->len == 0) {
        return 0;
    }
    g_array_sort(sorted, compare_values);
    place = (guint)(sorted->len * percent / 100);
    return g_array_index(sorted, Figure, MIN(place, sorted->len - 1)).value;
}

guint64 figures_floor(const Figures *figures, double from, double to)
{
    guint64 least = G_MAXUINT64;

    for (guint i = 0; i < figures->list->len; i++) {
        const Figure *figure = &g_array_index(figures->list, Figure, i);

        if (figure->time >= from && figure->time <= to) {
            least = MIN(least, figure->value);
        }
    }
    g_assert_cmpuint(least, !=, G_MAXUINT64);
    return least;
}

guint64 figures_since(const Figures *figures, double time)
{
    guint64 before = 0;

    for (guint i = figures->list->len; i-- > 0;) {
        const Figure *figure = &g_array_index(figures->list, Figure, i);

        before = figure->value;
        if (figure->time < time) {
            break;
        }
    }
    return g_array_index(figures->list, Figure, figures->list->len - 1).value -
           before;
}

guint64 figures_growth(const Figures *figures, double warm, double span)
{
    double end;
    guint64 first, last;

    g_assert_cmpuint(figures->list->len, >, 0);
    end = g_array_index(figures->list, Figure, figures->list->len - 1).time;
    first = figures_floor(figures, warm, warm + span);
    last = figures_floor(figures, end - span, end);
    return last > first ? last - first : 0;
}

guint figures_seconds(const char *variable, guint otherwise)
{
    const char *text = g_getenv(variable);
    guint64 seconds = text ? g_ascii_strtoull(text, NULL, 10) : 0;

    return seconds > 0 && seconds <= G_MAXUINT ? (guint)seconds : otherwise;
}
