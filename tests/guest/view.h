/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways in which a user can ask Haywire, behind one function, so that one
 * test can put the same question to all of them.
 */
#ifndef HAYWIRE_TESTS_VIEW_H
#define HAYWIRE_TESTS_VIEW_H

#include "vm.h"

typedef enum {
    VIEW_QMP,      /* the plugin, over QMP */
    VIEW_TOOL_QMP, /* the host tool, asking the plugin */
    VIEW_TOOL_RAM, /* the host tool on a RAM file */
} ViewKind;

typedef struct {
    const char *name;
    ViewKind kind;
    Vm *vm;           /* of VIEW_QMP */
    const char *path; /* of the socket or the file, for the tool */
    const char
        *from; /* whom to ask; NULL: as without it, the tool a companion */
} View;

typedef enum {
    VIEW_STATUS,
    VIEW_PROCESSES,
    VIEW_SECTIONS,  /* of a pid */
    VIEW_PAGE_RUNS, /* of a pid */
    VIEW_CAMERAS,
    VIEW_STATS,
    VIEW_TRANSLATE, /* of a pid and an address */
    VIEW_FOCUS,     /* on a pid; the address is the camera, 0 for none */
    VIEW_UNFOCUS,   /* the address is the camera, 0 for none */
} ViewQuestion;

#define VIEW_ERROR (view_error_quark())
GQuark view_error_quark(void);

/*
 * Ask. Returns the answer as QMP has it (json_node_unref() it), or NULL with
 * @error set: a QMP error, or one of domain VIEW_ERROR with the tool's exit
 * status as its code and the line on its stderr as its message.
 */
JsonNode *view_ask(const View *view, ViewQuestion question, guint32 pid,
                   guint64 address, GError **error);

/* The same for a question that must be answered. */
JsonNode *view_ask_ok(const View *view, ViewQuestion question, guint32 pid,
                      guint64 address);

/*
 * Run the host tool with these arguments (NULL-terminated).
 * Returns its exit status; its output goes to @ret_out and @ret_err, which
 * may be NULL. Fails the test when it dies of a signal or takes too long.
 */
int view_run_tool(const char *const *arguments, char **ret_out, char **ret_err);

#endif
