/*
 * Reading mappings by tables of keys: every key is read by its row or refused with its line,
 * nothing is read twice, and what must be there is. Suggestions for words that are nearly right.
 * One thread.
 */
#include <quiver/base/yaml.h>
#include <string.h>

enum { WORD_MAX = 32 };

static int line_of(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

static struct qv_str scalar(const yaml_node_t *node)
{
    return (struct qv_str){.at = (const char *)node->data.scalar.value,
                           .length = node->data.scalar.length};
}

const yaml_node_t *qv_yaml_find(const struct qv_yaml_at *at, const char *key)
{
    if (at->node->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *pair = at->node->data.mapping.pairs.start;
         pair < at->node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *node = yaml_document_get_node(&at->yaml->document, pair->key);
        if (node->type == YAML_SCALAR_NODE && qv_str_equal(scalar(node), qv_str_from(key)))
            return yaml_document_get_node(&at->yaml->document, pair->value);
    }
    return NULL;
}

/* How many letters must be put in, taken out or replaced to make `b` of `a`; words that are longer
   than any key are far away. */
static size_t distance(struct qv_str a, struct qv_str b)
{
    size_t row[WORD_MAX + 1];
    if (a.length > WORD_MAX || b.length > WORD_MAX)
        return SIZE_MAX;
    for (size_t k = 0; k <= b.length; k++)
        row[k] = k;
    for (size_t i = 1; i <= a.length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.length; k++) {
            size_t replaced = diagonal + (a.at[i - 1] != b.at[k - 1]);
            size_t other = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            diagonal = row[k];
            row[k] = replaced < other ? replaced : other;
        }
    }
    return row[b.length];
}

void qv_yaml_suggest(struct qv_buf *buf, struct qv_str word, const char *const *known, size_t count)
{
    const char *best = NULL;
    size_t least = word.length / 2 < 3 ? word.length / 2 + 1 : 4; /* so far away is another word */
    for (size_t i = 0; i < count; i++) {
        size_t away = distance(word, qv_str_from(known[i]));
        if (away < least) {
            least = away;
            best = known[i];
        }
    }
    if (best != NULL)
        qv_buf_printf(buf, "; did you mean %s?", best);
}

static void refuse_key(const struct qv_yaml_at *at, const char *what, struct qv_str key,
                       const struct qv_yaml_key *keys, size_t count)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_yaml_quote(&words, key);
    qv_buf_printf(&words, " is no key of %s", what);
    for (size_t i = 0; i < count; i++)
        qv_buf_printf(&words, "%s%s", i == 0 ? "; known here: " : ", ", keys[i].name);
    /* The names are the first members of the rows, not a list of their own. */
    const char *names[QV_YAML_KEYS_MAX];
    for (size_t i = 0; i < count; i++)
        names[i] = keys[i].name;
    qv_yaml_suggest(&words, key, names, count);
    if (qv_buf_status(&words) != QV_OK)
        at->yaml->out_of_memory = true;
    else
        qv_yaml_fault(at, "%s", words.at);
}

/* "who" below "rule 'x'" is "rule 'x': who", "systems" below that "rule 'x': who.systems". */
static void put_where(struct qv_buf *buf, const char *above, const char *key)
{
    size_t length = strlen(above);
    const char *between = ".";
    if (length == 0)
        between = "";
    else if (above[length - 1] == '\'' || above[length - 1] == ']')
        between = ": ";
    qv_buf_printf(buf, "%s%s%s", above, between, key);
}

static void read_value(const struct qv_yaml_at *at, int line, const yaml_node_t *value,
                       const struct qv_yaml_key *key, void *into)
{
    QV_CLEANUP(qv_buf) struct qv_buf where = {0};
    put_where(&where, at->where, key->name);
    if (qv_buf_status(&where) != QV_OK) {
        at->yaml->out_of_memory = true;
        return;
    }
    struct qv_yaml_at below = {.yaml = at->yaml, .node = value, .where = where.at, .line = line};
    key->read(&below, key, into);
}

/* `given`: by row, the line of its key; 0: not yet. */
static void read_pair(const struct qv_yaml_at *at, const char *what, const yaml_node_pair_t *pair,
                      const struct qv_yaml_key *keys, size_t count, int *given, void *into)
{
    const yaml_node_t *node = yaml_document_get_node(&at->yaml->document, pair->key);
    struct qv_yaml_at key_at = *at;
    key_at.line = line_of(node);
    if (node->type != YAML_SCALAR_NODE) {
        qv_yaml_fault(&key_at, "a key must be a word");
        return;
    }
    struct qv_str name = scalar(node);
    for (size_t i = 0; i < count; i++) {
        if (!qv_str_equal(name, qv_str_from(keys[i].name)))
            continue;
        if (given[i] != 0)
            qv_yaml_fault(&key_at, "%s is given twice (first in line %d), remove one", keys[i].name,
                          given[i]);
        else
            read_value(at, key_at.line, yaml_document_get_node(&at->yaml->document, pair->value),
                       &keys[i], into);
        if (given[i] == 0)
            given[i] = key_at.line;
        return;
    }
    refuse_key(&key_at, what, name, keys, count);
}

void qv_yaml_map(const struct qv_yaml_at *at, const char *what, const struct qv_yaml_key *keys,
                 size_t count, void *into)
{
    if (at->node->type != YAML_MAPPING_NODE || qv_yaml_has_tag(at->node)) {
        qv_yaml_fault(at, "must be a mapping, as {%s: ...}", keys[0].name);
        return;
    }
    int given[QV_YAML_KEYS_MAX] = {0};
    for (const yaml_node_pair_t *pair = at->node->data.mapping.pairs.start;
         pair < at->node->data.mapping.pairs.top; pair++)
        read_pair(at, what, pair, keys, count, given, into);
    for (size_t i = 0; i < count; i++)
        if (keys[i].required && given[i] == 0)
            qv_yaml_fault(at, "%s is missing", keys[i].name);
}
