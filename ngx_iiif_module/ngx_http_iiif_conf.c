
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the directives set and how it is inherited.  Services are made here,
 * so that everything wrong shows when the configuration is read.
 */


#include "ngx_http_iiif.h"


static char *ngx_http_iiif_merge_endpoint(ngx_conf_t *cf,
    ngx_http_iiif_loc_conf_t *prev, ngx_http_iiif_loc_conf_t *conf);
static char *ngx_http_iiif_create_service(ngx_conf_t *cf,
    ngx_http_iiif_loc_conf_t *conf);
static ngx_int_t ngx_http_iiif_set_apart(ngx_conf_t *cf,
    iiif_service *service, ngx_http_core_loc_conf_t *clcf);
static char *ngx_http_iiif_set_option(ngx_conf_t *cf, ngx_command_t *cmd,
    iiif_options **options);
static ngx_http_complex_value_t *ngx_http_iiif_compile(ngx_conf_t *cf,
    ngx_str_t *value);
static iiif_options *ngx_http_iiif_create_options(ngx_conf_t *cf);
static void ngx_http_iiif_cleanup_options(void *data);
static void ngx_http_iiif_cleanup_service(void *data);


void *
ngx_http_iiif_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_iiif_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_iiif_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&conf->services, cf->pool, 4, sizeof(iiif_service *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&conf->endpoints, cf->pool, 4,
                       sizeof(ngx_http_iiif_endpoint_t))
        != NGX_OK)
    {
        return NULL;
    }

#if (NGX_HTTP_CACHE)
    if (ngx_array_init(&conf->caches, cf->pool, 4,
                       sizeof(ngx_http_file_cache_t *))
        != NGX_OK)
    {
        return NULL;
    }
#endif

    return conf;
}


void *
ngx_http_iiif_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_iiif_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_iiif_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->options = NULL;
     *     conf->service = NULL;
     *     conf->prefix = { 0, NULL };
     *     conf->file = NULL;
     *     conf->line = 0;
     */

    conf->source = NGX_CONF_UNSET_PTR;
    conf->base_uri = NGX_CONF_UNSET_PTR;

    ngx_http_iiif_init_upstream_conf(&conf->upstream);

    return conf;
}


char *
ngx_http_iiif_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_iiif_loc_conf_t *prev = parent;
    ngx_http_iiif_loc_conf_t *conf = child;

    char  *rv;

    rv = ngx_http_iiif_merge_upstream_conf(cf, &prev->upstream,
                                           &conf->upstream);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ngx_conf_merge_ptr_value(conf->source, prev->source, NULL);
    ngx_conf_merge_ptr_value(conf->base_uri, prev->base_uri, NULL);

    return ngx_http_iiif_merge_endpoint(cf, prev, conf);
}


