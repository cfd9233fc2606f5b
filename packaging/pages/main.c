/*
 * The build program that makes what the package needs beside the program itself: manual pages,
 * completions, and the configuration with an installation's paths.
 *
 *     quiver_pages QUIVER QUIVER-PKI SOURCE-FOLDER OUT-FOLDER
 *
 * Everything comes from where the program itself has it: the table of settings, the operations, the
 * help texts of the program that was just built. One thread; exit status 1 where something is
 * missing.
 */
#include "places.h"
#include "templates.h"

#include <errno.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

enum { FILE_SIZE_MAX = 1024 * 1024 };

static enum qv_status make_configuration(const struct sources *sources, struct qv_str text,
                                         struct qv_buf *made)
{
    (void)sources;
    installed_places(text, made);
    return qv_buf_status(made);
}

static const struct {
    const char *from, *to;
    enum qv_status (*make)(const struct sources *sources, struct qv_str text, struct qv_buf *made);
} files[] = {
    {"packaging/pages/templates/quiver.1.md", "quiver.1", template_page},
    {"packaging/pages/templates/quiver-pki.1.md", "quiver-pki.1", template_page},
    {"packaging/pages/templates/quiver-serve.8.md", "quiver-serve.8", template_page},
    {"packaging/pages/templates/quiver.yaml.5.md", "quiver.yaml.5", template_page},
    {"packaging/pages/templates/quiver-policy.yaml.5.md", "quiver-policy.yaml.5", template_page},
    {"packaging/pages/templates/quiver.bash", "quiver.bash", template_script},
    {"packaging/pages/templates/quiver.zsh", "quiver.zsh", template_script},
    {"config/quiver.yaml", "quiver.yaml", make_configuration},
    {"config/policy.yaml", "policy.yaml", make_configuration},
};

static enum qv_status write_file(const char *folder, const char *name, const struct qv_buf *text)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
        return QV_TOO_LARGE;
    FILE *file = fopen(path, "w");
    bool good = file != NULL && fwrite(text->at, 1, text->length, file) == text->length;
    if (file != NULL)
        good = fclose(file) == 0 && good;
    if (!good)
        fprintf(stderr, "%s: %s\n", path, strerrordesc_np(errno));
    return good ? QV_OK : QV_UNAVAILABLE;
}

static enum qv_status make(const struct sources *sources, size_t which, const char *out)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0}, made = {0};
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", sources->folder, files[which].from) >=
        sizeof(path))
        return QV_TOO_LARGE;
    enum qv_status status = qv_file_read(path, FILE_SIZE_MAX, &text, &error);
    if (status != QV_OK) {
        fprintf(stderr, "%s\n", qv_error_message(&error));
        return status;
    }
    status = files[which].make(sources, qv_buf_str(&text), &made);
    if (status != QV_OK)
        fprintf(stderr, "%s: %s\n", files[which].from, qv_status_name(status));
    return status == QV_OK ? write_file(out, files[which].to, &made) : status;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: quiver_pages QUIVER QUIVER-PKI SOURCE-FOLDER OUT-FOLDER\n");
        return 2;
    }
    struct sources sources = {.folder = argv[3], .pki = argv[2]};
    qv_memory_init();
    enum qv_status status = commands_ask(argv[1], &sources.commands);
    if (status != QV_OK)
        fprintf(stderr, "%s: its commands cannot be asked for: %s\n", argv[1],
                qv_status_name(status));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && status == QV_OK; i++)
        status = make(&sources, i, argv[4]);
    commands_free(&sources.commands);
    return status == QV_OK ? 0 : 1;
}
