/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU whose guest runs nothing, with beacon pages in its memory.
 */
#ifndef HAYWIRE_TESTS_SCENE_H
#define HAYWIRE_TESTS_SCENE_H

#include "beacon_builder.h"
#include "qemu_process.h"

/* Small, so that writing all of it takes no time. */
#define SCENE_SIZES \
    "geometry master=10 roundrobin=20 pid=20 camera1=20 camera2=20\n"

#define SCENE_NONCE 0x5eed1234u

/*
 * Session 0xfeedface: pid 1, and pid 42 with an odd name, with sections and in
 * camera 1; both cameras with that nonce.
 */
extern const char scene_world[];

typedef struct Scene {
    QemuProcess *process;
    HaywireBeacons *beacons;
} Scene;

/*
 * Start @qemu with a quick plugin and @arguments, write the beacons of @text
 * (beacon_builder.h) and beat for its first session until that is live and all
 * of its pages are found.
 */
void scene_start(Scene *scene, const char *qemu, const char *arguments,
                 const char *text);

/* The same with options for the plugin, each with a comma in front. */
void scene_start_with(Scene *scene, const char *qemu,
                      const char *plugin_options, const char *arguments,
                      const char *text);

/* Quit; QEMU must end well and have had nothing to say. */
void scene_end(Scene *scene);

void scene_write(Scene *scene, const HaywireBeacon *beacon);
void scene_write_all(Scene *scene);

/* One more heartbeat of a session: 0 for the text's first. */
void scene_beat(Scene *scene, unsigned session);

/* A command that answers with an object, which @ret_node owns. */
JsonObject *scene_query(Scene *scene, const char *command,
                        const char *arguments, JsonNode **ret_node);

/* Is query-haywire's state that, and its session (NULL: any) that one? */
gboolean scene_is(Scene *scene, const char *state, const char *session);

/* Wait for it; @beating: the session that beats meanwhile, -1 for none. */
void scene_await(Scene *scene, const char *state, const char *session,
                 int beating);

/* The command fails, and @expected is in its message. */
void scene_assert_error(Scene *scene, const char *command,
                        const char *arguments, const char *expected);

/* A member of an answer. */
void scene_assert_string(JsonObject *object, const char *member,
                         const char *expected);
void scene_assert_number(JsonObject *object, const char *member,
                         gint64 expected);

#endif /* HAYWIRE_TESTS_SCENE_H */
