// The interface between the network and the code that needs documents: requests, responses and failures.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/fetch_fault.hpp"

namespace authjwks {

/// Which of an issuer's documents a request is for.
enum class FetchStage : std::uint8_t { discovery, key_set };

constexpr std::string_view name_of(FetchStage stage) {
    return stage == FetchStage::discovery ? "discovery" : "key_set";
}

/// Why a document did not come. Texts are of the configuration or of tables, unless their comment says otherwise.
struct FetchFailure {
    // Implicit: most failures are no more than a row of the table where they are found.
    FetchFailure(FetchFault row) : fault(row) {}
    FetchFailure(FetchFault row, std::string why) : fault(row), cause(std::move(why)) {}

    FetchFault fault;
    FetchStage stage = FetchStage::key_set;
    std::string url{};    ///< that was asked, as configured or as the metadata names it; at most 200 characters
    long status = 0;      ///< of HTTP; 0 without a response
    std::string cause{};  ///< of libcurl or TLS; of issuer_mismatch what the metadata names, escaped and shortened
    std::string hint{};   ///< what to do, where more is known than the advice of the table; may repeat the cause
    std::optional<std::chrono::seconds> retry_after{};  ///< that the server demands (RFC 9110 §10.2.3)
};

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
    std::optional<std::chrono::seconds> lifetime{};  ///< max-age less Age (RFC 9111 §4.2), where that says anything
    Validators version{};
    std::optional<std::chrono::seconds> retry_after{};  ///< RFC 9110 §10.2.3
};

inline constexpr std::size_t kMaxBodyBytes = std::size_t{1} << 20;

/// Performs one exchange. Never follows a redirect, and never sends a request twice. Called from any thread, from
/// several at once.
using Fetch = std::function<Result<HttpResponse, FetchFailure>(const HttpRequest&)>;

}  // namespace authjwks
