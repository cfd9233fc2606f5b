/*
 * The faults of one reading as they are told: file, line, key and words, in the order in which they
 * are found, and not without end. One thread.
 */
#include "load.h"
#include <quiver/base/yaml.h>
#include <stdarg.h>

void qv_load_fault(struct qv_load *load, int line, const char *key, const char *format, ...)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    if (++load->found > QV_YAML_FAULTS_MAX)
        return;
    qv_buf_printf(&words, "%s:%d: ", load->config->file, line);
    if (load->found == QV_YAML_FAULTS_MAX) {
        qv_buf_put_text(&words, "there are more faults from here on, mend those above first");
    } else {
        if (key != NULL)
            qv_buf_printf(&words, "%s: ", key);
        va_list args;
        va_start(args, format);
        qv_buf_vprintf(&words, format, args);
        va_end(args);
    }
    if (qv_buf_status(&words) != QV_OK || qv_strings_add(load->faults, qv_buf_str(&words)) != QV_OK)
        load->out_of_memory = true;
}
