/*
 * The walk over a YAML document, apart from the rest so that only two files know libyaml.
 */
#ifndef QUIVER_CONFIG_WALK_H
#define QUIVER_CONFIG_WALK_H

#include "load.h"
#include <yaml.h>

/** Reads the document's settings into load->config, fills up with the defaults, tells faults. */
void qv_load_document(struct qv_load *load, yaml_document_t *document);

#endif
