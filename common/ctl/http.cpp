// SPDX-License-Identifier: Apache-2.0
#include "ctl/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace iiif::ctl {
namespace {

struct Taking {
    HttpAnswer* answer;
    std::uint64_t most;
    std::size_t heads = 0;
};

// curl's own words, but for what people meet.
std::string sentence_of(CURLcode code, const HttpClient::Bounds& bounds, const Taking& taking, const char* detail) {
    std::string why = *detail == '\0' ? curl_easy_strerror(code) : detail;
    switch (code) {
        case CURLE_WRITE_ERROR:
            return taking.answer->body.empty() ? "its head is larger than 256 KB"
                                               : "more than " + std::to_string(bounds.bytes >> 20U) + " MB came";
        case CURLE_OPERATION_TIMEDOUT:
            return "there was no complete answer within " + std::to_string(bounds.seconds) +
                   (bounds.seconds == 1 ? " second" : " seconds");
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE: return "its certificate cannot be trusted (" + why + ")";
        case CURLE_COULDNT_RESOLVE_HOST: return "there is no host of this name";
        case CURLE_COULDNT_CONNECT: return "nobody answers there (" + why + ")";
        default: return why;
    }
}

std::size_t on_header(char* data, std::size_t, std::size_t length, void* user) {
    Taking& taking = *static_cast<Taking*>(user);
    HttpAnswer& answer = *taking.answer;
    constexpr std::size_t kMostOfHeads = 262144;
    taking.heads += length;
    if (taking.heads > kMostOfHeads) return 0;
    const std::string line(data, length);
    if (line.starts_with("HTTP/")) {  // another head: of a proxy, or 100
        answer.headers.clear();
        return length;
    }
    const auto colon = line.find(':');
    if (colon == std::string::npos) return length;
    std::string name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string value = line.substr(colon + 1);
    const auto first = value.find_first_not_of(" \t");
    const auto last = value.find_last_not_of(" \t\r\n");
    value = first == std::string::npos || last == std::string::npos ? "" : value.substr(first, last - first + 1);
    std::string& kept = answer.headers[name];
    kept += kept.empty() ? value : ", " + value;
    return length;
}

std::size_t on_body(char* data, std::size_t, std::size_t length, void* user) {
    const Taking& taking = *static_cast<Taking*>(user);
    if (taking.answer->body.size() + length > taking.most) return 0;
    taking.answer->body.append(data, length);
    return length;
}

}  // namespace

struct HttpClient::Handle {
    CURL* curl = nullptr;
    Handle() {
        static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
        if (once == CURLE_OK) curl = curl_easy_init();
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { curl_easy_cleanup(curl); }
};

namespace {

std::string& authorities() {
    static std::string file;  // "": the system's
    return file;
}

}  // namespace

void HttpClient::trust(const std::string& ca_file) {
    authorities() = ca_file;
}

HttpClient::HttpClient() : handle_(std::make_unique<Handle>()) {}
HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::ask(const std::string& method, const std::string& url, const std::vector<std::string>& headers,
                           const Bounds& bounds) {
    HttpAnswer answer;
    CURL* const curl = handle_->curl;
    if (curl == nullptr) {
        answer.error = "libcurl could not be started";
        return answer;
    }
    Taking taking{&answer, bounds.bytes};
    std::array<char, CURL_ERROR_SIZE> detail{};
    curl_slist* lines = nullptr;
    for (const std::string& line : headers) lines = curl_slist_append(lines, line.c_str());
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    if (!authorities().empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, authorities().c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_setopt(curl, CURLOPT_NOBODY, method == "HEAD" ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "iiifctl/" IIIF_VERSION);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, std::min(20L, bounds.seconds));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, bounds.seconds);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &taking);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail.data());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &taking);
    const CURLcode done = curl_easy_perform(curl);
    curl_slist_free_all(lines);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
    if (done != CURLE_OK) {
        answer.error = sentence_of(done, bounds, taking, detail.data());
        return answer;
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return answer;
}

std::string resolved(const std::string& url, const std::string& location) {
    const std::unique_ptr<CURLU, void (*)(CURLU*)> parts(curl_url(), curl_url_cleanup);
    char* whole = nullptr;
    if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_PATH_AS_IS) != CURLUE_OK ||
        curl_url_set(parts.get(), CURLUPART_URL, location.c_str(), CURLU_PATH_AS_IS) != CURLUE_OK ||
        curl_url_set(parts.get(), CURLUPART_FRAGMENT, nullptr, 0) != CURLUE_OK ||
        curl_url_get(parts.get(), CURLUPART_URL, &whole, 0) != CURLUE_OK) {
        return "";
    }
    const std::unique_ptr<char, void (*)(void*)> owner(whole, curl_free);
    const std::string out(whole);
    return out.starts_with("http://") || out.starts_with("https://") ? out : "";
}

}  // namespace iiif::ctl
