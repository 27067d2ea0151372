#ifndef DEVBOX_CCURL_H
#define DEVBOX_CCURL_H

// libcurl, loaded when the first transfer needs it: linked, it and the thirty libraries below it would cost every devbox
// command 5 ms at its start. Swift cannot call its variadic functions either, so both are done here.

#include <curl/curl.h>

/// Loads the library and initialises it; any number of times. NULL, or why it could not be loaded.
const char *devbox_curl_load(void);
/// Begins to load it in a thread of its own; devbox_curl_load waits for that. Once. A process must not call exit(3) before that is
/// done, as what the libraries themselves have to do at the end of the process must not run while they are being loaded.
void devbox_curl_load_ahead(void);

/// All of these only after devbox_curl_load gave NULL.
CURL *devbox_curl_easy_new(void);
void devbox_curl_easy_free(CURL *easy);
CURLcode devbox_curl_set_number(CURL *easy, CURLoption option, long value);
CURLcode devbox_curl_set_text(CURL *easy, CURLoption option, const char *value);
/// The only scheme of a transfer and of its redirects: "http" or "https".
CURLcode devbox_curl_set_scheme(CURL *easy, const char *scheme);
CURLcode devbox_curl_set_pointer(CURL *easy, CURLoption option, void *value);
typedef size_t (*devbox_curl_sink)(char *bytes, size_t size, size_t count, void *context);
/// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
CURLcode devbox_curl_set_sink(CURL *easy, CURLoption option, devbox_curl_sink sink);
long devbox_curl_number(CURL *easy, CURLINFO info);
const char *devbox_curl_text(CURL *easy, CURLINFO info);
void *devbox_curl_context(CURL *easy);
const char *devbox_curl_reason(CURLcode code);
struct curl_slist *devbox_curl_list_append(struct curl_slist *list, const char *text);
void devbox_curl_list_free(struct curl_slist *list);

CURLM *devbox_curl_multi_new(void);
void devbox_curl_multi_free(CURLM *multi);
CURLMcode devbox_curl_multi_add(CURLM *multi, CURL *easy);
CURLMcode devbox_curl_multi_remove(CURLM *multi, CURL *easy);
CURLMcode devbox_curl_multi_set_number(CURLM *multi, CURLMoption option, long value);
CURLMcode devbox_curl_multi_perform(CURLM *multi);
/// Waits for the transfers, for a further descriptor that may become readable, or for a time; whether that descriptor is readable.
int devbox_curl_multi_poll(CURLM *multi, int descriptor, int milliseconds);
/// The next transfer that has ended, with its result; NULL where there is none.
CURL *devbox_curl_multi_ended(CURLM *multi, CURLcode *result);

#endif
