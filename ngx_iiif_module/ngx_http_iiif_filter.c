
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an endpoint says when nginx speaks for it: CORS headers on every
 * answer, and the core's words instead of nginx's page when a renderer
 * could not be reached, died or was too slow.
 */


#include "ngx_http_iiif.h"


static ngx_int_t ngx_http_iiif_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_iiif_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static iiif_failure ngx_http_iiif_failure(ngx_http_request_t *r);
static ngx_int_t ngx_http_iiif_add_common_headers(ngx_http_request_t *r);
static ngx_uint_t ngx_http_iiif_has_header(ngx_http_request_t *r,
    const iiif_str *name);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
ngx_http_iiif_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_iiif_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_iiif_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_header_filter(ngx_http_request_t *r)
{
    ngx_http_iiif_ctx_t       *ctx;
    ngx_http_iiif_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_iiif_module);

    if (ilcf->service == NULL || r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_iiif_module);

    /*
     * Only nginx itself answers 502 and 504 without a reply, be it that
     * the upstream just failed or that an earlier failure was cached.
     */

    if (ctx && ctx->rendered && !ctx->replied
        && (r->headers_out.status == NGX_HTTP_BAD_GATEWAY
            || r->headers_out.status == NGX_HTTP_GATEWAY_TIME_OUT))
    {
        iiif_exchange_fail(ctx->exchange, ngx_http_iiif_failure(r));

        if (ngx_http_iiif_set_headers(r, ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        /* the access log prefers it */
        r->err_status = r->headers_out.status;

        ctx->failed = 1;
    }

    if (ngx_http_iiif_add_common_headers(r) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_iiif_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t          *cl, *out;
    ngx_http_iiif_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_iiif_module);

    if (ctx == NULL || !ctx->failed || in == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    /* the page nginx made */

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    if (ctx->body_sent) {
        return ngx_http_next_body_filter(r, NULL);
    }

    if (ngx_http_iiif_body(r, ctx, &out) != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->body_sent = 1;

    return ngx_http_next_body_filter(r, out);
}


static iiif_failure
ngx_http_iiif_failure(ngx_http_request_t *r)
{
    ngx_http_upstream_t  *u;

    if (r->headers_out.status == NGX_HTTP_GATEWAY_TIME_OUT) {
        return IIIF_FAILURE_TIMEOUT;
    }

    u = r->upstream;

    if (u && u->state && u->state->connect_time == (ngx_msec_t) -1) {

        /* refused, or EAGAIN: the queue of the socket is full */

        return IIIF_FAILURE_BUSY;
    }

    return IIIF_FAILURE_DIED;
}


static ngx_int_t
ngx_http_iiif_add_common_headers(ngx_http_request_t *r)
{
    size_t              i, n;
    ngx_table_elt_t    *h;
    const iiif_header  *headers;

    n = iiif_common_headers(&headers);

    for (i = 0; i < n; i++) {

        if (ngx_http_iiif_has_header(r, &headers[i].name)) {
            continue;
        }

        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_iiif_copy_header(r, h, &headers[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_iiif_has_header(ngx_http_request_t *r, const iiif_str *name)
{
    ngx_str_t         key;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    key = ngx_http_iiif_ngx_str(*name);

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash
            && h[i].key.len == key.len
            && ngx_strncasecmp(h[i].key.data, key.data, key.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
