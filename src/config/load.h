/*
 * One reading of quiver.yaml: what its steps share. Private to the module; one thread.
 */
#ifndef QUIVER_CONFIG_LOAD_H
#define QUIVER_CONFIG_LOAD_H

#include "settings.h"

struct qv_load {
    struct qv_config *config;   /**< being filled; owned by qv_config_parse */
    struct qv_strings *faults;  /**< the caller's */
    size_t found;               /**< how many faults this reading found */
    bool out_of_memory;         /**< not all faults could be told */
    int lines[QV_SETTINGS_MAX]; /**< where each of qv_config_settings is given; 0: it is not */
};

/** Adds the fault "file:line: key: words"; `key` may be NULL. */
void qv_load_fault(struct qv_load *load, int line, const char *key, const char *format, ...)
    QV_PRINTF(4, 5);

/** Reads the text into load->config: syntax, keys, types, ranges, defaults. */
void qv_load_yaml(struct qv_load *load, struct qv_str text);

/** The rules about one listener; `authentication_given`: was it in the file? Else it is chosen
 *  here. */
void qv_check_listener(struct qv_load *load, struct qv_config_listener *listener,
                       bool authentication_given);
/** Those about limits.identities; part of the next. */
void qv_check_identity_limits(struct qv_load *load);
/** The rules about several settings together. */
void qv_check_config(struct qv_load *load);

#endif
