/*
 * The interface templates that a registry has from its first moment (spec/arrowhead-discovery
 * 3.7), as stored documents. Static.
 */
#ifndef QUIVER_DOMAIN_TEMPLATE_SEEDS_H
#define QUIVER_DOMAIN_TEMPLATE_SEEDS_H

/** Of the dialects; NULL-terminated. */
extern const char *const qv_template_seeds_5_0[];
extern const char *const qv_template_seeds_5_2[];

#endif
