/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin in a domain's XML: see domain_xml.h.
 */
#include "domain_xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "exit_status.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define PLUGIN_FILE    "haywire.so"
#define PRELOAD        "LD_PRELOAD"
#define OPTIONS        "HAYWIRE_OPTIONS"

typedef struct DomainXml {
    xmlDocPtr document;
    xmlNodePtr root;
    xmlNodePtr commandline; /* NULL when there is none */
} DomainXml;

static const xmlChar *xml_text(const char *text)
{
    return (const xmlChar *)text;
}

static gboolean is_qemu_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns &&
           xmlStrEqual(node->ns->href, xml_text(QEMU_NAMESPACE)) &&
           xmlStrEqual(node->name, xml_text(name));
}

/* From @node on, the first among it and its siblings. */
static xmlNodePtr find_element(xmlNodePtr node, const char *name)
{
    while (node && !is_qemu_element(node, name)) {
        node = node->next;
    }
    return node;
}

/* To be freed; "" when there is none. */
static char *attribute(xmlNodePtr node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, xml_text(name));
    char *copy = g_strdup(value ? (const char *)value : "");

    xmlFree(value);
    return copy;
}

static gboolean xml_open(const char *text, DomainXml *ret_xml, GError **error)
{
    DomainXml xml = { 0 };

    xml.document = xmlReadMemory(text, (int)strlen(text), NULL, NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR |
                                     XML_PARSE_NOWARNING);
    xml.root = xml.document ? xmlDocGetRootElement(xml.document) : NULL;
    if (!xml.root || !xmlStrEqual(xml.root->name, xml_text("domain"))) {
        xmlFreeDoc(xml.document);
        return haywire_exit_fail(
            error, HAYWIRE_EXIT_IO,
            "libvirt's XML is no description of a machine");
    }
    xml.commandline = find_element(xml.root->children, "commandline");
    *ret_xml = xml;
    return TRUE;
}

static char *xml_close(DomainXml *xml)
{
    xmlChar *text = NULL;
    char *copy;
    int length;

    xmlDocDumpMemory(xml->document, &text, &length);
    copy = g_strndup((const char *)text, length);
    xmlFree(text);
    xmlFreeDoc(xml->document);
    return copy;
}

/*
 * A line of the change: what @node looks like in the XML. What goes and comes
 * again, or comes and goes, is none.
 */
