/*
 * Where things are once the package is installed. The source tree's own files are the originals, so
 * that neither comments nor settings are written twice. One thread.
 */
#include "places.h"

#include <string.h>

struct place {
    const char *here, *installed;
};

/* The longer before what it begins with. */
static const struct place documented[] = {
    {"docs/configuration.md", "quiver.yaml(5)"},
    {"docs/policy.md", "quiver-policy.yaml(5)"},
    {"docs/", "/usr/share/doc/quiver/"},
    {"config/quiver.yaml", "/etc/quiver/quiver.yaml"},
    {"config/policy.yaml", "/etc/quiver/policy.yaml"},
    {"certs/pki", "quiver-pki"},
    {NULL, NULL},
};
static const struct place configured[] = {
    {"as ./run.sh starts it", "as the package installs it"},
    {"../certs/local/", "/etc/quiver/tls/"},
    {"../data", "/var/lib/quiver"},
    {"policy: policy.yaml", "policy: /etc/quiver/policy.yaml"},
    {NULL, NULL},
};

static const struct place *place_at(const struct place *places, struct qv_str text)
{
    while (places->here != NULL && !qv_str_starts_with(text, qv_str_from(places->here)))
        places++;
    return places->here != NULL ? places : NULL;
}

/* With `first` where there is one, else with `documented`. */
static void replace(const struct place *first, struct qv_str text, struct qv_buf *buf)
{
    while (text.length > 0) {
        const struct place *place = place_at(first, text);
        if (place == NULL)
            place = place_at(documented, text);
        if (place != NULL)
            qv_buf_put_text(buf, place->installed);
        else
            qv_buf_put_char(buf, text.at[0]);
        size_t taken = place != NULL ? strlen(place->here) : 1;
        text = qv_str_part(text, taken, text.length - taken);
    }
}

void documented_places(struct qv_str text, struct qv_buf *buf)
{
    replace(documented, text, buf);
}

void installed_places(struct qv_str text, struct qv_buf *installed)
{
    replace(configured, text, installed);
}
