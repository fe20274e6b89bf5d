/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which QEMUs to test with: the programs in the environment variable
 * HAYWIRE_TEST_QEMUS, parted by colons; or else qemu-system-x86_64 of the
 * system and those that tools/get-qemu has fetched.
 */
#ifndef HAYWIRE_TESTS_QEMUS_H
#define HAYWIRE_TESTS_QEMUS_H

/*
 * The version that the program says it has, such as "7.2.22"; NULL if it does
 * not run. To be freed.
 */
char *qemus_version(const char *path);

/* A test run once with each QEMU. */
typedef void QemuTest(const char *qemu);

/*
 * Add @test as /VERSION/@name for each QEMU.  Without any QEMU it is added
 * once, and skips; as it does for a QEMU that was named and does not run.
 */
void qemus_add_test(const char *name, QemuTest *test);

/*
 * Add @test as /patched/@name for the QEMU 10.0 with our patches that the
 * environment variable HAYWIRE_QEMU_BUILD_10_0 names the build folder of;
 * without it the test skips.
 */
void qemus_add_patched_test(const char *name, QemuTest *test);

/*
 * The same for another @version, such as "10.2": /patched-VERSION/@name, from
 * HAYWIRE_QEMU_BUILD_10_2.
 */
void qemus_add_patched_version_test(const char *version, const char *name,
                                    QemuTest *test);

#endif /* HAYWIRE_TESTS_QEMUS_H */
