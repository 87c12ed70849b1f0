
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * $iiif_identifier and its kin: what a request asks for, known as soon as
 * its location is, so that map, limit_req and auth_request can use it.
 */


#include "ngx_http_iiif.h"


static ngx_int_t ngx_http_iiif_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_request_t *ngx_http_iiif_endpoint_request(
    ngx_http_request_t *r);


ngx_int_t
ngx_http_iiif_add_variables(ngx_conf_t *cf)
{
    size_t                len;
    ngx_str_t             name;
    ngx_uint_t            field;
    const char           *field_name;
    ngx_http_variable_t  *var;

    for (field = 0; field < IIIF_FIELD_COUNT; field++) {

        field_name = iiif_field_name((iiif_field) field);
        len = ngx_strlen(field_name);

        name.len = sizeof("iiif_") - 1 + len;
        name.data = ngx_pnalloc(cf->pool, name.len);
        if (name.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(ngx_cpymem(name.data, "iiif_", sizeof("iiif_") - 1),
                   field_name, len);

        /* a rewrite changes what is asked, the answer how it was served */

        var = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_iiif_variable;
        var->data = field;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    iiif_str              value;
    iiif_field            field;
    ngx_http_iiif_ctx_t  *ctx;

    field = (iiif_field) data;

    r = ngx_http_iiif_endpoint_request(r);
    if (r == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    ctx = ngx_http_iiif_get_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    value = iiif_exchange_field(ctx->exchange, field);

#if (NGX_HTTP_CACHE)
    if (r->cached) {

        if (field == IIIF_FIELD_SERVED) {
            value.data = "cache";
            value.len = sizeof("cache") - 1;
        }

        if (field == IIIF_FIELD_TIMING) {
            /* the cached head tells of the rendering long ago */
            value.len = 0;
        }
    }
#endif

    if (value.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = value.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = ngx_http_iiif_ngx_str(value).data;

    return NGX_OK;
}


/*
 * Subrequests share the variables of their main request, and the one
 * auth_request makes asks about the main request: that one comes first.
 */

static ngx_http_request_t *
ngx_http_iiif_endpoint_request(ngx_http_request_t *r)
{
    ngx_http_iiif_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r->main, ngx_http_iiif_module);
    if (ilcf->service) {
        return r->main;
    }

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_iiif_module);
    if (ilcf->service) {
        return r;
    }

    return NULL;
}
