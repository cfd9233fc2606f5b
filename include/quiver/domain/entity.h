/*
 * What is stored, and how it is answered: the envelope that stands in Redis around each document,
 * the immutable entities of the view with their JSON already written, and the answers put
 * together from these pieces (spec/arrowhead-discovery 3.10; design 5). Pure.
 *
 * An entity is one block of memory, reference-counted and never changed (but for what an instance
 * remembers for the registry), so any thread may hold and read one. All text in it belongs to the
 * block.
 */
#ifndef QUIVER_DOMAIN_ENTITY_H
#define QUIVER_DOMAIN_ENTITY_H

#include <quiver/base/hash.h>
#include <quiver/domain/service.h>

/** The kinds of stored documents; also the first part of their keys. */
enum qv_kind {
    QV_KIND_DEVICE,
    QV_KIND_SYSTEM,
    QV_KIND_DEFINITION,
    QV_KIND_TEMPLATE,
    QV_KIND_INSTANCE,
    QV_KIND_CHAP,
    QV_KIND_COUNT,
};
/** "instance" ...; static. */
const char *qv_kind_name(enum qv_kind kind);
/** QV_KIND_COUNT for a word that names none. */
enum qv_kind qv_kind_parse(struct qv_str name);

/** The JSON value around a document in Redis: {v, rev, created, updated, by, doc}. */
struct qv_envelope {
    json_t *json;                   /**< owned: the whole envelope */
    uint64_t revision;              /**< of the change that wrote it */
    struct qv_str created, updated; /**< RFC 3339, whole seconds, of CHAP services to the
                                         microsecond; point into json */
    json_t *by;                     /**< who wrote it; points into json; NULL: nobody is named */
    json_t *doc;                    /**< points into json */
};
/** The version that this program writes; a higher one is refused. */
#define QV_ENVELOPE_VERSION 1
/** QV_INVALID where a member is missing or of another kind, or the version is not ours. */
QV_MUST_CHECK enum qv_status qv_envelope_read(struct qv_str text, struct qv_envelope *ret_envelope,
                                              struct qv_error *error);
/** As qv_envelope_read, of a CHAP service: its texts may have NUL. */
QV_MUST_CHECK enum qv_status
qv_envelope_read_chap(struct qv_str text, struct qv_envelope *ret_envelope, struct qv_error *error);
void qv_envelope_free(struct qv_envelope *envelope);

/** Any entity of the view begins with this. */
struct qv_entity_head {
    unsigned references_; /**< private, atomic */
    enum qv_kind kind;
    struct qv_str id; /**< name or instance id */
};

struct qv_device {
    struct qv_entity_head head;
    uint64_t revision;       /**< of the change that wrote it */
    struct qv_str json;      /**< the whole object */
    struct qv_str metadata;  /**< JSON text of the object; empty: none */
    struct qv_str addresses; /**< JSON text of the list */
    struct qv_str created;
};

struct qv_system {
    struct qv_entity_head head;
    uint64_t revision;      /**< of the change that wrote it */
    struct qv_str device;   /**< name; empty: none */
    bool automatic;         /**< entered from a certificate, not by its own registration */
    struct qv_str metadata; /**< JSON text of the object; empty: none */
    struct qv_str version, created;
    /* The object is front [addresses [,"device":{...}]] back: `front` ends behind version,
       `addresses` begins with a comma, `back` is createdAt, updatedAt and the brace. */
    struct qv_str front, addresses, back;
};

struct qv_definition {
    struct qv_entity_head head;
    struct qv_str json;
};

struct qv_template_entity {
    struct qv_entity_head head;
    struct qv_template *template_;
};

struct qv_stored_interface {
    struct qv_str json; /**< the whole object */
    struct qv_str template_name, policy;
};

/** By which certificate an instance was registered. Of bytes alone, as it stands among texts. */
struct qv_provenance {
    unsigned char fingerprint[QV_SHA256_SIZE]; /**< x5t#S256 (RFC 8705) */
    unsigned char issuer_key[QV_SHA256_SIZE];  /**< SHA-256 of the issuer's public key */
    unsigned char serial_length;               /**< 0: issuer and serial are not known */
    unsigned char serial[];                    /**< octets of the INTEGER */
};

struct qv_instance {
    struct qv_entity_head head;
    uint64_t judged_; /**< private to the registry, atomic: see src/registry/revocation.h */
    const struct qv_provenance *provenance;      /**< NULL: by none, but a declared identity */
    struct qv_str provider, definition, version; /**< parts of the id */
    bool expires;
    struct qv_wall expires_at;
    struct qv_str metadata; /**< JSON text of the object; empty: none */
    /* The object is front provider ,"serviceDefinition": definition middle interfaces back. */
    struct qv_str front, middle, back;
    size_t interface_count;
    struct qv_stored_interface interfaces[];
};

/** Builds the entity of `kind` from its envelope. QV_INVALID where the document is not one. */
QV_MUST_CHECK enum qv_status qv_entity_read(enum qv_kind kind, struct qv_str id,
                                            struct qv_str envelope,
                                            struct qv_entity_head **ret_entity,
                                            struct qv_error *error);
/** One more reference; returns its argument, NULL is fine. */
void *qv_entity_ref(const void *entity);
/** Drops a reference and nulls the pointer; the last one frees. NULL is fine. */
void qv_entity_free(struct qv_entity_head **entity);

/** How much of a system an answer shows. */
enum qv_detail {
    QV_DETAIL_TERSE,       /**< no addresses, no device */
    QV_DETAIL_DEVICE_NAME, /**< of the device only its name */
    QV_DETAIL_FULL,
};
/** Appends a system object; `device` NULL: it has none, or it is not in the view. */
void qv_system_write(const struct qv_system *system, const struct qv_device *device,
                     enum qv_detail detail, struct qv_buf *buf);

/** What an answer shows of an instance, where that is not just all of it as stored. */
struct qv_instance_choice {
    const unsigned char *shown; /**< one per interface, 0: left out; NULL: all */
    char *const *json; /**< one per interface, instead of the stored; NULL entries: as stored */
    const struct qv_wall *expires_at; /**< written with its fraction; NULL: as stored */
    bool fingerprint; /**< `x5t#S256` in the provider's metadata is that of the certificate by
                           which the instance was registered; where by none, there is no such */
};
/** Appends an instance object. `choice` NULL: all as stored. */
void qv_instance_write(const struct qv_instance *instance, const struct qv_system *provider,
                       const struct qv_device *device, const struct qv_definition *definition,
                       enum qv_detail detail, const struct qv_instance_choice *choice,
                       struct qv_buf *buf);

#endif
