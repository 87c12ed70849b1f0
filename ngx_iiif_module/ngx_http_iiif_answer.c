
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The answer of an exchange in nginx's terms: headers, memory and files.
 */


#include "ngx_http_iiif.h"


static ngx_int_t ngx_http_iiif_set_header(ngx_http_request_t *r,
    const iiif_header *header);
static ngx_int_t ngx_http_iiif_set_cache_control(ngx_http_request_t *r,
    ngx_table_elt_t *h);
static ngx_int_t ngx_http_iiif_set_content_type(ngx_http_request_t *r,
    ngx_str_t *value);


ngx_int_t
ngx_http_iiif_set_headers(ngx_http_request_t *r, ngx_http_iiif_ctx_t *ctx)
{
    size_t              i, n;
    const iiif_header  *headers;

    r->headers_out.status = iiif_exchange_status(ctx->exchange);
    r->headers_out.status_line.len = 0;
    r->headers_out.content_length_n =
                                  iiif_exchange_content_length(ctx->exchange);

    r->disable_not_modified = 1;
    r->allow_ranges = 0;

    n = iiif_exchange_headers(ctx->exchange, &headers);

    for (i = 0; i < n; i++) {
        if (ngx_http_iiif_set_header(r, &headers[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_set_header(ngx_http_request_t *r, const iiif_header *header)
{
    ngx_table_elt_t  *h, elt;

    if (ngx_http_iiif_copy_header(r, &elt, header) != NGX_OK) {
        return NGX_ERROR;
    }

    /* those that nginx writes itself */

    if (ngx_strcmp(elt.lowcase_key, "content-type") == 0) {
        return ngx_http_iiif_set_content_type(r, &elt.value);
    }

    if (ngx_strcmp(elt.lowcase_key, "content-length") == 0) {
        return NGX_OK;
    }

    if (ngx_strcmp(elt.lowcase_key, "last-modified") == 0) {
        r->headers_out.last_modified_time =
                           ngx_parse_http_time(elt.value.data, elt.value.len);
        return NGX_OK;
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = elt;

    /* those that nginx's filters look for */

    if (ngx_strcmp(elt.lowcase_key, "etag") == 0) {
        r->headers_out.etag = h;

    } else if (ngx_strcmp(elt.lowcase_key, "location") == 0) {
        r->headers_out.location = h;

    } else if (ngx_strcmp(elt.lowcase_key, "cache-control") == 0) {
        return ngx_http_iiif_set_cache_control(r, h);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_set_cache_control(ngx_http_request_t *r, ngx_table_elt_t *h)
{
#if (nginx_version >= 1023000)

    r->headers_out.cache_control = h;

#else

    ngx_table_elt_t  **ccp;

    if (r->headers_out.cache_control.elts == NULL
        && ngx_array_init(&r->headers_out.cache_control, r->pool, 1,
                          sizeof(ngx_table_elt_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ccp = ngx_array_push(&r->headers_out.cache_control);
    if (ccp == NULL) {
        return NGX_ERROR;
    }

    *ccp = h;

#endif

    return NGX_OK;
}


/*
 * content_type_len ends before the parameters: that is what gzip_types
 * compares, and it keeps nginx from adding a charset of its own.
 */

static ngx_int_t
ngx_http_iiif_set_content_type(ngx_http_request_t *r, ngx_str_t *value)
{
    size_t  len;

    for (len = 0; len < value->len; len++) {
        if (value->data[len] == ';') {
            break;
        }
    }

    while (len && value->data[len - 1] == ' ') {
        len--;
    }

    r->headers_out.content_type = *value;
    r->headers_out.content_type_len = len;
    r->headers_out.content_type_lowcase = NULL;

    return NGX_OK;
}


ngx_int_t
ngx_http_iiif_copy_header(ngx_http_request_t *r, ngx_table_elt_t *h,
    const iiif_header *header)
{
    u_char     *p;
    ngx_str_t   key, value;

    key = ngx_http_iiif_ngx_str(header->name);
    value = ngx_http_iiif_ngx_str(header->value);

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    /* nginx reads some values up to a null character */

    p = ngx_pnalloc(r->pool, 2 * (key.len + 1) + value.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    h->key.len = key.len;
    h->key.data = p;
    p = ngx_cpymem(p, key.data, key.len);
    *p++ = '\0';

    h->value.len = value.len;
    h->value.data = p;
    p = ngx_cpymem(p, value.data, value.len);
    *p++ = '\0';

    h->lowcase_key = p;
    h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);
    h->lowcase_key[key.len] = '\0';

    return NGX_OK;
}


ngx_int_t
ngx_http_iiif_body(ngx_http_request_t *r, ngx_http_iiif_ctx_t *ctx,
    ngx_chain_t **out)
{
    size_t               i, n;
    ngx_buf_t           *b;
    ngx_chain_t         *cl, **ll;
    const iiif_segment  *segments;

    n = iiif_exchange_segments(ctx->exchange, &segments);

    b = NULL;
    ll = out;

    for (i = 0; i < n; i++) {

        if (segments[i].len == 0) {
            continue;
        }

        b = ngx_calloc_buf(r->pool);
        if (b == NULL) {
            return NGX_ERROR;
        }

        if (segments[i].memory.data) {
            b->pos = ngx_http_iiif_ngx_str(segments[i].memory).data;
            b->last = b->pos + segments[i].memory.len;
            b->memory = 1;

        } else {
            b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
            if (b->file == NULL) {
                return NGX_ERROR;
            }

            b->file->fd = segments[i].fd;
            b->file->name = r->uri;
            b->file->log = r->connection->log;

            b->file_pos = segments[i].offset;
            b->file_last = segments[i].offset + segments[i].len;
            b->in_file = 1;
        }

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = b;

        *ll = cl;
        ll = &cl->next;
    }

    if (b == NULL) {

        /* no body, but an end */

        b = ngx_calloc_buf(r->pool);
        if (b == NULL) {
            return NGX_ERROR;
        }

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = b;

        *ll = cl;
        ll = &cl->next;
    }

    *ll = NULL;

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    return NGX_OK;
}
