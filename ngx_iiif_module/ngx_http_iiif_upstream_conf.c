
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * How nginx's upstream machinery and its file cache treat renderers.
 */


#include "ngx_http_iiif.h"


/*
 * The reply's head may take 32k, and nginx puts the header of its cache file
 * with the key before it; body_start in that header is 16 bits wide.
 */
#define NGX_HTTP_IIIF_BUFFER_SIZE  (40 * 1024)


#if (NGX_HTTP_CACHE)
static char *ngx_http_iiif_merge_cache_conf(ngx_conf_t *cf,
    ngx_http_upstream_conf_t *prev, ngx_http_upstream_conf_t *conf);
static ngx_array_t *ngx_http_iiif_default_cache_valid(ngx_conf_t *cf);
#endif


#if (NGX_HTTP_CACHE)

ngx_conf_bitmask_t  ngx_http_iiif_cache_use_stale_masks[] = {
    { ngx_string("error"), NGX_HTTP_UPSTREAM_FT_ERROR },
    { ngx_string("timeout"), NGX_HTTP_UPSTREAM_FT_TIMEOUT },
    { ngx_string("invalid_header"), NGX_HTTP_UPSTREAM_FT_INVALID_HEADER },
    { ngx_string("updating"), NGX_HTTP_UPSTREAM_FT_UPDATING },
    { ngx_string("http_500"), NGX_HTTP_UPSTREAM_FT_HTTP_500 },
    { ngx_string("http_503"), NGX_HTTP_UPSTREAM_FT_HTTP_503 },
    { ngx_string("http_403"), NGX_HTTP_UPSTREAM_FT_HTTP_403 },
    { ngx_string("http_404"), NGX_HTTP_UPSTREAM_FT_HTTP_404 },
    { ngx_string("http_429"), NGX_HTTP_UPSTREAM_FT_HTTP_429 },
    { ngx_string("off"), NGX_HTTP_UPSTREAM_FT_OFF },
    { ngx_null_string, 0 }
};

#endif


static ngx_str_t  ngx_http_iiif_hide_headers[] = {
    ngx_string("Status"),
    ngx_null_string
};


void
ngx_http_iiif_init_upstream_conf(ngx_http_upstream_conf_t *conf)
{
    conf->hide_headers = NGX_CONF_UNSET_PTR;
    conf->pass_headers = NGX_CONF_UNSET_PTR;

#if (NGX_HTTP_CACHE)
    conf->cache = NGX_CONF_UNSET;
    conf->cache_min_uses = NGX_CONF_UNSET_UINT;
    conf->cache_bypass = NGX_CONF_UNSET_PTR;
    conf->no_cache = NGX_CONF_UNSET_PTR;
    conf->cache_valid = NGX_CONF_UNSET_PTR;
    conf->cache_lock = NGX_CONF_UNSET;
    conf->cache_lock_timeout = NGX_CONF_UNSET_MSEC;
    conf->cache_lock_age = NGX_CONF_UNSET_MSEC;
    conf->cache_background_update = NGX_CONF_UNSET;
#endif

    ngx_str_set(&conf->module, "iiif");
}


