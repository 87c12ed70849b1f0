
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What nginx looks for in a dynamic module.  Its own ./configure generates
 * a file like this one; the CMake build has this.
 */


#include <ngx_config.h>
#include <ngx_core.h>


extern ngx_module_t  ngx_http_iiif_module;

extern ngx_module_t  *ngx_modules[];
extern char          *ngx_module_names[];
extern char          *ngx_module_order[];


ngx_module_t *ngx_modules[] = {
    &ngx_http_iiif_module,
    NULL
};


char *ngx_module_names[] = {
    "ngx_http_iiif_module",
    NULL
};


/* the place of auxiliary filters, as in auto/module */

char *ngx_module_order[] = {
    "ngx_http_iiif_module",
    "ngx_http_copy_filter_module",
    NULL
};
