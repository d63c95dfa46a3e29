#include "net/http.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/ascii.hpp"
#include "net/curl.hpp"
#include "net/curl_failure.hpp"
#include "net/http_headers.hpp"
#include "net/transfer.hpp"

namespace authjwks {
namespace {

/// What was received so far; written by libcurl's callbacks.
struct Exchange {
    std::string body{};
    HttpHeaders headers{};
    std::optional<FetchFault> refusal{};  ///< why a callback ended it
    const std::function<bool()>* is_stopping = nullptr;
    std::array<char, CURL_ERROR_SIZE> words{};  ///< libcurl's description of a failure

    /// Ends the exchange. @return the value that a callback returns for that.
    std::size_t refuse(FetchFault why) {
        refusal = why;
        return 0;
    }
};

std::size_t take_body(const char* data, std::size_t, std::size_t size, void* into) noexcept {
    auto& exchange = *static_cast<Exchange*>(into);
    if (exchange.body.size() + size > kMaxBodyBytes) return exchange.refuse(FetchFault::too_large);
    exchange.body.append(data, size);
    return size;
}

std::size_t take_header(const char* data, std::size_t, std::size_t size, void* into) noexcept {
    auto& exchange = *static_cast<Exchange*>(into);
    if (!exchange.headers.take({data, size})) return exchange.refuse(FetchFault::too_large);
    if (!exchange.headers.is_decodable()) return exchange.refuse(FetchFault::bad_encoding);
    return size;
}

/// Called between the steps of an exchange. The encoded size of the body is limited too, as a body may decode to
/// nothing without end.
int check_progress(void* of, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) noexcept {
    auto& exchange = *static_cast<Exchange*>(of);
    if (std::cmp_greater(received, kMaxBodyBytes)) exchange.refuse(FetchFault::too_large);
    if (*exchange.is_stopping && (*exchange.is_stopping)()) exchange.refuse(FetchFault::stopped);
    return exchange.refusal ? 1 : 0;
}

std::string with_space(const std::string& value) { return value.empty() ? value : " " + value; }

bool has_body(const HttpRequest& request) { return request.method != "GET"; }

bool append(net::List& list, const std::string& line) {
    curl_slist* const longer = net::curl().slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    std::ignore = list.release();  // part of the longer list now
    list.reset(longer);
    return true;
}

class HttpFetch {
  public:
    explicit HttpFetch(HttpOptions options) : options_(std::move(options)) {}

    Result<HttpResponse, FetchFailure> operator()(const HttpRequest& request) const {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline - Clock::now());
        if (left.count() <= 0) return FetchFault::timed_out;
        const net::List headers = headers_for(request), connect_to = connect_to_list();
        Exchange exchange{.is_stopping = &options_.is_stopping};
        net::Transfer transfer;
        CURL* const handle = transfer.handle();
        if (handle == nullptr || !headers) return FetchFault::unreachable;
        bound(handle, left);
        watch(handle, exchange);
        address(handle, request, headers.get(), connect_to.get());
        if (has_body(request)) attach_body(handle, request);
        trust(handle, request.send_credentials);
        const CURLcode code = transfer.perform();
        if (code != CURLE_OK && exchange.refusal) return *exchange.refusal;
        if (code != CURLE_OK) {
            const bool has_proxy = options_.proxy && !options_.proxy->empty();
            return net::failure_of(handle, code, exchange.words.data(), has_proxy);
        }
        HttpResponse response{0, std::move(exchange.body), exchange.headers.lifetime(), exchange.headers.version(),
                              exchange.headers.retry_after()};
        net::curl().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
        return response;
    }

