// Where an issuer's keys are: named directly, or found through its metadata (OpenID Connect Discovery 1.0 §4, RFC
// 8414).
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "jose/key_set.hpp"
#include "net/fetch.hpp"
#include "net/url.hpp"

namespace authjwks {

/// As the user states it.
struct LocationOptions {
    std::optional<std::string> issuer, discovery_url, jwks_uri;
    bool allow_http = false;
    /// Hosts that get the configured headers and client certificate, beside those of the URLs above: a name, with a
    /// port where it is not 443.
    std::vector<std::string> credential_hosts{};
};

/// The answer that a key set was read from, so that the same one is recognised when it comes again.
struct Origin {
    std::string url, body;
    Validators version;
};

struct LoadRequest {
    Tick deadline;
    bool no_cache = false;  ///< ask caches on the way, and the server, for the whole answer anew
    Origin known{};         ///< of the keys at hand
};

struct LoadedKeys {
    std::optional<KeySet> keys;  ///< nothing: those at hand are still the issuer's
    std::optional<std::chrono::seconds> lifetime{};
    Origin origin{};
};

class KeyLocation {
  public:
    /// `jwks_uri` wins; then `discovery_url`; then what the specifications put below `issuer`, OpenID Connect first.
    /// @throws std::invalid_argument when none is given or a URL or a host is refused (see Url); an issuer that is
    /// discovered must
    ///         be one without query and fragment (RFC 8414 §2).
    explicit KeyLocation(const LocationOptions& options);

    /// Fetches the key set, by way of the metadata where that is asked for. The metadata's `issuer` must be exactly the
    /// configured one, and its `jwks_uri` may name any host but never http where the metadata came by https. A host
    /// that only the metadata names gets no credentials.
    Result<LoadedKeys, FetchFault> load(const Fetch& fetch, const LoadRequest& request) const;

  private:
    struct Place {
        Url url;
        json::Tolerated tolerated{};  // of the metadata that names it
    };
    bool may_have_credentials(const Url& url) const;
    Result<Place, FetchFault> discover(const Fetch& fetch, const LoadRequest& request) const;
    Result<Place, FetchFault> read_metadata(const std::string& body, const Url& from) const;

    std::optional<std::string> issuer_;
    bool allow_http_;
    std::optional<Url> jwks_uri_;
    std::vector<Url> metadata_urls_;  // in the order they are asked
    std::set<std::string> credential_origins_;
};

}  // namespace authjwks
