/*
 * The envelope around each stored document, and the words for the kinds of documents.
 *
 * An envelope is written by the store's scripts and read here: by the tail, and for the answer to a
 * change. Members that are not known are ignored; a version above ours is refused, for what it
 * means is not known. Pure; any thread.
 */
#include <quiver/domain/entity.h>
#include <string.h>

static const char *const kind_names[QV_KIND_COUNT] = {
    [QV_KIND_DEVICE] = "device",         [QV_KIND_SYSTEM] = "system",
    [QV_KIND_DEFINITION] = "definition", [QV_KIND_TEMPLATE] = "template",
    [QV_KIND_INSTANCE] = "instance",     [QV_KIND_CHAP] = "chap",
};

/* Stored documents were checked when they came in; this only keeps a damaged store from recursing.
 */
enum { STORED_DEPTH_MAX = 2000 };

const char *qv_kind_name(enum qv_kind kind)
{
    return kind < QV_KIND_COUNT ? kind_names[kind] : "unknown";
}

enum qv_kind qv_kind_parse(struct qv_str name)
{
    int kind = 0;
    while (kind < QV_KIND_COUNT && !qv_str_equal(name, qv_str_from(kind_names[kind])))
        kind++;
    return (enum qv_kind)kind;
}

static enum qv_status read_members(struct qv_envelope *envelope, struct qv_error *error)
{
    const json_t *version = json_object_get(envelope->json, "v");
    const json_t *revision = json_object_get(envelope->json, "rev");
    envelope->created = qv_json_str(json_object_get(envelope->json, "created"));
    envelope->updated = qv_json_str(json_object_get(envelope->json, "updated"));
    envelope->by = json_object_get(envelope->json, "by");
    envelope->doc = json_object_get(envelope->json, "doc");

    if (!json_is_integer(version))
        return qv_error_set(error, QV_INVALID, "the envelope has no version");
    if (json_integer_value(version) > QV_ENVELOPE_VERSION)
        return qv_error_set(error, QV_INVALID,
                            "the envelope is of version %" JSON_INTEGER_FORMAT
                            ", this program reads up to %d",
                            json_integer_value(version), QV_ENVELOPE_VERSION);
    if (!json_is_integer(revision) || json_integer_value(revision) < 0)
        return qv_error_set(error, QV_INVALID, "the envelope has no revision");
    envelope->revision = (uint64_t)json_integer_value(revision);
    if (envelope->created.length == 0 || envelope->updated.length == 0)
        return qv_error_set(error, QV_INVALID, "the envelope has no times");
    if (!json_is_object(envelope->doc))
        return qv_error_set(error, QV_INVALID, "the envelope has no document");
    return QV_OK;
}

enum qv_status qv_envelope_read_chap(struct qv_str text, struct qv_envelope *ret_envelope,
                                     struct qv_error *error)
{
    QV_CLEANUP(qv_envelope) struct qv_envelope envelope = {0};
    size_t place;
    QV_TRY(qv_json_parse_lenient(text, STORED_DEPTH_MAX, &envelope.json, &place, error));
    QV_TRY(read_members(&envelope, error));
    *ret_envelope = envelope;
    envelope = (struct qv_envelope){0};
    return QV_OK;
}

enum qv_status qv_envelope_read(struct qv_str text, struct qv_envelope *ret_envelope,
                                struct qv_error *error)
{
    QV_CLEANUP(qv_envelope) struct qv_envelope envelope = {0};
    QV_TRY(qv_json_parse(text, STORED_DEPTH_MAX, &envelope.json, error));
    QV_TRY(read_members(&envelope, error));
    *ret_envelope = envelope;
    envelope = (struct qv_envelope){0};
    return QV_OK;
}

void qv_envelope_free(struct qv_envelope *envelope)
{
    qv_json_free(&envelope->json);
    *envelope = (struct qv_envelope){0};
}