static void note(GPtrArray *changes, char sign, xmlNodePtr node)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    g_autofree char *line = NULL;

    xmlNodeDump(buffer, node->doc, node, 0, 0);
    line =
        g_strdup_printf("%c %s", sign, (const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    for (guint i = 0; i < changes->len; i++) {
        const char *other = changes->pdata[i];

        if (other[0] != sign && strcmp(other + 1, line + 1) == 0) {
            g_ptr_array_remove_index(changes, i);
            return;
        }
    }
    g_ptr_array_add(changes, g_steal_pointer(&line));
}

static void take_out(GPtrArray *changes, xmlNodePtr node)
{
    note(changes, '-', node);
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

/*
 * The file in what stands behind -plugin, if it is ours: up to the first comma,
 * where two stand for one (QEMU, util/qemu-option.c).
 */
static char *plugin_file(const char *argument)
{
    g_autoptr(GString) file = g_string_new(NULL);
    g_autofree char *name = NULL;

    if (g_str_has_prefix(argument, "file=")) {
        argument += strlen("file=");
    }
    for (; *argument; argument++) {
        if (*argument == ',' && *++argument != ',') {
            break;
        }
        g_string_append_c(file, *argument);
    }
    name = g_path_get_basename(file->str);
    return strcmp(name, PLUGIN_FILE) == 0 ? g_strdup(file->str) : NULL;
}

/*
 * The next -plugin of ours, from @node on; *ret_value is what stands behind it.
 */
static xmlNodePtr find_plugin(xmlNodePtr node, xmlNodePtr *ret_value,
                              char **ret_file)
{
    for (node = find_element(node, "arg"); node;
         node = find_element(node->next, "arg")) {
        xmlNodePtr next = find_element(node->next, "arg");
        g_autofree char *option = attribute(node, "value");

        if (next && (strcmp(option, "-plugin") == 0 ||
                     strcmp(option, "--plugin") == 0)) {
            g_autofree char *value = attribute(next, "value");

            *ret_file = plugin_file(value);
            if (*ret_file) {
                *ret_value = next;
                return node;
            }
        }
    }
    return NULL;
}

static xmlNodePtr find_variable(const DomainXml *xml, const char *name)
{
    xmlNodePtr node = xml->commandline ? xml->commandline->children : NULL;

    while ((node = find_element(node, "env"))) {
        g_autofree char *found = attribute(node, "name");

        if (strcmp(found, name) == 0) {
            return node;
        }
        node = node->next;
    }
    return NULL;
}

/*
 * LD_PRELOAD without our file, which *ret_file is if it was there. Both to be
 * freed.
 */
static char *preload_without(const char *list, char **ret_file)
{
    g_auto(GStrv) files = g_strsplit_set(list, ": ", -1);
    g_autoptr(GString) others = g_string_new(NULL);

    *ret_file = NULL;
    for (char **file = files; *file; file++) {
        g_autofree char *name = g_path_get_basename(*file);

        if (strcmp(name, PLUGIN_FILE) == 0) {
            g_free(*ret_file);
            *ret_file = g_strdup(*file);
        } else if (**file) {
            g_string_append_printf(others, "%s%s", others->len ? ":" : "",
                                   *file);
        }
    }
    return g_strdup(others->str);
}

static void add_element(const DomainXml *xml, GPtrArray *changes,
                        const char *element, const char *name,
                        const char *value)
{
    xmlNodePtr node = xmlNewChild(xml->commandline, xml->commandline->ns,
                                  xml_text(element), NULL);

    if (name) {
        xmlNewProp(node, xml_text("name"), xml_text(name));
    }
    xmlNewProp(node, xml_text("value"), xml_text(value));
    note(changes, '+', node);
}

static void take_out_plugins(const DomainXml *xml, GPtrArray *changes)
{
    xmlNodePtr node, value;
    char *file;

    while ((node = find_plugin(xml->commandline->children, &value, &file))) {
        take_out(changes, node);
        take_out(changes, value);
        g_free(file);
    }
}

static void take_out_preload(const DomainXml *xml, GPtrArray *changes)
{
    xmlNodePtr node = find_variable(xml, PRELOAD);
    xmlNodePtr options = find_variable(xml, OPTIONS);
    g_autofree char *list = node ? attribute(node, "value") : g_strdup("");
    g_autofree char *file = NULL;
    g_autofree char *others = preload_without(list, &file);

    if (file) {
        take_out(changes, node);
        if (*others) {
            add_element(xml, changes, "env", PRELOAD, others);
        }
    }
    if (options) {
        take_out(changes, options);
    }
}

static void put_in_plugin(const DomainXml *xml, const HaywireWish *wish,
                          GPtrArray *changes)
{
    g_auto(GStrv) parts = g_strsplit(wish->file, ",", -1);
    g_autofree char *file = g_strjoinv(",,", parts);
    g_autofree char *value =
        g_strconcat(file, *wish->options ? "," : "", wish->options, NULL);

    add_element(xml, changes, "arg", NULL, "-plugin");
    add_element(xml, changes, "arg", NULL, value);
}

static void put_in_preload(const DomainXml *xml, const HaywireWish *wish,
                           GPtrArray *changes)
{
    xmlNodePtr node = find_variable(xml, PRELOAD);
    g_autofree char *others = node ? attribute(node, "value") : g_strdup("");
    g_autofree char *list =
        g_strconcat(others, *others ? ":" : "", wish->file, NULL);

    if (node) {
        take_out(changes, node);
    }
    add_element(xml, changes, "env", PRELOAD, list);
    if (*wish->options) {
        add_element(xml, changes, "env", OPTIONS, wish->options);
    }
}

static void put_in(DomainXml *xml, const HaywireWish *wish, GPtrArray *changes)
{
    xmlNsPtr space =
        xmlSearchNsByHref(xml->document, xml->root, xml_text(QEMU_NAMESPACE));

    if (!space) {
        space = xmlNewNs(xml->root, xml_text(QEMU_NAMESPACE), xml_text("qemu"));
    }
    if (!xml->commandline) {
        xml->commandline =
            xmlNewChild(xml->root, space, xml_text("commandline"), NULL);
    }
    if (wish->preload) {
        put_in_preload(xml, wish, changes);
    } else {
        put_in_plugin(xml, wish, changes);
    }
}

/* One that is left empty says nothing. */
static void drop_empty_commandline(DomainXml *xml)
{
    if (xml->commandline && !xmlFirstElementChild(xml->commandline)) {
        xmlUnlinkNode(xml->commandline);
        xmlFreeNode(xml->commandline);
        xml->commandline = NULL;
    }
}

char *haywire_domain_xml_change(const char *xml, const HaywireWish *wish,
                                GString *ret_changes, GError **error)
{
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(g_free);
    DomainXml domain;

    if (!xml_open(xml, &domain, error)) {
        return NULL;
    }
    if (domain.commandline) {
        take_out_plugins(&domain, changes);
        take_out_preload(&domain, changes);
    }
    if (wish) {
        put_in(&domain, wish, changes);
    }
    drop_empty_commandline(&domain);
    for (guint i = 0; i < changes->len; i++) {
        g_string_append_printf(ret_changes, "%s\n", (char *)changes->pdata[i]);
    }
    return xml_close(&domain);
}

char *haywire_domain_xml_plugin(const char *xml)
{
    DomainXml domain;
    xmlNodePtr value;
    char *file = NULL;

    if (!xml_open(xml, &domain, NULL)) {
        return NULL;
    }
    if (domain.commandline &&
        !find_plugin(domain.commandline->children, &value, &file)) {
        xmlNodePtr node = find_variable(&domain, PRELOAD);
        g_autofree char *list = node ? attribute(node, "value") : g_strdup("");

        g_free(preload_without(list, &file));
    }
    xmlFreeDoc(domain.document);
    return file;
}
