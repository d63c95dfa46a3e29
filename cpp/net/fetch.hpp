// The interface between the network and the code that needs documents: requests, responses, and the ways to fail.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace authjwks {

/// Why a fetch failed.
enum class FetchFault : std::uint8_t {
    url_refused,
    unreachable,
    tls_failed,
    timed_out,
    bad_status,
    too_large,
    bad_encoding,
    not_json,
    not_discovery,
    issuer_mismatch,
    not_a_key_set,
    too_many_keys,
    stopped,
};

inline constexpr std::array<std::string_view, 13> kFetchFaultNames{
    "url_refused", "unreachable",   "tls_failed",      "timed_out",     "bad_status",    "too_large", "bad_encoding",
    "not_json",    "not_discovery", "issuer_mismatch", "not_a_key_set", "too_many_keys", "stopped"};

/// The name of the fault, for reports.
constexpr std::string_view name_of(FetchFault fault) { return kFetchFaultNames[static_cast<std::size_t>(fault)]; }

/// The server's identifiers of a version of a document (RFC 9110 §8.8), for conditional requests.
struct Validators {
    std::string etag, last_modified;  ///< as received; empty where the server named none

    bool has_any() const { return !etag.empty() || !last_modified.empty(); }
};

struct HttpRequest {
    std::string url;
    Tick deadline;                  ///< for the whole exchange, name lookup to last byte
    bool no_cache = false;          ///< caches must revalidate (RFC 9111 §5.2.1.4)
    Validators known{};             ///< of the version at hand (RFC 9110 §13.1)
    bool send_credentials = false;  ///< the configured headers and client certificate, which are not for every host
    std::string method = "GET";
    std::string body{}, content_type{};  ///< sent with every method but GET
};

struct HttpResponse {
    long status = 0;
    std::string body;                                ///< decoded, at most kMaxBodyBytes
    std::optional<std::chrono::seconds> lifetime{};  ///< max-age less Age (RFC 9111 §4.2), where named
    Validators version{};
};

inline constexpr std::size_t kMaxBodyBytes = std::size_t{1} << 20;

/// Performs one exchange. Never follows a redirect, and never sends a request twice. Called from any thread, from
/// several at once.
using Fetch = std::function<Result<HttpResponse, FetchFault>(const HttpRequest&)>;

}  // namespace authjwks