char *
ngx_http_iiif_merge_upstream_conf(ngx_conf_t *cf,
    ngx_http_upstream_conf_t *prev, ngx_http_upstream_conf_t *conf)
{
    ngx_hash_init_t            hash;
    ngx_http_core_loc_conf_t  *clcf;

    conf->buffering = 1;
    conf->request_buffering = 1;
    conf->change_buffering = 0;
    conf->ignore_client_abort = 0;
    conf->intercept_errors = 0;

    conf->buffer_size = NGX_HTTP_IIIF_BUFFER_SIZE;
    conf->bufs.num = 8;
    conf->bufs.size = 32 * 1024;
    conf->busy_buffers_size = 2 * NGX_HTTP_IIIF_BUFFER_SIZE;

    /*
     * What a client is slow to take goes to a file, so that the renderer
     * is free.  Where bodies of requests wait, those of replies may, too.
     */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    conf->temp_path = clcf->client_body_temp_path;
    conf->max_temp_file_size = NGX_MAX_SIZE_T_VALUE;
    conf->temp_file_write_size = 2 * NGX_HTTP_IIIF_BUFFER_SIZE;

    /* the pool has no second address: its queue is the socket's */

    conf->next_upstream = NGX_CONF_BITMASK_SET|NGX_HTTP_UPSTREAM_FT_OFF;

    /*
     * What the reply says to clients does not bind the cache: the key
     * contains the state of the source, so that a cached image never
     * gets older than its validator.  And renderers do not direct nginx.
     */

    conf->ignore_headers = NGX_CONF_BITMASK_SET
                           |NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT
                           |NGX_HTTP_UPSTREAM_IGN_XA_EXPIRES
                           |NGX_HTTP_UPSTREAM_IGN_EXPIRES
                           |NGX_HTTP_UPSTREAM_IGN_CACHE_CONTROL
                           |NGX_HTTP_UPSTREAM_IGN_SET_COOKIE
                           |NGX_HTTP_UPSTREAM_IGN_XA_LIMIT_RATE
                           |NGX_HTTP_UPSTREAM_IGN_XA_BUFFERING
                           |NGX_HTTP_UPSTREAM_IGN_XA_CHARSET
                           |NGX_HTTP_UPSTREAM_IGN_VARY;

    hash.max_size = 512;
    hash.bucket_size = ngx_align(64, ngx_cacheline_size);
    hash.name = "iiif_hide_headers_hash";

    if (ngx_http_upstream_hide_headers_hash(cf, conf, prev,
            ngx_http_iiif_hide_headers, &hash)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

#if (NGX_HTTP_CACHE)
    return ngx_http_iiif_merge_cache_conf(cf, prev, conf);
#else
    return NGX_CONF_OK;
#endif
}


#if (NGX_HTTP_CACHE)

static char *
ngx_http_iiif_merge_cache_conf(ngx_conf_t *cf, ngx_http_upstream_conf_t *prev,
    ngx_http_upstream_conf_t *conf)
{
    if (conf->cache == NGX_CONF_UNSET) {
        ngx_conf_merge_value(conf->cache, prev->cache, 0);

        conf->cache_zone = prev->cache_zone;
        conf->cache_value = prev->cache_value;
    }

    if (conf->cache_zone && conf->cache_zone->data == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"iiif_cache\" zone \"%V\" is unknown, "
                           "\"iiif_cache_path\" would define it",
                           &conf->cache_zone->shm.name);
        return NGX_CONF_ERROR;
    }

    ngx_conf_merge_uint_value(conf->cache_min_uses, prev->cache_min_uses, 1);

    conf->cache_max_range_offset = NGX_MAX_OFF_T_VALUE;

    /* a reply to HEAD has no body */
    conf->cache_methods = NGX_HTTP_GET;

    ngx_conf_merge_bitmask_value(conf->cache_use_stale, prev->cache_use_stale,
                                 (NGX_CONF_BITMASK_SET
                                  |NGX_HTTP_UPSTREAM_FT_OFF));

    if (conf->cache_use_stale & NGX_HTTP_UPSTREAM_FT_OFF) {
        conf->cache_use_stale = NGX_CONF_BITMASK_SET
                                |NGX_HTTP_UPSTREAM_FT_OFF;
    }

    if (conf->cache_use_stale & NGX_HTTP_UPSTREAM_FT_ERROR) {
        conf->cache_use_stale |= NGX_HTTP_UPSTREAM_FT_NOLIVE;
    }

    ngx_conf_merge_ptr_value(conf->cache_bypass, prev->cache_bypass, NULL);

    ngx_conf_merge_ptr_value(conf->no_cache, prev->no_cache, NULL);

    ngx_conf_merge_ptr_value(conf->cache_valid, prev->cache_valid, NULL);

    if (conf->cache && conf->cache_valid == NULL) {
        conf->cache_valid = ngx_http_iiif_default_cache_valid(cf);
        if (conf->cache_valid == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    ngx_conf_merge_value(conf->cache_lock, prev->cache_lock, 0);

    ngx_conf_merge_msec_value(conf->cache_lock_timeout,
                              prev->cache_lock_timeout, 5000);

    ngx_conf_merge_msec_value(conf->cache_lock_age,
                              prev->cache_lock_age, 5000);

    ngx_conf_merge_value(conf->cache_background_update,
                         prev->cache_background_update, 0);

    return NGX_CONF_OK;
}


/*
 * Images stay valid for 30 days.  When a source or a directive changes,
 * the key does, and the image under the old key is not asked for any more:
 * the "inactive" and "max_size" parameters of iiif_cache_path remove it.
 * Errors are cached only where iiif_cache_valid says so.
 */

static ngx_array_t *
ngx_http_iiif_default_cache_valid(ngx_conf_t *cf)
{
    ngx_array_t             *a;
    ngx_http_cache_valid_t  *v;

    a = ngx_array_create(cf->pool, 1, sizeof(ngx_http_cache_valid_t));
    if (a == NULL) {
        return NULL;
    }

    v = ngx_array_push(a);
    if (v == NULL) {
        return NULL;
    }

    v->status = NGX_HTTP_OK;
    v->valid = 30 * 24 * 60 * 60;

    return a;
}


char *
ngx_http_iiif_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_iiif_loc_conf_t *ilcf = conf;

    ngx_str_t                         *value;
    ngx_http_complex_value_t           cv;
    ngx_http_compile_complex_value_t   ccv;

    value = cf->args->elts;

    if (ilcf->upstream.cache != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ilcf->upstream.cache = 0;
        return NGX_CONF_OK;
    }

    ilcf->upstream.cache = 1;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = &cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (cv.lengths != NULL) {

        ilcf->upstream.cache_value = ngx_palloc(cf->pool,
                                             sizeof(ngx_http_complex_value_t));
        if (ilcf->upstream.cache_value == NULL) {
            return NGX_CONF_ERROR;
        }

        *ilcf->upstream.cache_value = cv;

        return NGX_CONF_OK;
    }

    ilcf->upstream.cache_zone = ngx_shared_memory_add(cf, &value[1], 0,
                                                      &ngx_http_iiif_module);
    if (ilcf->upstream.cache_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}

#endif
