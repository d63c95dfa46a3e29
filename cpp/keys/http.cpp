#include "keys/http.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "base/ascii.hpp"
#include "base/openssl.hpp"
#include "keys/curl.hpp"

namespace authjwks {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{64} << 10;

/// What an exchange has brought so far; libcurl's callbacks write here.
struct Exchange {
    HttpResponse response;
    std::size_t header_bytes = 0;
    bool overflowed = false;
};

std::size_t take_body(const char* data, std::size_t, std::size_t size, void* into) noexcept {
    auto& exchange = *static_cast<Exchange*>(into);
    if (exchange.response.body.size() + size > kMaxBodyBytes) {
        exchange.overflowed = true;
        return 0;
    }
    exchange.response.body.append(data, size);
    return size;
}

/// The max-age of a Cache-Control line (RFC 9111 §5.2.2.1), if `line` is one and has it.
std::optional<std::chrono::seconds> max_age_of(std::string_view line) {
    std::string lowered(line.size(), '\0');
    std::ranges::transform(line, lowered.begin(), to_lower);
    constexpr std::string_view name = "cache-control:", directive = "max-age=";
    if (!lowered.starts_with(name)) return std::nullopt;
    const auto at = lowered.find(directive);
    if (at == std::string::npos) return std::nullopt;
    const char* const digits = lowered.data() + at + directive.size();
    unsigned int seconds = 0;
    if (std::from_chars(digits, lowered.data() + lowered.size(), seconds).ec != std::errc{}) return std::nullopt;
    return std::chrono::seconds(seconds);
}

std::size_t take_header(const char* data, std::size_t, std::size_t size, void* into) noexcept {
    auto& exchange = *static_cast<Exchange*>(into);
    exchange.header_bytes += size;
    if (exchange.header_bytes > kMaxHeaderBytes) {
        exchange.overflowed = true;
        return 0;
    }
    if (const auto age = max_age_of({data, size})) exchange.response.max_age = age;
    return size;
}

FetchFault fault_of(CURLcode code, bool overflowed) {
    if (overflowed) return FetchFault::too_large;
    switch (code) {
        case CURLE_FILESIZE_EXCEEDED: return FetchFault::too_large;
        case CURLE_OPERATION_TIMEDOUT: return FetchFault::timed_out;
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT: return FetchFault::url_refused;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER: return FetchFault::tls_failed;
        default: return FetchFault::unreachable;
    }
}

bool append(net::List& list, const std::string& line) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    std::ignore = list.release();  // part of the longer list now
    list.reset(longer);
    return true;
}

class HttpFetch {
  public:
    explicit HttpFetch(HttpOptions options) : options_(std::move(options)) {}

    Result<HttpResponse, FetchFault> operator()(const HttpRequest& request) const {
        const ossl::CleanErrorQueue on_every_way_out;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline - Clock::now());
        if (left.count() <= 0) return FetchFault::timed_out;
        const net::Easy handle(curl_easy_init());
        const net::List headers = headers_for(request);
        Exchange exchange;
        if (!handle || !headers) return FetchFault::unreachable;
        set_up(handle.get(), request, left, headers.get(), exchange);
        const CURLcode code = curl_easy_perform(handle.get());
        if (code != CURLE_OK) return fault_of(code, exchange.overflowed);
        curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &exchange.response.status);
        return std::move(exchange.response);
    }

  private:
    net::List headers_for(const HttpRequest& request) const {
        net::List list;
        bool complete = append(list, "Accept: application/json");
        if (request.no_cache) complete = complete && append(list, "Cache-Control: no-cache");
        for (const auto& [name, value] : options_.headers) {
            std::string line = name;
            line.append(": ").append(value);
            complete = complete && append(list, line);
        }
        return complete ? std::move(list) : nullptr;
    }

    void set_up(CURL* handle, const HttpRequest& request, std::chrono::milliseconds left, curl_slist* headers,
                Exchange& exchange) const {
        curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, options_.allow_http ? "http,https" : "https");
        curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);  // do not wait for a name lookup that hangs
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                         static_cast<long>(std::min(left, options_.connect_timeout).count()));
        curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        curl_easy_setopt(handle, CURLOPT_USERAGENT, options_.user_agent.c_str());
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
        curl_easy_setopt(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(kMaxBodyBytes));
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
        curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
        if (options_.ca_file) curl_easy_setopt(handle, CURLOPT_CAINFO, options_.ca_file->c_str());
    }

    HttpOptions options_;
};

}  // namespace

Fetch make_http_fetch(HttpOptions options) {
    // libcurl counts these calls itself and is thread-safe in it since 7.84.
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return HttpFetch(std::move(options));
}

const char* http_library_version() { return curl_version_info(CURLVERSION_NOW)->version; }

}  // namespace authjwks
