/*
 * How one Arrowhead release names and says things. A dialect is one row of a table: code asks the
 * row and never which dialect it is, so that another release is another row. Each way of
 * normalizing names is a row, too. Immutable and static; any thread.
 */
#ifndef QUIVER_DOMAIN_DIALECT_H
#define QUIVER_DOMAIN_DIALECT_H

#include <quiver/domain/names.h>

struct qv_operator; /* operators.h */

/** Kinds of characters in names; bits. */
enum qv_name_char {
    QV_CHAR_UPPER = 1,
    QV_CHAR_LOWER = 2,
    QV_CHAR_DIGIT = 4,
    QV_CHAR_HYPHEN = 8,
    QV_CHAR_UNDERSCORE = 16,
};

/** In which form an entity's name is checked where it is registered. */
enum qv_name_stage {
    QV_STAGE_NORMALIZED,
    QV_STAGE_TRIMMED,
    QV_STAGE_RAW, /**< as it was sent, before anything is normalized */
};

/** The rule of one entity's names: one character of `first`, or `first`, any number of `middle`
 *  and one of `last`. */
struct qv_naming {
    unsigned first, middle, last; /**< bits of enum qv_name_char */
    const char *violation;        /**< words that stand before the offending name */
    const char *nameless;         /**< what stands there for an empty name */
    size_t max_length;            /**< in UTF-16 units; 0: no limit */
    const char *too_long;         /**< words; NULL: those of a violation, or there is no limit */
    enum qv_name_stage stage;
};

/** What an id of a service instance must be. */
struct qv_id_rule {
    const char *separator; /**< between the parts */
    /** Each part is normalized and checked as what it names, and none is empty; else the id as a
     *  whole is put in lower case and its last part alone must be there. */
    bool by_parts;
    const char *violation; /**< words that stand before what is no id */
};

/** Words in which the dialects differ; those that end with a blank stand before a name. */
struct qv_dialect_words {
    const char *metadata_key_end; /**< end of the sentence about a dot in a key */
    const char *version_too_long;
    const char *version_not_numbers;
    const char *template_unknown;
    const char *exclusivity_not_integer;
    const char *set_not_list;
    const char *set_empty;
    const char *method_unknown; /**< of an HTTP operation that has one */
};

/* ---- system-discovery and device-discovery (spec 4.7) ---- */

/** What differs there. Names that refer are those in lookups and revokes, and a deviceName. */
struct qv_dialect_discovery {
    bool checks_references;     /**< names that refer must follow the convention, too */
    bool names_keep_case;       /**< so two names may differ in letter case alone (section 11.6) */
    size_t raw_address_max;     /**< of a device's address as it was sent, trimmed, in UTF-16 units;
                                     0: the rules of addresses have a limit for all */
    const char *system_unknown; /**< words that stand before the name of a provider */
    const char *requester_missing; /**< words for a caller whose name is blank */
    const char *device_in_use;     /**< words for a device that systems are on */
};

struct qv_dialect {
    const char *name;
    const struct qv_naming *naming; /**< one for each entity */
    /** Appends a name of each entity as it is stored. */
    void (*normalize[QV_ENTITY_COUNT])(struct qv_str raw, struct qv_buf *buf);
    struct qv_id_rule instance_id;
    const char *const *policies;    /**< of interfaces; NULL-terminated, upper case */
    const char *const *unofferable; /**< those that no service may have; NULL-terminated */
    const char *exclusivity_key;    /**< metadata member that must be an integer in text */
    const char *set_of_operations;  /**< the string set's argument that makes it one of names */
    size_t address_max;             /**< in UTF-16 units; 0: no limit beside those of each type */
    bool hostname_needs_letter;     /**< in its first label */
    const struct qv_operator *operators; /**< of requirements; a NULL name ends the list */
    const char *const *template_seeds;   /**< documents; NULL-terminated */
    const struct qv_dialect_words *words;
    struct qv_dialect_discovery discovery;
};

extern const struct qv_dialect qv_dialect_5_0;
/* The same but for how names are normalized. */
extern const struct qv_dialect qv_dialect_5_2_extended;
extern const struct qv_dialect qv_dialect_5_2_simple;

#endif
