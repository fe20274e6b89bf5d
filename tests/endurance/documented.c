/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies held against the document: see documented.h.
 */
#include "documented.h"
#include "harmless.h"

#include <string.h>

#define SECTION      "## "
#define ERRORS       "### Errors"
#define TABLE_HEAD   "| member | type | meaning |"
#define ERROR_HEAD   "| message | when |"
#define NO_CAMERA    "camera "
#define COUNTERS     "guest" /* all uint; docs/protocol.md names them */
#define CAMERAS      "query-haywire-cameras"
#define OBJECT_SHOWN 400

typedef struct {
    GType type;
    gboolean always; /* never absent */
} Member;

/* Name of a member -> Member. */
typedef GHashTable Table;

struct Documented {
    GHashTable *commands; /* name -> GPtrArray of Table */
    GPtrArray *errors;    /* of char *: how messages begin */
};

/* Where a line belongs while the document is read. */
typedef struct {
    Documented *documented;
    GPtrArray *tables; /* of the command; NULL between commands */
    Table *table;      /* NULL outside of one */
    gboolean errors;
} Place;

static GType type_of(const char *word)
{
    static const struct {
        const char *word;
        GType type;
    } types[] = {
        { "bool", G_TYPE_BOOLEAN },
        { "int", G_TYPE_INT64 },
        { "uint", G_TYPE_INT64 },
        { "str", G_TYPE_STRING },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_str_equal(types[i].word, word)) {
            return types[i].type;
        }
    }
    g_error("docs: no such type as '%s'", word);
}

/* "| `name`? | type | meaning |" */
static void add_member(Table *table, const char *line)
{
    g_auto(GStrv) cells = g_strsplit(line, "|", 4);
    g_auto(GStrv) name = NULL;
    Member *member = g_new0(Member, 1);

    g_assert_cmpuint(g_strv_length(cells), ==, 4);
    name = g_strsplit(cells[1], "`", 3);
    g_assert_cmpuint(g_strv_length(name), ==, 3);
    member->type = type_of(g_strstrip(cells[2]));
    member->always = !strchr(name[2], '?');
    g_hash_table_insert(table, g_strdup(name[1]), member);
}

/* "| `message (pid N)` | when |": how it begins. */
static void add_error(GPtrArray *errors, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, "`", 3);
    char *number;

    g_assert_cmpuint(g_strv_length(parts), ==, 3);
    number = strstr(parts[1], " (");
    if (number) {
        *number = '\0';
    }
    /* Those who ask are to blame for that one, not the guest. */
    if (!g_str_has_prefix(parts[1], NO_CAMERA)) {
        g_ptr_array_add(errors, g_strdup(parts[1]));
    }
}

static void begin_section(Place *place, const char *title)
{
    place->tables = NULL;
    if (strstr(title, "haywire")) {
        place->tables =
            g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
        g_hash_table_insert(place->documented->commands, g_strdup(title),
                            place->tables);
    }
}

static void read_line(Place *place, const char *line)
{
    if (g_str_has_prefix(line, SECTION)) {
        begin_section(place, line + strlen(SECTION));
    } else if (g_str_equal(line, TABLE_HEAD) && place->tables) {
        place->table =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_ptr_array_add(place->tables, place->table);
    } else if (g_str_equal(line, ERROR_HEAD)) {
        place->errors = TRUE;
    } else if (!g_str_has_prefix(line, "|")) {
        place->table = NULL;
        place->errors = FALSE;
    } else if (place->table && g_str_has_prefix(line, "| `")) {
        add_member(place->table, line);
    } else if (place->errors && g_str_has_prefix(line, "| `")) {
        add_error(place->documented->errors, line);
    }
}

Documented *documented_load(const char *path)
{
    Documented *documented = g_new0(Documented, 1);
    Place place = { .documented = documented };
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    documented->commands = g_hash_table_new_full(
        g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    documented->errors = g_ptr_array_new_with_free_func(g_free);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        read_line(&place, *line);
    }
    g_assert_cmpuint(g_hash_table_size(documented->commands), >, 0);
    g_assert_cmpuint(documented->errors->len, >, 0);
    return documented;
}

void documented_free(Documented *documented)
{
    if (documented) {
        g_hash_table_unref(documented->commands);
        g_ptr_array_unref(documented->errors);
        g_free(documented);
    }
}

