
/*
 * SPDX-License-Identifier: Apache-2.0
 */


#ifndef _NGX_HTTP_IIIF_H_INCLUDED_
#define _NGX_HTTP_IIIF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "iiif/iiif.h"


typedef struct {
    iiif_service              *service;
    ngx_http_core_srv_conf_t  *server;
    ngx_http_core_loc_conf_t  *location;
} ngx_http_iiif_endpoint_t;


typedef struct {
    iiif_options              *options;     /* the renderer pool's directives */
    ngx_array_t                services;    /* iiif_service * */
    ngx_array_t                endpoints;   /* the same, and where they are */

    iiif_pool                 *pool;        /* NULL: could not be started */
    iiif_worker               *worker;      /* in worker processes only */
    ngx_event_t                unused;      /* closes files kept open */

#if (NGX_HTTP_CACHE)
    ngx_array_t                caches;      /* ngx_http_file_cache_t * */
#endif
} ngx_http_iiif_main_conf_t;


typedef struct {
    ngx_http_upstream_conf_t   upstream;

    /*
     * What was written here and, once merged, around here.
     * NULL: nothing; may be shared with the enclosing context.
     */
    iiif_options              *options;

    /*
     * The endpoint this location belongs to, NULL if to none.  A location
     * inside an endpoint is a part of it: it has the same prefix, and
     * the same service unless it has directives of its own.
     */
    iiif_service              *service;
    ngx_str_t                  prefix;

    ngx_http_complex_value_t  *source;      /* iiif_source */
    ngx_http_complex_value_t  *base_uri;    /* iiif_base_uri with variables */

    /* the place of the "iiif" directive, if it is written here */
    u_char                    *file;
    ngx_uint_t                 line;
} ngx_http_iiif_loc_conf_t;


typedef struct {
    iiif_exchange             *exchange;

    /* what the exchange was begun for: a rewrite may change both */
    iiif_service              *service;
    ngx_str_t                  uri;

    unsigned                   rendered:1;  /* asked of a renderer or cache */
    unsigned                   replied:1;   /* the reply's head was read */
    unsigned                   failed:1;    /* the exchange's words are due */
    unsigned                   body_sent:1; /* ... and were sent */
} ngx_http_iiif_ctx_t;


/* ngx_http_iiif_conf.c */

void *ngx_http_iiif_create_main_conf(ngx_conf_t *cf);
ngx_int_t ngx_http_iiif_set_servers_apart(ngx_conf_t *cf);
void *ngx_http_iiif_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_iiif_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);
char *ngx_http_iiif_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_iiif_source(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_iiif_base_uri(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* of a location, and of the renderer pool */
char *ngx_http_iiif_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_iiif_set_server(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_iiif_process.c */

ngx_int_t ngx_http_iiif_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_iiif_init_process(ngx_cycle_t *cycle);

/* ngx_http_iiif_handler.c */

/*
 * Returns the context of a request to an endpoint, its exchange begun;
 * NULL if memory is exhausted.  Does no I/O.
 */
ngx_http_iiif_ctx_t *ngx_http_iiif_get_ctx(ngx_http_request_t *r);

ngx_int_t ngx_http_iiif_handler(ngx_http_request_t *r);

/* Answers CORS preflights, which carry no credentials, before access phase. */
ngx_int_t ngx_http_iiif_preflight_handler(ngx_http_request_t *r);

/* ngx_http_iiif_answer.c */

/* Puts the answer of an exchange into r->headers_out. */
ngx_int_t ngx_http_iiif_set_headers(ngx_http_request_t *r,
    ngx_http_iiif_ctx_t *ctx);

/* The body of the answer, never without an end. */
ngx_int_t ngx_http_iiif_body(ngx_http_request_t *r, ngx_http_iiif_ctx_t *ctx,
    ngx_chain_t **out);

/* Copies a header into an element of the request's pool. */
ngx_int_t ngx_http_iiif_copy_header(ngx_http_request_t *r, ngx_table_elt_t *h,
    const iiif_header *header);

/* ngx_http_iiif_upstream.c */

ngx_int_t ngx_http_iiif_render(ngx_http_request_t *r,
    ngx_http_iiif_ctx_t *ctx);

/* ngx_http_iiif_upstream_conf.c */

void ngx_http_iiif_init_upstream_conf(ngx_http_upstream_conf_t *conf);
char *ngx_http_iiif_merge_upstream_conf(ngx_conf_t *cf,
    ngx_http_upstream_conf_t *prev, ngx_http_upstream_conf_t *conf);
#if (NGX_HTTP_CACHE)
char *ngx_http_iiif_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
#endif

/* ngx_http_iiif_variables.c, ngx_http_iiif_filter.c */

ngx_int_t ngx_http_iiif_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_iiif_filter_init(ngx_conf_t *cf);


extern ngx_module_t        ngx_http_iiif_module;
#if (NGX_HTTP_CACHE)
extern ngx_conf_bitmask_t  ngx_http_iiif_cache_use_stale_masks[];
#endif


static ngx_inline ngx_str_t
ngx_http_iiif_ngx_str(iiif_str s)
{
    ngx_str_t  str;

    str.len = s.len;
    str.data = (u_char *) (uintptr_t) s.data;

    return str;
}


static ngx_inline iiif_str
ngx_http_iiif_str(const ngx_str_t *str)
{
    iiif_str  s;

    s.data = (const char *) str->data;
    s.len = str->len;

    return s;
}


#endif /* _NGX_HTTP_IIIF_H_INCLUDED_ */