static char *
ngx_http_iiif_merge_endpoint(ngx_conf_t *cf, ngx_http_iiif_loc_conf_t *prev,
    ngx_http_iiif_loc_conf_t *conf)
{
    char                      *rv;
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->prefix.data == NULL) {
        conf->prefix = prev->prefix;
        conf->file = prev->file;
        conf->line = prev->line;
    }

    if (conf->options == NULL) {
        conf->options = prev->options;
        conf->service = prev->service;

    } else {

        if (prev->options
            && iiif_options_inherit(conf->options, prev->options) != IIIF_OK)
        {
            return NGX_CONF_ERROR;
        }

        if (!iiif_options_enabled(conf->options)) {
            return NGX_CONF_OK;
        }

        rv = ngx_http_iiif_create_service(cf, conf);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (conf->service == NULL) {
        return NGX_CONF_OK;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == NULL) {
        clcf->handler = ngx_http_iiif_handler;
    }

    /* a nested location is there to be treated differently */

    if (prev->service && prev->prefix.data == conf->prefix.data
        && !clcf->named && !clcf->noname
        && ngx_http_iiif_set_apart(cf, prev->service, clcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_iiif_set_apart(ngx_conf_t *cf, iiif_service *service,
    ngx_http_core_loc_conf_t *clcf)
{
    iiif_str    name;

#if (NGX_PCRE)

    iiif_error  error;

#endif

    name = ngx_http_iiif_str(&clcf->name);

#if (NGX_PCRE)

    if (clcf->regex) {

        error.size = sizeof(iiif_error);
        error.message[0] = '\0';

        /* "~" or "~*" is not kept: rather too much is apart than too little */

        switch (iiif_service_set_apart_matching(service, name,
                                                IIIF_CASELESS_REGEX, &error))
        {

        case IIIF_OK:
            return NGX_OK;

        case IIIF_INVALID:
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "what lies in location \"%V\" may be listed by "
                          "collections around it: %s",
                          &clcf->name, error.message);
            return NGX_OK;

        default:
            return NGX_ERROR;
        }
    }

#endif

    return iiif_service_set_apart(service, name) == IIIF_OK ? NGX_OK
                                                            : NGX_ERROR;
}


/*
 * Locations by regular expression beside an endpoint: they win over its
 * own, unless that is "^~".
 */

ngx_int_t
ngx_http_iiif_set_servers_apart(ngx_conf_t *cf)
{
#if (NGX_PCRE)

    ngx_uint_t                   i;
    ngx_http_core_loc_conf_t    *clcf, **clcfp;
    ngx_http_iiif_endpoint_t    *endpoint;
    ngx_http_iiif_main_conf_t   *imcf;

    imcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_iiif_module);

    endpoint = imcf->endpoints.elts;

    for (i = 0; i < imcf->endpoints.nelts; i++) {

        clcf = endpoint[i].server->ctx->loc_conf[
                                            ngx_http_core_module.ctx_index];

        if (endpoint[i].location->noregex || clcf->regex_locations == NULL) {
            continue;
        }

        for (clcfp = clcf->regex_locations; *clcfp; clcfp++) {
            if (ngx_http_iiif_set_apart(cf, endpoint[i].service, *clcfp)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

#endif

    return NGX_OK;
}


static char *
ngx_http_iiif_create_service(ngx_conf_t *cf, ngx_http_iiif_loc_conf_t *conf)
{
    iiif_error                  error;
    iiif_service              **service;
    ngx_pool_cleanup_t         *cln;
    ngx_http_iiif_endpoint_t   *endpoint;
    ngx_http_iiif_main_conf_t  *imcf;

    imcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_iiif_module);

    service = ngx_array_push(&imcf->services);
    if (service == NULL) {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    error.size = sizeof(iiif_error);
    error.message[0] = '\0';

    if (iiif_service_new(conf->options, ngx_http_iiif_str(&conf->prefix),
                         service, &error)
        != IIIF_OK)
    {
        /* the current line is that of the end of the "http" block */

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"iiif\" in location \"%V\": %s in %s:%ui",
                      &conf->prefix, error.message, conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_iiif_cleanup_service;
    cln->data = *service;

    conf->service = *service;

    endpoint = ngx_array_push(&imcf->endpoints);
    if (endpoint == NULL) {
        return NGX_CONF_ERROR;
    }

    endpoint->service = *service;
    endpoint->server = ngx_http_conf_get_module_srv_conf(cf,
                                                         ngx_http_core_module);
    endpoint->location = ngx_http_conf_get_module_loc_conf(cf,
                                                         ngx_http_core_module);

    return NGX_CONF_OK;
}


char *
ngx_http_iiif_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_iiif_loc_conf_t *ilcf = conf;

    char                      *rv;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_http_iiif_set(cf, cmd, conf);

    if (rv != NGX_CONF_OK || !iiif_options_enabled(ilcf->options)) {
        return rv;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->named || clcf->exact_match
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"iiif\" needs a prefix location like "
                           "\"location /iiif/\", what follows the prefix "
                           "is the identifier; location \"%V\" is %s",
                           &clcf->name,
                           clcf->named ? "named"
                           : clcf->exact_match ? "an exact one"
                           : "a regular expression");
        return NGX_CONF_ERROR;
    }

    ilcf->prefix = clcf->name;
    ilcf->file = cf->conf_file->file.name.data;
    ilcf->line = cf->conf_file->line;

    clcf->handler = ngx_http_iiif_handler;

    return NGX_CONF_OK;
}


/* Always computed by nginx, also if constant. */

char *
ngx_http_iiif_source(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_iiif_loc_conf_t *ilcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (ilcf->source == NGX_CONF_UNSET_PTR) {
        ilcf->source = ngx_http_iiif_compile(cf, &value[1]);
        if (ilcf->source == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_iiif_set(cf, cmd, conf);
}


/* The core checks a constant one now, one with variables on each request. */

char *
ngx_http_iiif_base_uri(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_iiif_loc_conf_t *ilcf = conf;

    ngx_str_t  *value;

    if (ilcf->base_uri != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_http_script_variables_count(&value[1]) == 0) {
        ilcf->base_uri = NULL;
        return ngx_http_iiif_set(cf, cmd, conf);
    }

    ilcf->base_uri = ngx_http_iiif_compile(cf, &value[1]);
    if (ilcf->base_uri == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_iiif_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_iiif_loc_conf_t *ilcf = conf;

    return ngx_http_iiif_set_option(cf, cmd, &ilcf->options);
}


char *
ngx_http_iiif_set_server(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_iiif_main_conf_t *imcf = conf;

    return ngx_http_iiif_set_option(cf, cmd, &imcf->options);
}


static char *
ngx_http_iiif_set_option(ngx_conf_t *cf, ngx_command_t *cmd,
    iiif_options **options)
{
    char        *name;
    iiif_str    *values;
    ngx_str_t   *value;
    iiif_error   error;
    ngx_uint_t   i, n;

    if (*options == NULL) {
        *options = ngx_http_iiif_create_options(cf);
        if (*options == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;
    n = cf->args->nelts - 1;

    values = ngx_palloc(cf->temp_pool, n * sizeof(iiif_str));
    if (values == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        values[i] = ngx_http_iiif_str(&value[i + 1]);
    }

    name = (char *) cmd->name.data;

    if (cmd->name.len > sizeof("iiif_") - 1) {
        name += sizeof("iiif_") - 1;
    }

    error.size = sizeof(iiif_error);
    error.message[0] = '\0';

    if (iiif_options_set(*options, name, values, n, &error) != IIIF_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s", &cmd->name,
                           error.message);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_http_complex_value_t *
ngx_http_iiif_compile(ngx_conf_t *cf, ngx_str_t *value)
{
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    cv = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NULL;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NULL;
    }

    return cv;
}


static iiif_options *
ngx_http_iiif_create_options(ngx_conf_t *cf)
{
    iiif_options        *options;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    if (iiif_options_new(IIIF_SPELLED_NGINX, &options) != IIIF_OK) {
        return NULL;
    }

    cln->handler = ngx_http_iiif_cleanup_options;
    cln->data = options;

    return options;
}


static void
ngx_http_iiif_cleanup_options(void *data)
{
    iiif_options_free(data);
}


static void
ngx_http_iiif_cleanup_service(void *data)
{
    iiif_service_free(data);
}