void documented_check_text(const char *text)
{
    const char *harm = haywire_text_find_harm(text, true);

    if (harm) {
        g_error("byte 0x%02x in an answer", (guchar)*harm);
    }
}

static gboolean is_container(JsonNode *node)
{
    return JSON_NODE_HOLDS_OBJECT(node) || JSON_NODE_HOLDS_ARRAY(node);
}

/* What the document says once, of all answers that are objects. */
static gboolean is_common(const char *name, JsonNode *node)
{
    static const struct {
        const char *name;
        GType type;
    } common[] = {
        { "session", G_TYPE_STRING },
        { "more", G_TYPE_BOOLEAN },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(common); i++) {
        if (g_str_equal(name, common[i].name)) {
            return json_node_get_value_type(node) == common[i].type;
        }
    }
    return FALSE;
}

/* Whether all members but objects and lists are in the table, and no less. */
static gboolean fits(JsonObject *object, Table *table)
{
    JsonObjectIter members;
    GHashTableIter rows;
    const char *name;
    gpointer row_name, row;
    JsonNode *node;

    json_object_iter_init(&members, object);
    while (json_object_iter_next(&members, &name, &node)) {
        const Member *member = table ? g_hash_table_lookup(table, name) : NULL;

        if (!is_container(node) && !is_common(name, node) &&
            (!member || json_node_get_value_type(node) != member->type)) {
            return FALSE;
        }
    }
    if (table) {
        g_hash_table_iter_init(&rows, table);
        while (g_hash_table_iter_next(&rows, &row_name, &row)) {
            if (((const Member *)row)->always &&
                !json_object_has_member(object, row_name)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

static void check_fit(const char *command, GPtrArray *tables,
                      JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    /* An object may have nothing but other objects in it. */
    if (fits(object, NULL)) {
        return;
    }
    for (guint i = 0; i < tables->len; i++) {
        if (fits(object, g_ptr_array_index(tables, i))) {
            return;
        }
    }
    json_node_set_object(node, object);
    text = json_to_string(node, FALSE);
    g_error("%s: fits no table of its documentation: %.*s", command,
            OBJECT_SHOWN, text);
}

static void check_counters(JsonObject *object)
{
    JsonObjectIter members;
    const char *name;
    JsonNode *node;

    json_object_iter_init(&members, object);
    while (json_object_iter_next(&members, &name, &node)) {
        g_assert_true(json_node_get_value_type(node) == G_TYPE_INT64);
    }
}

static void check_node(const char *command, GPtrArray *tables, JsonNode *node);

static void check_object(const char *command, GPtrArray *tables,
                         JsonObject *object)
{
    JsonObjectIter members;
    const char *name;
    JsonNode *node;

    check_fit(command, tables, object);
    json_object_iter_init(&members, object);
    while (json_object_iter_next(&members, &name, &node)) {
        if (g_str_equal(name, COUNTERS)) {
            check_counters(json_node_get_object(node));
        } else {
            check_node(command, tables, node);
        }
    }
}

static void check_node(const char *command, GPtrArray *tables, JsonNode *node)
{
    if (JSON_NODE_HOLDS_OBJECT(node)) {
        check_object(command, tables, json_node_get_object(node));
    } else if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *array = json_node_get_array(node);

        for (guint i = 0; i < json_array_get_length(array); i++) {
            check_node(command, tables, json_array_get_element(array, i));
        }
    } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
        documented_check_text(json_node_get_string(node));
    }
}

void documented_check_reply(const Documented *documented, const char *command,
                            JsonNode *reply)
{
    GPtrArray *tables = g_hash_table_lookup(documented->commands, command);

    g_assert_nonnull(tables);
    /* A section without a table of its own answers as cameras do. */
    if (tables->len == 0) {
        tables = g_hash_table_lookup(documented->commands, CAMERAS);
        g_assert_nonnull(tables);
    }
    check_node(command, tables, reply);
}

void documented_check_error(const Documented *documented, const char *message)
{
    documented_check_text(message);
    for (guint i = 0; i < documented->errors->len; i++) {
        if (g_str_has_prefix(message,
                             g_ptr_array_index(documented->errors, i))) {
            return;
        }
    }
    g_error("an error that is not the guest's: %s", message);
}
