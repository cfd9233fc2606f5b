/*
 * YAML files that operators write, read with libyaml's document API: every value knows its line,
 * every fault is one message "path:line: where: what is wrong, what to do". Mappings are read by
 * tables of keys, so that unknown, repeated and missing keys are told alike everywhere.
 *
 * A file is one document; tags ask for what would not be done and are refused. One thread.
 */
#ifndef QUIVER_BASE_YAML_H
#define QUIVER_BASE_YAML_H

#include <quiver/base/json.h>
#include <yaml.h>

#define QV_YAML_FAULTS_MAX 100 /**< that are told of one file; that there are more is the last */
#define QV_YAML_KEYS_MAX   64  /**< no table of keys is longer */

/** One reading of a file. Set `path` and `faults` and leave the rest zero. */
struct qv_yaml {
    const char *path;          /**< named in faults; borrowed */
    struct qv_strings *faults; /**< where they go; borrowed */
    size_t found;              /**< how many faults this reading found */
    bool out_of_memory;        /**< not all faults could be told */
    bool loaded;               /**< private: `document` is one */
    yaml_document_t document;  /**< private */
};

/** A value in it, and how faults name it. `node` lives as long as the reading, `where` is the
 *  reader's. */
struct qv_yaml_at {
    struct qv_yaml *yaml;
    const yaml_node_t *node;
    const char *where; /**< "rule 'quarantine': who.systems"; "" at the top */
    int line;          /**< of its key; of a list's item: its own */
};

/** A row of a table of keys. */
struct qv_yaml_key {
    const char *name;
    /** Reads the value into `into`; what is wrong it tells by qv_yaml_fault. */
    void (*read)(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into);
    unsigned which; /**< for readers that serve several keys */
    bool required;
};

/** Reads the text; `ret_root` is its only value. Syntax faults are told. QV_INVALID, or
 *  QV_NO_MEMORY. */
QV_MUST_CHECK enum qv_status qv_yaml_read(struct qv_yaml *yaml, struct qv_str text,
                                          struct qv_yaml_at *ret_root);
/** QV_OK while no fault was told; QV_NO_MEMORY where not all could be. */
QV_MUST_CHECK enum qv_status qv_yaml_status(const struct qv_yaml *yaml);
void qv_yaml_free(struct qv_yaml *yaml); /**< the document; `path` and `faults` are not its own */

/** The line where a text nests deeper than any file of ours, or 0. To be asked before libyaml loads
 *  a document: its time grows with the square of the depth. Of what is no YAML it says nothing. */
int qv_yaml_deep_line(struct qv_str text);

/** Tells "path:line: where: words", of the first QV_YAML_FAULTS_MAX. */
void qv_yaml_fault(const struct qv_yaml_at *at, const char *format, ...) QV_PRINTF(2, 3);
/** Appends text from the file for a fault: in quotes, cut at 80 bytes, control characters
 *  replaced. */
void qv_yaml_quote(struct qv_buf *buf, struct qv_str text);
/** Appends "; did you mean X?" where one of `known` is spelled nearly like `word`. */
void qv_yaml_suggest(struct qv_buf *buf, struct qv_str word, const char *const *known,
                     size_t count);

/** Reads a mapping by the table: each key once, none that is not there, all that are required.
 *  `what` says what the mapping is ("a rule"). Each value's `where` is that of the mapping, a dot
 *  (after ": " or at the top: none) and the key. */
void qv_yaml_map(const struct qv_yaml_at *at, const char *what, const struct qv_yaml_key *keys,
                 size_t count, void *into);
/** The value of a key of a mapping, before or beside reading it; NULL: no mapping, or not there. */
const yaml_node_t *qv_yaml_find(const struct qv_yaml_at *at, const char *key);

/** How many values: of a list its items, of a single text 1, of anything else 0 and a fault. */
size_t qv_yaml_count(const struct qv_yaml_at *at);
/** A scalar's text; lives as the document. */
struct qv_str qv_yaml_scalar(const yaml_node_t *node);
bool qv_yaml_is_plain(const yaml_node_t *node); /**< a scalar without quotes */
/** A key without a value, or null as YAML writes it. */
bool qv_yaml_is_null(const yaml_node_t *node);
struct qv_yaml_at qv_yaml_item(const struct qv_yaml_at *at, size_t index); /**< below the count */
bool qv_yaml_is_list(const struct qv_yaml_at *at);
bool qv_yaml_has_tag(const yaml_node_t *node); /**< one that is written, as !!str */

/** A text (or number, as it is written) without control characters; false: told why not. */
bool qv_yaml_text(const struct qv_yaml_at *at, struct qv_str *ret_text);
/** true or false, without quotes; false: told why not. */
bool qv_yaml_flag(const struct qv_yaml_at *at, bool *ret_flag);
/** The value as JSON: plain scalars that are JSON's numbers or words are that, all others texts; at
 *  most 32 levels and 10,000 values (aliases count each time). NULL: told why not. The caller owns
 *  the reference. */
json_t *qv_yaml_json(const struct qv_yaml_at *at);

#endif