  private:
    net::List headers_for(const HttpRequest& request) const {
        net::List list;
        bool complete = true;
        const auto add = [&](const std::string& name, const std::string& value) {
            if (!value.empty()) complete = complete && append(list, name + ": " + value);
        };
        std::span<const std::pair<std::string, std::string>> own;
        if (request.send_credentials) own = options_.headers;
        const auto is_accept = [](const auto& header) { return same_ignoring_case(header.first, "accept"); };
        add("Accept", std::ranges::any_of(own, is_accept) ? "" : "application/json");
        add("Cache-Control", request.no_cache ? "no-cache" : "");
        add("If-None-Match", request.known.etag);
        add("If-Modified-Since", request.known.last_modified);
        for (const auto& [name, value] : own) add(name, value);
        if (has_body(request)) {
            // libcurl would add its default type, and wait for "100 Continue" before it sends a long body.
            complete = complete && append(list, "Content-Type:" + with_space(request.content_type));
            complete = complete && append(list, "Expect:");
        }
        return complete ? std::move(list) : nullptr;
    }

    net::List connect_to_list() const {
        net::List list;
        for (const std::string& rule : options_.connect_to) append(list, rule);
        return list;
    }

    void bound(CURL* handle, std::chrono::milliseconds left) const {
        net::curl().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        net::curl().easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);  // do not wait for a name lookup that hangs
        net::curl().easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
        net::curl().easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                                static_cast<long>(std::min(left, options_.connect_timeout).count()));
        net::curl().easy_setopt(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(kMaxBodyBytes));
    }

    static void watch(CURL* handle, Exchange& exchange) {
        net::curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
        net::curl().easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
        net::curl().easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
        net::curl().easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
        net::curl().easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
        net::curl().easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, check_progress);
        net::curl().easy_setopt(handle, CURLOPT_XFERINFODATA, &exchange);
        net::curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, exchange.words.data());
    }

    void address(CURL* handle, const HttpRequest& request, curl_slist* headers, curl_slist* connect_to) const {
        net::curl().easy_setopt(handle, CURLOPT_URL, request.url.c_str());
        net::curl().easy_setopt(handle, CURLOPT_PROTOCOLS_STR, options_.allow_http ? "http,https" : "https");
        net::curl().easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
        net::curl().easy_setopt(handle, CURLOPT_USERAGENT, options_.user_agent.c_str());
        net::curl().easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
        net::curl().easy_setopt(handle, CURLOPT_HEADEROPT,
                                static_cast<long>(CURLHEADER_SEPARATE));  // none for the proxy
        net::curl().easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
        net::curl().easy_setopt(handle, CURLOPT_CONNECT_TO, connect_to);
        if (!options_.proxy) return;
        net::curl().easy_setopt(handle, CURLOPT_PROXY, options_.proxy->c_str());
        net::curl().easy_setopt(handle, CURLOPT_NOPROXY, "");  // the environment's exceptions belong to its own proxy
    }

    /// The body is not copied. HTTP/1.1, because libcurl repeats a request that an HTTP/2 server has refused to
    /// process.
    static void attach_body(CURL* handle, const HttpRequest& request) {
        net::curl().easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
        net::curl().easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        net::curl().easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        net::curl().easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    }

    void trust(CURL* handle, bool with_client_certificate) const {
        net::curl().easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        // Configured certificates replace those of the system.
        if (options_.ca_file || options_.ca_path) {
            net::curl().easy_setopt(handle, CURLOPT_CAINFO, options_.ca_file ? options_.ca_file->c_str() : nullptr);
            net::curl().easy_setopt(handle, CURLOPT_CAPATH, options_.ca_path ? options_.ca_path->c_str() : nullptr);
        }
        if (!with_client_certificate || !options_.client_cert) return;
        net::curl().easy_setopt(handle, CURLOPT_SSLCERT, options_.client_cert->c_str());
        if (options_.client_key) net::curl().easy_setopt(handle, CURLOPT_SSLKEY, options_.client_key->c_str());
        net::curl().easy_setopt(handle, CURLOPT_KEYPASSWD, "");  // otherwise OpenSSL asks for one at the terminal
    }

    HttpOptions options_;
};

}  // namespace

Fetch make_http_fetch(HttpOptions options) { return HttpFetch(std::move(options)); }

std::string http_library_version() {
    const auto* const found = net::curl().version_info(CURLVERSION_NOW);
    return std::string(found->version) + ", " + (found->ssl_version != nullptr ? found->ssl_version : "no TLS");
}

}  // namespace authjwks
