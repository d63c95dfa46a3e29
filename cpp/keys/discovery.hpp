// The location of an issuer's keys: a URL, or found in its metadata (OpenID Connect Discovery 1.0 §4, RFC 8414).
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "jose/key_set.hpp"
#include "net/fetch.hpp"
#include "net/url.hpp"

namespace authjwks {

/// Options of the user.
struct LocationOptions {
    std::optional<std::string> issuer, discovery_url, jwks_uri;
    bool allow_http = false;
    /// Hosts that get the configured headers and client certificate in addition to those of the URLs above: a name,
    /// with a port if it is not 443.
    std::vector<std::string> credential_hosts{};
    /// What the metadata may name as the issuer besides `issuer` itself.
    std::vector<std::string> spellings{};
};

/// Where metadata said that the keys are.
struct FoundLocation {
    Url jwks_uri;
    json::Tolerated tolerated{};  ///< in the metadata
    Tick found_at{};
};

/// The response that a key set was parsed from, for recognising it when it is sent again.
struct Origin {
    std::string url, body;
    Validators version;
    std::optional<FoundLocation> location{};  ///< nothing where `jwks_uri` is configured
};

struct LoadRequest {
    Tick deadline;
    bool no_cache = false;  ///< ask for the whole document, past all caches
    Origin known{};         ///< of the keys at hand
    Tick now{};
    /// How old the known location of the keys may be; then the metadata is asked for again.
    Clock::duration max_location_age{};
};

struct LoadedKeys {
    std::optional<KeySet> keys;  ///< nothing: those at hand are unchanged
    std::optional<std::chrono::seconds> lifetime{};
    Origin origin{};
};

class KeyLocation {
  public:
    /// Uses `jwks_uri`, else `discovery_url`, else the well-known URLs of `issuer`, that of OpenID Connect first.
    /// @throws std::invalid_argument when none is given or a URL or a host is refused (see Url); an issuer that is
    /// discovered must be one without query and fragment (RFC 8414 §2).
    explicit KeyLocation(const LocationOptions& options);

    /// Fetches the key set, after the metadata where that is configured and its former response is too old, or no
    /// longer leads to a key set. The `issuer` in the metadata must be exactly the configured one, or one of its
    /// spellings. Its `jwks_uri` may name any host, but no http URL if the metadata was fetched over https. A host that
    /// only the metadata names gets no credentials. A set without a usable key is a failure.
    Result<LoadedKeys, FetchFailure> load(const Fetch& fetch, const LoadRequest& request) const;

  private:
    bool may_have_credentials(const Url& url) const;
    Result<HttpResponse, FetchFailure> ask(const Fetch& fetch, const LoadRequest& request, const Url& url,
                                           FetchStage stage, const Validators& known) const;
    Result<LoadedKeys, FetchFailure> load_from(const Fetch& fetch, const LoadRequest& request, const Url& url,
                                               const std::optional<FoundLocation>& location) const;
    Result<FoundLocation, FetchFailure> discover(const Fetch& fetch, const LoadRequest& request) const;
    Result<FoundLocation, FetchFailure> read_metadata(const std::string& body, const Url& from, Tick now) const;
    bool is_expected(std::string_view issuer) const;

    std::optional<std::string> issuer_;
    std::vector<std::string> spellings_;
    bool allow_http_;
    std::optional<Url> jwks_uri_;
    std::vector<Url> metadata_urls_;  // in the order in which they are tried
    std::set<std::string> credential_origins_;
};

}  // namespace authjwks
